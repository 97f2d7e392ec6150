package live

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
)

// calm is a scenario that this world runs.
func calm(t *testing.T) workload.Scenario {
	t.Helper()
	sc, ok := workload.Preset("calm")
	if !ok {
		t.Fatal("no preset calm")
	}
	return sc
}

func TestWorldMeasuresTheWaitOfEachCloser(t *testing.T) {
	t.Parallel()
	w := New(fixes.Find)
	sc := calm(t)
	closers := 0
	for _, g := range sc.Closers {
		closers += g.Count
	}
	for _, subject := range []string{"baseline", "fullbarrier", "v6.19"} { // fast, fenced, and readers of RCU
		s := world.Spec{Scenario: sc, Subject: subject, Seed: 3}
		r, err := w.Run(context.Background(), s, world.Want{})
		if err != nil {
			t.Fatal(err)
		}
		if r.Fix != subject || r.Scenario != "calm" || r.Seed != 3 {
			t.Errorf("%s: labelled %s, %s, %d", subject, r.Fix, r.Scenario, r.Seed)
		}
		if r.Checksum != 0 || r.Diagnosis == trial.Unsafe {
			t.Errorf("%s: checksum %s, diagnosis %s: %v", subject, r.Checksum, r.Diagnosis, r.Violations)
		}
		tasks := map[string]bool{}
		for _, c := range r.Closes {
			tasks[c.Task] = true
			if c.Wait <= 0 || c.Start < 0 || c.Start+c.Wait > r.Elapsed {
				t.Errorf("%s: a close from %v that took %v in a trial of %v", subject, c.Start, c.Wait, r.Elapsed)
			}
		}
		if len(tasks) != closers {
			t.Errorf("%s: closes by %d tasks, want %d", subject, len(tasks), closers)
		}
	}
	if f := w.Facts(); f.Reproducible || f.Virtual || f.Model != "" || f.Measures != 0 {
		t.Errorf("facts %+v", f)
	}
}

// A grace period that never ends ends the trial, as a hang.
func TestWorldCutsOffWhatNeverEnds(t *testing.T) {
	t.Parallel()
	stuck := fixes.Fix{Name: "stuck", Barrier: func() srcu.Barrier {
		return srcu.BarrierFunc(func(srcu.Side, *srcu.Scan) bool { return false }) // and nothing calls it again
	}}
	w := New(func(string) (fixes.Fix, error) { return stuck, nil })
	r, err := w.Run(context.Background(), world.Spec{Scenario: calm(t), Subject: "stuck"}, world.Want{})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Hung() || r.Diagnosis != trial.Slow || len(r.Closes) == 0 {
		t.Errorf("got %+v", r)
	}
	for _, c := range r.Closes {
		if !c.Censored || c.Wait < hangAfter {
			t.Errorf("%s: censored %t after %v", c.Task, c.Censored, c.Wait)
		}
	}
}

func TestWorldStopsWithItsContext(t *testing.T) {
	t.Parallel()
	w := New(fixes.Find)
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, err := w.Run(ctx, world.Spec{Scenario: calm(t), Subject: "baseline"}, world.Want{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if _, err := w.Subject("nosuch"); err == nil {
		t.Error("a subject named nosuch")
	}
}

// Two readers, one of each domain, that are inside almost always.
func insiders() workload.Scenario {
	return workload.Scenario{
		Name: "insiders", Machine: workload.Machine{CPUs: 2},
		Tasks: []workload.Tasks{
			{Name: "traced", Count: 1, Reads: workload.ReadsTracepoint, Section: 20 * time.Millisecond, Gap: time.Microsecond},
			{Name: "sleepable", Count: 1, Reads: workload.ReadsTasksTrace, Section: 20 * time.Millisecond, Gap: time.Microsecond},
			{Name: "other", Count: 1, Reads: workload.ReadsRCU, Section: 20 * time.Millisecond, Gap: time.Microsecond},
		},
		Closers: []workload.Closers{{Name: "closer", Count: 2, Repeat: 40}},
	}
}

// closeWith runs a trial with a teardown.
func closeWith(t *testing.T, name string, teardown fixes.Teardown) trial.Result {
	t.Helper()
	w := New(func(string) (fixes.Fix, error) {
		return fixes.Fix{Name: name, Barrier: fixes.Membarrier, Teardown: teardown}, nil
	})
	r, err := w.Run(context.Background(), world.Spec{Scenario: insiders(), Subject: name, Seed: 1}, world.Want{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTeardownsOfCandidatesWaitForBothDomains(t *testing.T) {
	for _, f := range fixes.All() {
		if f.Teardown == nil && f.Name != "baseline" || f.Control != fixes.NoControl && f.Name != "baseline" {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			r := closeWith(t, f.Name, f.Teardown)
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
			if r := closeWith(t, name, teardown); r.Diagnosis == trial.Unsafe {
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
	t.Parallel()
	r := closeWith(t, "flush", func(u fixes.Unregistered) { u.Defer(func() {}); u.Flush() })
	if len(r.Closes) == 0 || !r.Closes[0].Censored || r.Overdue == 0 {
		t.Errorf("closes %+v, overdue %d", r.Closes, r.Overdue)
	}
}
