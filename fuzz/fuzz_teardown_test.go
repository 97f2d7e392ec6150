package fuzz

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/kernel"
)

const (
	// teardownSteps and teardownInterrupts bound a trial, so that a whole
	// execution, every candidate and three trials more, stays well under a
	// second.
	teardownSteps      = 60_000
	teardownInterrupts = 120_000
)

// FuzzTeardown makes a scenario and a seed of any bytes and tears tracepoints
// down in it under every candidate, in the virtual kernel. A candidate may be
// slow, or starved; it must not be unsafe, stuck, or violate an invariant. One
// candidate, which the seed chooses, runs twice more: the second time must take
// the same decisions, and so must passing the storms one interrupt at a time.
//
// A failure prints the command that runs the trial again.
func FuzzTeardown(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		sc, rest := workload.FromBytes(data)
		sc = coarsen(sc)
		draw := seed.Hash(string(rest))
		all := fixes.All()
		for _, fix := range all {
			teardown(t, sc, fix, draw, kernel.Options{MaxSteps: teardownSteps})
		}

		fix := all[draw%uint64(len(all))]
		opt := kernel.Options{Log: true, MaxSteps: teardownSteps}
		first := teardown(t, sc, fix, draw, opt)
		again := teardown(t, sc, fix, draw, opt)
		if first.Checksum != again.Checksum {
			t.Errorf("%s: two runs take different decisions: checksums %s and %s\n%s", fix.Name, first.Checksum, again.Checksum, replay(sc, fix, draw, &first))
		}
		opt.Step = true
		step := teardown(t, sc, fix, draw, opt)
		if d := cmp.Diff(comparable(t, &step), comparable(t, &first)); d != "" {
			t.Errorf("%s: arithmetic and stepping differ (-stepping +arithmetic)\n%s\n%s", fix.Name, d, replay(sc, fix, draw, &first))
		}
	})
}

// teardown runs one trial and holds it to what any candidate must keep.
func teardown(t *testing.T, sc workload.Scenario, fix fixes.Fix, draw uint64, opt kernel.Options) (r trial.Result) {
	t.Helper()
	defer func() {
		if e := recover(); e != nil {
			t.Fatalf("%s: panic: %v\n%s\n%s", fix.Name, e, replay(sc, fix, draw, &r), debug.Stack())
		}
	}()
	r = kernel.Run(sc, fix, draw, opt)
	switch r.Diagnosis {
	case trial.OK, trial.Slow, trial.Starved:
	default:
		t.Errorf("%s: %s: %s\n%s", fix.Name, r.Diagnosis, r.By, replay(sc, fix, draw, &r))
	}
	for _, v := range r.Violations {
		t.Errorf("%s: %s\n%s", fix.Name, v, replay(sc, fix, draw, &r))
	}
	if what := implausible(&sc, &r); what != "" {
		t.Errorf("%s: %s\n%s", fix.Name, what, replay(sc, fix, draw, &r))
	}
	return r
}

// implausible says what no trial can have found, if the result claims it.
func implausible(sc *workload.Scenario, r *trial.Result) string {
	most := 0
	for _, g := range sc.Closers {
		most += g.Count * max(1, g.Repeat)
	}
	if len(r.Closes) > most {
		return fmt.Sprintf("%d closes, but the scenario has %d", len(r.Closes), most)
	}
	if r.StormDuty < 0 || r.StormDuty > 1 {
		return fmt.Sprintf("storms took %v of a CPU's time", r.StormDuty)
	}
	for _, c := range r.Closes {
		switch {
		case c.Start < 0 || c.Wait < 0 || c.Start+c.Wait > r.Elapsed:
			return fmt.Sprintf("%s: a close from %v to %v in a trial of %v", c.Task, c.Start, c.Start+c.Wait, r.Elapsed)
		case !c.Censored && !r.Truncated && (c.Ran.Normal < c.Waited.Normal || c.Ran.Expedited < c.Waited.Expedited):
			return fmt.Sprintf("%s: waited for %v RCU grace periods when scans had %v", c.Task, c.Waited, c.Ran)
		case c.Censored && c.Start+c.Wait > sc.Horizon && !r.Truncated:
			return fmt.Sprintf("%s: censored after %v, beyond the horizon of %v", c.Task, c.Start+c.Wait, sc.Horizon)
		}
	}
	return ""
}

// replay is the command that runs a trial again. The bound on steps is not
// part of it: a trial that was cut off goes on, and its checksum is unknown.
func replay(sc workload.Scenario, fix fixes.Fix, draw uint64, r *trial.Result) string {
	sum := r.Checksum
	if r.Truncated {
		sum = 0
	}
	tr := campaign.Trial{Scenario: sc, Fix: fix, Seed: draw}
	token := tr.Token(sum)
	return "gpstorm replay " + token.String() + keep(token, sc, r)
}

// comparable is a result as plain text, in lines.
func comparable(t *testing.T, r *trial.Result) string {
	t.Helper()
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestTeardownSeedsHaveThePresetsShapes keeps the corpus from becoming noise
// when the layout of fuzz bytes changes: there is a seed of every preset's name,
// and it still means that preset's machine, kinds of readers and storms.
func TestTeardownSeedsHaveThePresetsShapes(t *testing.T) {
	for _, preset := range workload.Presets() {
		b, err := os.ReadFile("testdata/fuzz/FuzzTeardown/" + preset.Name)
		if err != nil {
			t.Error(err)
			continue
		}
		_, quoted, _ := strings.Cut(string(b), "[]byte(")
		data, err := strconv.Unquote(strings.TrimSuffix(strings.TrimSpace(quoted), ")"))
		if err != nil {
			t.Fatalf("%s: %v", preset.Name, err)
		}
		sc, _ := workload.FromBytes([]byte(data))
		if d := cmp.Diff(shape(&preset), shape(&sc)); d != "" {
			t.Errorf("%s: the seed has lost its shape (-preset +seed)\n%s", preset.Name, d)
		}
	}
}

// shape is what a seed and its preset have in common.
func shape(sc *workload.Scenario) []string {
	parts := []string{fmt.Sprintf("%d CPUs, %d Hz, preempt %s", sc.Machine.CPUs, sc.Machine.HZ, sc.Machine.Preempt)}
	for _, g := range sc.Tasks {
		parts = append(parts, fmt.Sprintf("tasks read %q, sched %q", g.Reads, g.Sched))
	}
	for _, s := range sc.Storms {
		parts = append(parts, fmt.Sprintf("storm %s, CPUs %v, of a task %t", s.Source, s.CPUs, s.Task != ""))
	}
	slices.Sort(parts)
	return slices.Compact(parts)
}

// coarsen makes the samples of all storms slower and rarer alike, so that they
// take the same shares of the CPUs in fewer interrupts, until a trial has about
// as many as an execution can afford: the model's steps do not count them.
func coarsen(sc workload.Scenario) workload.Scenario {
	grain := 1 + int64(interrupts(&sc)/teardownInterrupts)
	if grain == 1 {
		return sc
	}
	for i := range sc.Storms {
		s := &sc.Storms[i]
		s.Period *= time.Duration(grain)
		s.Handler = min(s.Handler*time.Duration(grain), workload.MaxHandler)
		s.HandlerMax = min(s.HandlerMax*time.Duration(grain), workload.MaxHandler)
	}
	if !sc.Perf.NoThrottle {
		sc.Perf.MaxSampleRate = max(1, int(sampleRate(&sc)/grain))
	}
	return sc
}

func sampleRate(sc *workload.Scenario) int64 {
	if sc.Perf.MaxSampleRate == 0 {
		return 100_000
	}
	return int64(sc.Perf.MaxSampleRate)
}

// interrupts is about how many samples the storms of a trial take at most.
func interrupts(sc *workload.Scenario) (sum float64) {
	for _, s := range sc.Storms {
		until, cpus, events := s.Until, len(s.CPUs), float64(max(1, s.Events))
		if until == 0 {
			until = sc.Horizon
		}
		if cpus == 0 {
			cpus = sc.Machine.CPUs
		}
		each := float64(max(s.Period, s.Handler)) / events
		if s.Source == workload.NMI {
			each = max(float64(s.Period)/events, 200) + float64(s.Handler)
		}
		rate := float64(time.Second) / each
		if !sc.Perf.NoThrottle {
			rate = min(rate, events*float64(sampleRate(sc)))
		}
		sum += rate * (until - s.From).Seconds() * float64(cpus)
	}
	return sum
}
