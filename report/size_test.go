package report

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/worldtest"
)

// budget is the size in bytes above which the page of a campaign of the default
// shape is too large for a mail or a slow line.
const budget = 400_000

// The campaign has as many subjects as the default one and all scenarios. Every trial
// differs from the others, so that no cell, bar or failure is cheaper than in a real
// campaign.
func TestThePageOfADefaultCampaignStaysBelowItsBudget(t *testing.T) {
	t.Parallel()
	p := &campaign.Plan{Scenarios: workload.Presets(), Variations: 4, Seed: 1}
	for i := range 25 {
		p.Fixes = append(p.Fixes, world.Subject{Name: fmt.Sprintf("candidate-%d", i), Claim: "close() waits for a grace period of both domains"})
	}
	p.Fixes[0] = world.Subject{Name: campaign.Baseline, Must: world.MustHang}
	p.Fixes[24].Must = world.MustBeUnsafe
	sum, err := campaign.Run(context.Background(), p, &campaign.Local{World: worldtest.Func(varied)}, campaign.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := written(t, func(b *bytes.Buffer) error { return (&Report{Summary: sum, Program: "gpstorm"}).HTML(b) })
	if len(got) > budget {
		t.Errorf("%d subjects in %d scenarios: the page has %d bytes, want at most %d", len(p.Fixes), len(p.Scenarios), len(got), budget)
	}
}

// varied is a trial in which every figure depends on the seed and the subject.
func varied(s world.Spec) trial.Result {
	draw := seed.Stream(s.Seed, s.Subject)
	r := trial.Result{Symptom: trial.NoSymptom, Diagnosis: trial.OK, Steps: draw.Uint64N(1e6), StormDuty: draw.Float64()}
	for range 3 {
		wait := time.Duration(math.Pow(10, 4+8*draw.Float64())) // 10 us to 1000 s
		c := trial.Close{Task: "closer-0", Wait: wait, Waited: trial.GracePeriods{Normal: draw.IntN(9), Expedited: draw.IntN(9)}, IPIs: draw.IntN(99)}
		if wait > 120*time.Second {
			c.Wait, c.Censored = 300*time.Second, true
			r.Overdue++
		}
		r.WorkerD = max(r.WorkerD, c.Wait/3)
		r.Closes = append(r.Closes, c)
		for part := range 6 {
			r.Blame = append(r.Blame, trial.Share{
				Cause: trial.Cause{Domain: "tracepoint_srcu", Phase: trial.Phase(draw.IntN(3)), RCU: trial.Kind(draw.IntN(2)), Mechanism: trial.CloserRuns + trial.Mechanism(draw.IntN(12)), Group: "reader"},
				Wait:  c.Wait / time.Duration(2+part), Storm: c.Wait / time.Duration(20+part),
			})
		}
	}
	if r.Overdue > 0 {
		r.Symptom, r.Diagnosis, r.Cause = trial.HungTask, trial.Starved, &r.Blame[0].Cause
	}
	return r
}
