package live

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
)

// preset returns a scenario of this world.
func preset(t *testing.T, name string) workload.Scenario {
	t.Helper()
	for _, sc := range Presets() {
		if sc.Name == name {
			return sc
		}
	}
	t.Fatalf("no preset %s", name)
	return workload.Scenario{}
}

// with returns the world with a program's own candidates.
func with(t *testing.T, own ...fixes.Fix) *World {
	t.Helper()
	w, err := New(fixes.Group{Kind: fixes.Candidate, Fixes: own})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func runs(t *testing.T, w *World, s world.Spec) trial.Result {
	t.Helper()
	r, err := w.Run(context.Background(), s, world.Want{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWorldMeasuresTheWaitOfEachCloser(t *testing.T) {
	w := with(t)
	sc := preset(t, "live-calm")
	for i, subject := range w.Subjects() {
		if testing.Short() && i%9 != 0 { // each teardown once or twice
			continue
		}
		r := runs(t, w, world.Spec{Scenario: sc, Subject: subject.Name, Seed: 3})
		if r.Fix != subject.Name || r.Scenario != sc.Name || r.Seed != 3 {
			t.Errorf("%s: labelled %s, %s, %d", subject.Name, r.Fix, r.Scenario, r.Seed)
		}
		if r.Checksum != 0 || r.Diagnosis == trial.Unsafe {
			t.Errorf("%s: checksum %s, diagnosis %s: %v", subject.Name, r.Checksum, r.Diagnosis, r.Violations)
		}
		if len(r.Closes) == 0 {
			t.Errorf("%s: no close", subject.Name)
		}
		for _, c := range r.Closes {
			if c.Wait <= 0 || c.Start < 0 || c.Start+c.Wait > r.Elapsed {
				t.Errorf("%s: a close from %v that took %v in a trial of %v", subject.Name, c.Start, c.Wait, r.Elapsed)
			}
		}
		if c := r.Conditions; c == nil || c.Sections == 0 || c.Looks == 0 || c.Storm != nil {
			t.Errorf("%s: conditions %+v", subject.Name, c)
		}
	}
	if f := w.Facts(); f.Reproducible || f.Virtual || f.Model != "" || f.Measures != world.Conditions {
		t.Errorf("facts %+v", f)
	}
}

// This world must run each preset as it stands. A preset's storm must be achieved,
// or the trial left out.
func TestPresetsRun(t *testing.T) {
	w := with(t)
	for _, sc := range Presets() {
		if err := sc.Validate(); err != nil {
			t.Errorf("%s: %v", sc.Name, err)
		}
		if testing.Short() && sc.Name != "live-80" {
			continue
		}
		r := runs(t, w, world.Spec{Scenario: sc, Subject: "membarrier", Seed: 1})
		if len(r.Closes) == 0 || len(r.Violations) > 0 {
			t.Errorf("%s: %d closes, violations %v", sc.Name, len(r.Closes), r.Violations)
		}
		s := r.Conditions.Storm
		if asked := len(sc.Storms) > 0; asked != (s != nil) || s.AsAsked() != (r.LeftOut == "") {
			t.Errorf("%s: storm %v, left out %q", sc.Name, s, r.LeftOut)
		}
	}
}

func TestVariationsAreTheScenarioItself(t *testing.T) {
	c := Config{Scenario: new(workload.Scenario)}
	*c.Scenario = preset(t, "live-80")
	l := loadOf(&c)
	if len(l.storms) != 1 || l.storms[0].Period != time.Millisecond || l.storms[0].Weight != 800*time.Microsecond {
		t.Fatalf("storms %+v", l.storms)
	}
	for reader := range l.readers {
		if hit, want := l.hits(&l.storms[0], reader), l.readers[reader].kind == readsRCU; hit != want {
			t.Errorf("reader %d: hit %t, want %t", reader, hit, want)
		}
	}
	r := runs(t, with(t), world.Spec{Scenario: *c.Scenario, Variation: 7, Subject: "membarrier", Seed: 5})
	if s := r.Conditions.Storm; s.AskedShare != 0 && (s.AskedShare < 0.79 || s.AskedShare > 0.81) {
		t.Errorf("asked for a share of %v in a variation, want 0.8 as in the scenario", s.AskedShare)
	}
}

// A subject has one name, and changes something in this world.
func TestWorldNamesItsSubjects(t *testing.T) {
	t.Parallel()
	w := with(t,
		fixes.Fix{Name: "own", Barrier: fixes.Membarrier},
		fixes.Fix{Name: "calmer", Budget: fixes.Budget{Percent: 10}},
	)
	var names []string
	for _, s := range w.Subjects() {
		names = append(names, s.Name)
		if s.Base != (s.Name == Base) {
			t.Errorf("%s: base %t", s.Name, s.Base)
		}
	}
	if len(names) != 9*4+1+1 || names[0] != Base || !slices.Contains(names, "membarrier-once") || !slices.Contains(names, "own") || slices.Contains(names, "calmer") {
		t.Errorf("subjects %v", names)
	}
	for name, want := range map[string]string{
		"baseline":                `fix: baseline: want blocking, which is what runs in this world`,
		"fullbarrier+overlap":     `want fenced-readers, which is`,
		"throttle":                `want one that changes something in the live world: blocking, `,
		"calmer":                  `want one that changes something`,
		"overlap":                 `want a strategy before the teardown, blocking+overlap say`,
		"membarier":               `did you mean membarrier?`,
		"callrcu+poll":            `both change how a scan is ordered`,
		"membarrier+overlap+poll": `want candidates that change different things`,
	} {
		if _, err := w.Subject(name); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	if _, err := w.Core("membarrier+overlap"); err == nil || !strings.Contains(err.Error(), "want no teardown") {
		t.Errorf("a torture with a teardown: %v", err)
	}
	if _, err := New(fixes.Group{Kind: fixes.Candidate, Fixes: []fixes.Fix{{Name: "rcu"}}}); err == nil {
		t.Error("a candidate has the name of a strategy")
	}
}

// stuck returns a candidate whose grace period never ends.
func stuck() fixes.Fix {
	return fixes.Fix{Name: "stuck", Barrier: func() srcu.Barrier {
		return srcu.BarrierFunc(func(srcu.Side, *srcu.Scan) bool { return false }) // and nothing calls it again
	}}
}

// A grace period that never ends is a hang, and ends the trial.
func TestWorldCutsOffWhatNeverEnds(t *testing.T) {
	sc := preset(t, "live-calm")
	r := runs(t, with(t, stuck()), world.Spec{Scenario: sc, Subject: "stuck"})
	if !r.Hung() || r.Diagnosis != trial.Slow || len(r.Closes) == 0 || r.LeftOut != "" {
		t.Errorf("got %+v", r)
	}
	if len(r.Violations) != 1 || r.Violations[0].Detail != "the last grace period never ended" {
		t.Errorf("violations %+v", r.Violations)
	}
	if c := r.Closes[0]; !c.Censored || c.Wait < hangOf(&sc) {
		t.Errorf("%s: censored %t after %v", c.Task, c.Censored, c.Wait)
	}
}

func TestWorldStopsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, err := with(t).Run(ctx, world.Spec{Scenario: preset(t, "live-calm"), Subject: Base}, world.Want{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// insiders has two readers, one of each domain, that are inside almost always, and
// tasks of all other kinds.
func insiders() workload.Scenario {
	return workload.Scenario{
		Name: "insiders", Machine: workload.Machine{CPUs: 2}, Horizon: 10 * time.Second,
		Watchdog: workload.Watchdog{HungTask: 30 * time.Second},
		Go:       workload.Go{GC: 500 * time.Millisecond},
		Tasks: []workload.Tasks{
			{Name: "traced", Count: 1, Reads: workload.ReadsTracepoint, Section: 20 * time.Millisecond, Gap: time.Microsecond},
			{Name: "sleepable", Count: 1, Reads: workload.ReadsTasksTrace, Section: 20 * time.Millisecond, Gap: time.Microsecond},
			{Name: "other", Count: 1, Reads: workload.ReadsRCU, Section: 20 * time.Millisecond, Gap: time.Microsecond},
			{Name: "hog", Count: 1, Gap: time.Millisecond, Sleep: 10 * time.Millisecond, SleepEvery: 10},
		},
		RCULoad: []workload.RCULoad{
			{Kind: workload.RequestCall, Period: 50 * time.Millisecond}, {Kind: workload.RequestSync, Period: 50 * time.Millisecond},
			{Kind: workload.RequestExpedited, Period: 50 * time.Millisecond},
		},
		Closers: []workload.Closers{{Name: "closer", Count: 2, Repeat: 40}},
	}
}

// closeWith runs a trial of a scenario with a teardown.
func closeWith(t *testing.T, sc workload.Scenario, teardown fixes.Teardown) trial.Result {
	t.Helper()
	w := with(t, fixes.Fix{Name: "own", Barrier: fixes.Membarrier, Teardown: teardown})
	return runs(t, w, world.Spec{Scenario: sc, Subject: "own", Seed: 1})
}

func TestTeardownsWaitForBothDomains(t *testing.T) {
	sc := insiders()
	sc.Watchdog.HungTask = time.Hour // a close() on a busy machine is no hang
	for _, f := range append(teardowns, fixes.Fix{Name: "serial"}) {
		t.Run(f.Name, func(t *testing.T) {
			r := closeWith(t, sc, f.Teardown)
			if len(r.Violations) > 0 || len(r.Closes) < 2 {
				t.Errorf("%d closes, violations %v", len(r.Closes), r.Violations)
			}
		})
	}
}

func TestTeardownThatLeavesADomainOutIsUnsafe(t *testing.T) {
	if racing {
		t.Skip("the race detector would report them, and fail the test, first")
	}
	for name, teardown := range map[string]fixes.Teardown{
		"tracepoint alone":  func(u fixes.Unregistered) { u.Tracepoint().Synchronize(); u.Free() },
		"tasks-trace alone": func(u fixes.Unregistered) { u.TasksTrace().Synchronize(); u.Free() },
		"neither":           func(u fixes.Unregistered) { u.Free() },
	} {
		for try := 0; ; try++ {
			if r := closeWith(t, insiders(), teardown); r.Diagnosis == trial.Unsafe {
				break
			}
			if try == 20 {
				t.Errorf("%s: not caught in %d trials", name, try)
				break
			}
		}
	}
}

// A teardown that waits for its own worker with the mutex held never ends; the
// trial does.
func TestTeardownThatNeverEndsIsCensored(t *testing.T) {
	r := closeWith(t, insiders(), func(u fixes.Unregistered) { u.Defer(func() {}); u.Flush() })
	if len(r.Closes) == 0 || !r.Closes[0].Censored || r.Overdue == 0 {
		t.Errorf("closes %+v, overdue %d", r.Closes, r.Overdue)
	}
}
