package campaign

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"testing"

	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/worldtest"
)

// logistic is a world whose hang probability is known: 50 % where the odds of
// being in a handler are 2^middle, steep by so many octaves.
func logistic(middle, octaves float64) worldtest.Func {
	return func(at world.Spec) trial.Result {
		st := at.Scenario.Storms[0]
		odds := float64(st.Handler) * float64(st.Events) / float64(st.Period)
		p := 1 / (1 + math.Exp(-(math.Log2(odds)-middle)/octaves))
		r := trial.Result{Closes: []trial.Close{{Task: "closer"}}}
		if seed.Stream(at.Seed, fmt.Sprint("outcome at ", st.Handler)).Float64() < p {
			r.Overdue = 1
		}
		return r
	}
}

// dutyAt is the duty cycle at which the logistic world hangs with probability p.
func dutyAt(p, middle, octaves float64) float64 {
	odds := math.Exp2(middle + octaves*math.Log(p/(1-p)))
	return odds / (1 + odds)
}

func marginPlan(s uint64) *MarginPlan {
	return &MarginPlan{Scenario: MarginScenario(), Fixes: []world.Subject{{Name: Baseline}}, Axis: AxisDuty, Seed: s}
}

// holds reports whether the threshold's interval has v; rounding the handler to
// nanoseconds moves a load by less than the slack.
func (t Threshold) holds(v float64) bool {
	const slack = 1e-6
	return (t.Below || v > t.Lo-slack) && (t.Beyond || v <= t.Hi+slack)
}

func TestMarginHoldsTheKnownThreshold(t *testing.T) {
	const seeds = 200
	for _, w := range []struct{ middle, octaves float64 }{
		{0.4, 0.01}, {3, 0.1}, {3.125, 0.3}, {6.9, 1}, {10, 0.5}, {-2.2, 0.3}, {12.9, 0.4}, {20, 0.1}, {-9, 0.1},
	} {
		misses, wide := 0, 0.0
		for s := range uint64(seeds) {
			found, err := RunMargin(context.Background(), marginPlan(s), in(logistic(w.middle, w.octaves)))
			if err != nil {
				t.Fatal(err)
			}
			m := found[0]
			if !m.At10.holds(dutyAt(0.1, w.middle, w.octaves)) {
				misses++
			}
			if !m.At50.holds(dutyAt(0.5, w.middle, w.octaves)) {
				misses++
			}
			if !m.At50.Beyond && !m.At50.Below {
				wide += math.Log2(odds(m.At50.Hi)/odds(m.At50.Lo)) / seeds
			}
		}
		if float64(misses) > MarginError*2*seeds {
			t.Errorf("middle 2^%g, steep by %g octaves: %d of %d thresholds missed", w.middle, w.octaves, misses, 2*seeds)
		}
		if limit := 0.5 + 2*w.octaves; wide > limit {
			t.Errorf("middle 2^%g, steep by %g octaves: intervals of %.2f octaves, want at most %.2f", w.middle, w.octaves, wide, limit)
		}
	}
}

func odds(p float64) float64 { return p / (1 - p) }

func TestMarginBeyondTheAxis(t *testing.T) {
	never, always := logistic(40, 0.1), logistic(-40, 0.1)
	found, err := RunMargin(context.Background(), marginPlan(1), in(never))
	if err != nil {
		t.Fatal(err)
	}
	if m := found[0]; !m.At10.Beyond || !m.At50.Beyond || m.At50.Lo < 0.999 {
		t.Errorf("never hangs: %+v", m)
	}
	found, err = RunMargin(context.Background(), marginPlan(1), in(always))
	if err != nil {
		t.Fatal(err)
	}
	if m := found[0]; !m.At10.Below || !m.At50.Below || m.At50.Hi != 0.2 {
		t.Errorf("always hangs: %+v", m)
	}
}

func TestMarginDoesNotDependOnParallelism(t *testing.T) {
	p := marginPlan(3)
	for i := range 8 {
		p.Fixes = append(p.Fixes, world.Subject{Name: fmt.Sprint("fix-", i)})
	}
	var all [][]Margin
	for _, parallel := range []int{1, 5} {
		found, err := RunMargin(context.Background(), p, &Local{World: logistic(5, 0.6), Parallel: parallel})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found)
	}
	if !reflect.DeepEqual(all[0], all[1]) {
		t.Errorf("one at a time %+v\nfive %+v", all[0], all[1])
	}
}

// Each axis varies its knob over a growing grid of valid scenarios and nothing
// but what it says.
func TestMarginAxesMakeValidScenarios(t *testing.T) {
	repro2, _ := workload.Preset("repro2")
	for _, base := range []workload.Scenario{MarginScenario(), repro2} {
		content := workload.Digest(base)
		for _, name := range Axes {
			a, err := newAxis(name, &base)
			if err != nil {
				t.Fatal(err)
			}
			before := math.Inf(-1)
			for step := range a.steps {
				sc := a.scenario(step)
				if err := sc.Validate(); err != nil {
					t.Fatalf("%s, %s, step %d: %v", base.Name, name, step, err)
				}
				v := a.value(step)
				if v <= before {
					t.Errorf("%s, step %d: %g after %g", name, step, v, before)
				}
				before = v
				n := 0
				for _, g := range readersOf(&sc) {
					n += sc.Tasks[g].Count
				}
				if name == AxisReaders && n != int(v) {
					t.Errorf("%s, step %d: %d readers, want %g", base.Name, step, n, v)
				}
				if s := sc.Storms[0]; name == AxisDuty { // an NMI storm
					h, gap := float64(s.Handler), float64(s.Period)/float64(max(1, s.Events))
					if got := h / (h + gap); math.Abs(got-v) > 0.005 {
						t.Errorf("%s, step %d: duty %g, want %g", base.Name, step, got, v)
					}
				}
			}
		}
		if workload.Digest(base) != content {
			t.Error("the base scenario changed")
		}
	}
}

// A close that never began, or had not returned at the horizon, did not come
// through.
func TestMarginCountsWhatDidNotComeThrough(t *testing.T) {
	for _, c := range []struct {
		r    trial.Result
		want bool
	}{
		{trial.Result{Closes: make([]trial.Close, 2)}, false},
		{trial.Result{Closes: make([]trial.Close, 1)}, true},
		{trial.Result{Closes: []trial.Close{{}, {Censored: true}}}, true},
		{trial.Result{Closes: make([]trial.Close, 2), Overdue: 1}, true},
	} {
		if got := stuck(&c.r, 2); got != c.want {
			t.Errorf("%+v: stuck %t, want %t", c.r, got, c.want)
		}
	}
}

func TestThresholdsApart(t *testing.T) {
	mid, high := Threshold{Lo: 0.5, Hi: 0.6}, Threshold{Lo: 0.6, Hi: 0.7}
	over, under := Threshold{Lo: 0.9, Beyond: true}, Threshold{Hi: 0.2, Below: true}
	for _, c := range []struct {
		a, b Threshold
		want bool
	}{
		{mid, high, true}, {mid, Threshold{Lo: 0.55, Hi: 0.8}, false}, {mid, mid, false},
		{mid, over, true}, {mid, under, true}, {over, under, true}, {over, over, false}, {under, under, false},
		{mid, Threshold{Beyond: true, Below: true}, false},
	} {
		if c.a.Apart(c.b) != c.want || c.b.Apart(c.a) != c.want {
			t.Errorf("%+v and %+v: apart %t, want %t", c.a, c.b, !c.want, c.want)
		}
	}
}
