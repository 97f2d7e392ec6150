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
