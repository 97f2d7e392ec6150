package report

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/margin"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/worldtest"
)

// reported is the report of the whole campaign with margins, made once. Tests
// that change it take a report of their own from summary.
var reported = sync.OnceValue(func() *Report {
	s, err := madeUp(nil)
	if err != nil {
		panic(err)
	}
	margins, err := madeUpMargins(s)
	if err != nil {
		panic(err)
	}
	return &Report{Summary: s, Margins: margins, Program: "gpstorm", Again: Again{
		Commands: []string{"gpstorm evaluate --seed 1 > results.jsonl", "gpstorm report results.jsonl"},
		Notes:    []string{"calm.yaml stands for the file of scenario calm."},
	}}
})

// written is the output of a form of the report.
func written(t *testing.T, write func(w *bytes.Buffer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// few makes a campaign small, for tests that do not depend on its figures.
func few(p *campaign.Plan) { p.Variations = 6 }

// summary summarises the campaign with a change of its plan.
func summary(t *testing.T, change func(*campaign.Plan)) *campaign.Summary {
	t.Helper()
	s, err := madeUp(change)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// madeUp runs a small campaign in a made-up world, which no change of the virtual
// kernel affects. A situation is as bad as a number drawn from its seed; every
// candidate has a limit beyond which it hangs, and a factor on its waits.
func madeUp(change func(*campaign.Plan)) (*campaign.Summary, error) {
	limit := map[string]float64{"baseline": 0.3, "half": 0.95, "a|b": 0.3, "late": 0.03, "busted": 0.3}
	factor := map[string]float64{"baseline": 1, "half": 0.5, "a|b": 1, "late": 1.5, "busted": 1}
	run := worldtest.Func(func(s world.Spec) trial.Result {
		bad := seed.Stream(s.Seed, "how bad").Float64()
		if s.Scenario.Name == campaign.Calm {
			bad /= 100
		}
		wait := time.Duration(factor[s.Subject] * bad * float64(100*time.Second))
		r := trial.Result{
			Symptom: trial.NoSymptom, Diagnosis: trial.OK, WorkerD: wait / 3, Steps: uint64(1e6 * bad),
			StormDuty: bad,
			Closes:    []trial.Close{{Task: "closer-0", Wait: wait, Waited: trial.GracePeriods{Normal: 4, Expedited: 2}, IPIs: 6}},
		}
		if bad > limit[s.Subject] {
			r.Overdue = 1
			r.Symptom, r.Diagnosis = trial.HungTask, trial.Starved
			r.Cause = &trial.Cause{RCU: trial.NormalRCU, Mechanism: trial.ReaderQueued, Task: "reader-1", Group: "reader"}
			r.Closes[0] = trial.Close{Task: "closer-0", Wait: 300 * time.Second, Censored: true}
		}
		r.Blame = blameFor(r.Closes[0].Wait)
		if s.Subject == "busted" && s.Seed%8 == 0 {
			r.Diagnosis, r.Cause = trial.Unsafe, nil
			r.Violations = []trial.Violation{{Oracle: trial.UseAfterFree, Detail: "reader-1 used event 3 after it was freed", Unsafe: true}}
		}
		return r
	})
	p := &campaign.Plan{
		Scenarios: []workload.Scenario{
			{Name: "calm", About: "nothing interrupts\nand so on"},
			{Name: "repro2", About: "the report's case | as told"},
		},
		Variations: 40,
		Fixes: []world.Subject{
			{Name: "baseline", Must: world.MustHang}, {Name: "half", Loses: "every other event"}, {Name: "a|b"}, {Name: "late"},
			{Name: "busted", Must: world.MustBeUnsafe},
		},
		Seed: 1,
	}
	if change != nil {
		change(p)
	}
	sum, err := campaign.Run(context.Background(), p, &campaign.Local{World: run}, campaign.Options{})
	if err != nil {
		return nil, err
	}
	for i := range sum.Clusters { // the form of tokens may change
		sum.Clusters[i].First, sum.Clusters[i].Smallest = "gps1.first", "gps1."+sum.Clusters[i].Fix
	}
	return sum, nil
}

// blameFor divides a wait between a reader that the storm preempted, a kworker
// and close() itself.
func blameFor(wait time.Duration) []trial.Share {
	reader, worker := wait*3/4, wait/5
	return []trial.Share{
		{Cause: trial.Cause{Domain: "tracepoint_srcu", Phase: trial.Scan1, RCU: trial.NormalRCU, Mechanism: trial.ReaderQueued, Group: "reader"}, Wait: reader, Storm: reader / 2},
		{Cause: trial.Cause{Domain: "tracepoint_srcu", Phase: trial.Scan2, Mechanism: trial.WorkerQueued}, Wait: worker},
		{Cause: trial.Cause{Mechanism: trial.CloserRuns}, Wait: wait - reader - worker},
	}
}

// madeUpMargins are two searches.
func madeUpMargins(s *campaign.Summary) ([]margin.Set, error) {
	found := func(fix string, axis margin.Axis, at10, at50 margin.Threshold) margin.Margin {
		return margin.Margin{Fix: fix, Axis: axis, At10: at10, At50: at50, Trials: 60}
	}
	sc := margin.Scenario()
	duty := margin.Plan{Scenario: sc, Axis: margin.AxisDuty, Seed: 1}
	readers := margin.Plan{Scenario: sc, Axis: margin.AxisReaders, Seed: 1}
	return margin.Of([]margin.Set{
		duty.Set([]margin.Margin{
			found("half", duty.Axis, margin.Threshold{Lo: 0.99, Hi: 0.992}, margin.Threshold{Lo: 0.99988, Beyond: true}),
			found("baseline", duty.Axis, margin.Threshold{Lo: 0.6, Hi: 0.64}, margin.Threshold{Lo: 0.64, Hi: 0.68}),
			found("elsewhere", duty.Axis, margin.Threshold{Lo: 0.6, Hi: 0.64}, margin.Threshold{Lo: 0.64, Hi: 0.68}),
		}),
		readers.Set([]margin.Margin{
			found("baseline", readers.Axis, margin.Threshold{Hi: 1, Below: true}, margin.Threshold{Lo: 152, Hi: 181}),
		}),
	}, s.Head.Fixes)
}
