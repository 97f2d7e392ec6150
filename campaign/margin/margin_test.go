package margin

import (
	"context"
	"fmt"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/worldtest"
)

// in runs trials in a test world.
func in(run worldtest.Func) *campaign.Local { return &campaign.Local{World: run} }

func marginPlan(s uint64) *Plan {
	return &Plan{Scenario: Scenario(), Fixes: []world.Subject{{Name: campaign.Baseline}}, Axis: AxisDuty, Seed: s}
}

// holds reports whether the threshold's interval contains v. The slack allows for
// rounding of the handler to nanoseconds.
func (t Threshold) holds(v float64) bool {
	const slack = 1e-6
	return (t.Below || v > t.Lo-slack) && (t.Beyond || v <= t.Hi+slack)
}

func TestMarginHoldsTheKnownThreshold(t *testing.T) {
	t.Parallel()
	seeds := 40
	switch {
	case testing.Short():
		seeds = 12
	case os.Getenv("GPSTORM_LONG") == "on":
		seeds = 200
	}
	for _, w := range []worldtest.Logistic{
		{Middle: 0.4, Octaves: 0.01}, {Middle: 3, Octaves: 0.1}, {Middle: 3.125, Octaves: 0.3}, {Middle: 6.9, Octaves: 1}, {Middle: 10, Octaves: 0.5}, {Middle: -2.2, Octaves: 0.3}, {Middle: 12.9, Octaves: 0.4}, {Middle: 20, Octaves: 0.1}, {Middle: -9, Octaves: 0.1},
	} {
		misses, wide := 0, 0.0
		for s := range uint64(seeds) {
			found, err := Run(context.Background(), marginPlan(s), in(w.World()))
			if err != nil {
				t.Fatal(err)
			}
			m := found[0]
			if !m.At10.holds(w.DutyAt(0.1)) {
				misses++
			}
			if !m.At50.holds(w.DutyAt(0.5)) {
				misses++
			}
			if !m.At50.Beyond && !m.At50.Below {
				wide += math.Log2(odds(m.At50.Hi)/odds(m.At50.Lo)) / float64(seeds)
			}
		}
		if float64(misses) > Error*2*float64(seeds) {
			t.Errorf("middle 2^%g, steep by %g octaves: %d of %d thresholds missed", w.Middle, w.Octaves, misses, 2*seeds)
		}
		if limit := 0.5 + 2*w.Octaves; wide > limit {
			t.Errorf("middle 2^%g, steep by %g octaves: intervals of %.2f octaves, want at most %.2f", w.Middle, w.Octaves, wide, limit)
		}
	}
}

func odds(p float64) float64 { return p / (1 - p) }

func TestMarginBeyondTheAxis(t *testing.T) {
	t.Parallel()
	never, always := worldtest.Logistic{Middle: 40, Octaves: 0.1}.World(), worldtest.Logistic{Middle: -40, Octaves: 0.1}.World()
	found, err := Run(context.Background(), marginPlan(1), in(never))
	if err != nil {
		t.Fatal(err)
	}
	if m := found[0]; !m.At10.Beyond || !m.At50.Beyond || m.At50.Lo < 0.999 {
		t.Errorf("never hangs: %+v", m)
	}
	found, err = Run(context.Background(), marginPlan(1), in(always))
	if err != nil {
		t.Fatal(err)
	}
	if m := found[0]; !m.At10.Below || !m.At50.Below || m.At50.Hi != 0.2 {
		t.Errorf("always hangs: %+v", m)
	}
}

func TestMarginDoesNotDependOnParallelism(t *testing.T) {
	t.Parallel()
	p := marginPlan(3)
	for i := range 8 {
		p.Fixes = append(p.Fixes, world.Subject{Name: fmt.Sprint("fix-", i)})
	}
	var all [][]Margin
	for _, parallel := range []int{1, 5} {
		found, err := Run(context.Background(), p, &campaign.Local{World: worldtest.Logistic{Middle: 5, Octaves: 0.6}.World(), Parallel: parallel})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found)
	}
	if !reflect.DeepEqual(all[0], all[1]) {
		t.Errorf("one at a time %+v\nfive %+v", all[0], all[1])
	}
}

// Each axis gives a growing grid of valid scenarios that differ in its parameter
// alone.
func TestMarginAxesMakeValidScenarios(t *testing.T) {
	t.Parallel()
	repro2, _ := workload.Preset("repro2")
	for _, base := range []workload.Scenario{Scenario(), repro2} {
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

// A close that never began, or had not returned at the horizon, counts as hung.
func TestMarginCountsWhatDidNotComeThrough(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
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

func TestLoadsAreReadAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		axis Axis
		text string
		want float64
	}{
		{AxisDuty, "95%", 0.95}, {AxisDuty, "99.9%", 0.999}, {AxisHandler, "2.5ms", 2.5e6}, {AxisReaders, "64", 64},
	} {
		v, err := c.axis.ParseLoad(c.text)
		if err != nil || math.Abs(v-c.want) > 1e-9 || c.axis.text(v) != c.text {
			t.Errorf("%s %s: %v, %v, written %s", c.axis, c.text, v, err, c.axis.text(v))
		}
	}
	for axis, bad := range map[Axis][]string{
		AxisDuty: {"", "lots", "NaN%", "0%"}, AxisHandler: {"5", "95%", "0s"}, AxisReaders: {"2.5", "many", "0"}, "colour": {"1"},
	} {
		for _, text := range bad {
			if v, err := axis.ParseLoad(text); err == nil || !strings.Contains(err.Error(), "want ") {
				t.Errorf("%s %q: %v, %v", axis, text, v, err)
			}
		}
	}
}
