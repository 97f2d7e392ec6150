package rare

import (
	"context"
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

// Where the baseline hangs in exp(-6) of trials, a candidate that is half as slow hangs
// in exp(-12): in a few of the baseline's hangs and in none of the campaign's trials. A
// candidate that hung in the campaign gets no estimate.
func TestRatesAreEstimatedWhereCountingShowsNone(t *testing.T) {
	t.Parallel()
	speed := map[string]float64{"baseline": 20, "same": 20, "half": 10, "often": 200}
	run := worldtest.Func(func(s world.Spec) trial.Result {
		d := seed.NewDraws(s.Seed, s.Draws...)
		wait := time.Duration(-math.Log1p(-d.Stream("x").Float64()) * speed[s.Subject] * float64(time.Second))
		r := trial.Result{Closes: []trial.Close{{Wait: wait}}, Draws: d.Used()}
		if wait >= 120*time.Second {
			r.Overdue = 1
		}
		return r
	})
	plan := &campaign.Plan{
		Scenarios:  []workload.Scenario{{Name: "made", Horizon: time.Hour}, {Name: "of the controls", Horizon: time.Hour}},
		Variations: 20, Seed: 3,
		Fixes: []world.Subject{{Name: "baseline"}, {Name: "same"}, {Name: "half"}, {Name: "often"}, {Name: "busted", Must: world.MustBeUnsafe}},
	}
	ex := &campaign.Local{World: run}
	sum, err := campaign.Run(context.Background(), plan, ex, campaign.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rates, err := Rates(t.Context(), sum, plan, 1, Plan{Replicates: 8, Trials: 200, Floor: 1e-9, Level: 0.95, Seed: 1}, ex, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(rates) != 3 || rates[0].Fix != "baseline" || rates[1].Fix != "same" || rates[2].Fix != "half" {
		t.Fatalf("rates: %+v", rates)
	}
	for i, want := range []float64{math.Exp(-6), math.Exp(-6), math.Exp(-12)} {
		r := rates[i]
		if r.Interval.Lo > want || want > r.Interval.Hi || r.Clean != 20 || r.Scenario != "made" {
			t.Errorf("%s: %+v, want %g", r.Fix, r, want)
		}
	}
	base, same, half := rates[0].Paired, rates[1].Paired, rates[2].Paired
	if base != nil || same == nil || same.Hung != same.Of || same.Of < 100 {
		t.Errorf("baseline %+v; same %+v: want all hangs of the baseline", base, same)
	}
	if half == nil || half.Hung > half.Of/20 {
		t.Errorf("half %+v: want few hangs of the baseline", half)
	}
}
