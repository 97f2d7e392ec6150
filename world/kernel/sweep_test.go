package kernel

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// TestSweep runs varied presets under every candidate, once plainly and once in
// another way that must make no difference, and checks the plain result. It runs one
// pair in two, one in 47 in the short form, and all in the long form,
// GPSTORM_LONG=on go test ./world/kernel.
func TestSweep(t *testing.T) {
	t.Parallel()
	var seen sightings
	t.Run("pairs", func(t *testing.T) {
		for i, sc := range workload.Presets() {
			sc.Horizon, sc.Drain = min(sc.Horizon, 45*time.Second), min(sc.Drain, 45*time.Second)
			for j, f := range fixes.All() {
				n := i*len(fixes.All()) + j
				switch {
				case testing.Short() && n%47 != 0, !long && (i+j)%2 != 0:
					continue
				}
				t.Run(sc.Name+"/"+f.Name, func(t *testing.T) {
					t.Parallel()
					way := ways[n%len(ways)]
					varied := workload.Vary(sc, n%3, 7)
					opt := Options{Log: true, Blame: true}
					plain := Run(varied, f, uint64(n), opt)
					addsUp(t, &plain)
					agree(t, &plain)
					if f.Name == "baseline" {
						drains(t, &plain)
					}
					checks := way.set(t, &opt, &varied)
					same(t, way.name, plain, Run(varied, f, uint64(n), opt))
					if checks != nil {
						seen.merge(checks)
					}
				})
			}
		}
	})
	if !testing.Short() {
		seen.enough(t)
	}
}

// ways are other ways to run a trial. set returns the observed situations, if the way
// observes any.
var ways = []struct {
	name string
	set  func(t *testing.T, opt *Options, sc *workload.Scenario) *sightings
}{
	{"again", func(*testing.T, *Options, *workload.Scenario) *sightings { return nil }},
	// Chains of waits are followed after every event, even if they cannot have
	// changed.
	{"always look", func(_ *testing.T, opt *Options, _ *workload.Scenario) *sightings { opt.alwaysLook = true; return nil }},
	{"step", func(_ *testing.T, opt *Options, _ *workload.Scenario) *sightings { opt.Step = true; return nil }},
	{"trace", func(t *testing.T, opt *Options, _ *workload.Scenario) *sightings {
		traced := newCounter(t, time.Second)
		opt.Trace = traced
		t.Cleanup(func() {
			if traced.kinds[TraceSwitch] == 0 {
				t.Error("nothing was traced")
			}
		})
		return nil
	}},
	{"observe", func(t *testing.T, opt *Options, sc *workload.Scenario) *sightings {
		s := &sightings{}
		opt.Observe = s.watch(t, sc)
		return s
	}},
}

// addsUp checks that every nanosecond of a wait is blamed exactly once.
func addsUp(t *testing.T, r *trial.Result) {
	for _, c := range r.Closes {
		var sum time.Duration
		for _, s := range c.Blame {
			sum += s.Wait
			if s.Storm < 0 || s.Storm > s.Wait {
				t.Errorf("%s: share %q has a storm of %v in %v", c.Task, s.Cause.Text(), s.Storm, s.Wait)
			}
		}
		if sum != c.Wait {
			t.Errorf("%s: shares add up to %v, the wait was %v", c.Task, sum, c.Wait)
		}
	}
}

// agree checks that the cause of a slow or starved trial is the largest share of its
// longest close()'s wait.
func agree(t *testing.T, r *trial.Result) {
	if r.Diagnosis != trial.Slow && r.Diagnosis != trial.Starved || len(r.Closes) == 0 {
		return
	}
	longest := slices.MaxFunc(r.Closes, func(a, b trial.Close) int { return cmp.Compare(a.Wait, b.Wait) })
	sums := map[trial.Cause]time.Duration{}
	for _, s := range longest.Blame {
		sums[s.Cause.End().Anonymous()] += s.Wait
	}
	if r.Cause == nil {
		if longest.Wait > 0 {
			t.Errorf("%s without a cause, though %s waited for %v", r.Diagnosis, longest.Task, longest.Wait)
		}
		return
	}
	if !slices.ContainsFunc(longest.Blame, func(s trial.Share) bool { return s.Cause == *r.Cause }) {
		t.Errorf("%s: %s is no share of the longest close()", r.Diagnosis, r.Why())
	}
	for end, sum := range sums {
		if named := sums[r.Cause.End().Anonymous()]; sum > named {
			t.Errorf("%s: %s, which is %v of the longest close(), where %s is %v", r.Diagnosis, r.Why(), named, end.Text(), sum)
		}
	}
}

// drains checks that a trial under baseline is slow at worst: grace periods end when
// the storm ends.
func drains(t *testing.T, r *trial.Result) {
	switch r.Diagnosis {
	case trial.OK, trial.Slow, trial.Starved:
	default:
		t.Errorf("%s: %s", r.Diagnosis, r.Why())
	}
}
