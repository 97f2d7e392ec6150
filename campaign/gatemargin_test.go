package campaign

import (
	"context"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/campaign/stat"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/worldtest"
)

// atLeast asks for a margin of the duty cycle.
func atLeast(duty, level float64) MinMargin {
	return MinMargin{Scenario: MarginScenario(), Axis: AxisDuty, Load: duty, Level: level}
}

func marginGate(t *testing.T, s uint64, p Policy, run worldtest.Func) *Gate {
	t.Helper()
	g, err := RunGate(context.Background(), []workload.Scenario{scenario("light")}, world.Subject{Name: "good"}, s, p, in(run))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// In worlds whose margin is known a gate that asks for exactly that margin, and
// one that asks for the load at which a quarter of the level hang, is wrong no
// more often than stated.
func TestMarginGateIsWrongNoMoreOftenThanStated(t *testing.T) {
	const repetitions, confidence, level = 2000, 0.95, 0.2
	for _, w := range []struct{ middle, octaves float64 }{{3, 0.1}, {6.9, 1}} {
		odds := logistic(w.middle, w.octaves)
		for name, c := range map[string]struct {
			duty  float64
			wrong func(*Gate) bool
		}{
			"margin just too small": {dutyAt(level, w.middle, w.octaves), func(g *Gate) bool { return g.Passed }},
			"margin large enough":   {dutyAt(level/Indifference, w.middle, w.octaves), func(g *Gate) bool { return g.Failed }},
		} {
			p := Policy{Margin: atLeast(c.duty, level), Confidence: confidence, Budget: 4000}
			wrong, trials := 0, 0
			for s := range uint64(repetitions) {
				g := newGating("good", p)
				g.token = noToken
				spec := p.Margin.trials("good", s)
				for i := 0; !g.decided(true); i++ {
					r := odds(spec(i))
					g.add(spec(i), &r, true)
				}
				g.conclude()
				trials += g.gate.Trials
				if c.wrong(&g.gate) {
					wrong++
				}
			}
			t.Logf("middle 2^%g, steep by %g octaves, %s: %d of %d wrong, %d trials on average", w.middle, w.octaves, name, wrong, repetitions, trials/repetitions)
			if stat.AtLeast(wrong, repetitions, 1-confidence) < 0.001 {
				t.Errorf("middle 2^%g, steep by %g octaves, %s: %d of %d wrong, stated %g", w.middle, w.octaves, name, wrong, repetitions, 1-confidence)
			}
		}
	}
}

func TestMarginGateOutcomes(t *testing.T) {
	odds := logistic(3, 0.1) // 10 % hang from 86.9 % on
	unsafe := func(at world.Spec) trial.Result {
		r := odds(at)
		r.Diagnosis = trial.Unsafe
		return r
	}
	never := func(world.Spec) trial.Result { return trial.Result{} } // no close() begins
	only := Policy{Margin: atLeast(0.8, 0.1), Confidence: 0.99, Budget: 500}
	change := func(f func(*Policy)) Policy { p := only; f(&p); return p }
	for name, c := range map[string]struct {
		policy         Policy
		run            worldtest.Func
		passed, failed bool
		tests          []string // decisions
	}{
		"wide":              {only, odds, true, false, []string{"good"}},
		"narrow":            {change(func(p *Policy) { p.Margin.Load = 0.9 }), odds, false, true, []string{"bad"}},
		"close() not begun": {only, never, false, true, []string{"bad"}},
		"in between":        {change(func(p *Policy) { p.Margin.Load = dutyAt(0.05, 3, 0.1); p.Budget = 60 }), odds, false, false, []string{"undecided"}},
		"unsafe at it":      {change(func(p *Policy) { p.NoUnsafe = true }), unsafe, false, true, []string{"undecided", "bad"}},
		"hangs before it": {change(func(p *Policy) { p.MaxHangRate, p.Budget = 0.2, 900 }), hangsAt(map[string]float64{"light": 1}), false, true,
			[]string{"bad", "undecided"}},
		"all met": {change(func(p *Policy) { p.MaxHangRate, p.MaxP99, p.NoUnsafe, p.Budget = 0.2, time.Minute, true, 900 }), margined(odds), true, false,
			[]string{"good", "good", "good", "good"}},
	} {
		g := marginGate(t, 1, c.policy, c.run)
		var tests []string
		for _, test := range g.Tests {
			tests = append(tests, test.Decision)
		}
		if g.Passed != c.passed || g.Failed != c.failed || !reflect.DeepEqual(tests, c.tests) {
			t.Errorf("%s: %+v, want %v", name, g, c.tests)
		}
	}
}

// margined is the world at the load of the margin, and never hangs elsewhere.
func margined(odds worldtest.Func) worldtest.Func {
	return func(at world.Spec) trial.Result {
		if at.Scenario.Name == MarginScenario().Name {
			return odds(at)
		}
		return hangsAt(nil)(at)
	}
}

// The first trial that hangs at the load is named with the scenario at that
// load, so it can be run again.
func TestMarginGateNamesItsFirstHang(t *testing.T) {
	for name, r := range map[string]trial.Result{
		"hung":            {Diagnosis: trial.Starved, Overdue: 1, Checksum: 7},
		"never got to it": {Diagnosis: trial.OK, Checksum: 7},
	} {
		t.Run(name, func(t *testing.T) { checkFirstHang(t, r) })
	}
}

func checkFirstHang(t *testing.T, r trial.Result) {
	run := func(world.Spec) trial.Result { return r }
	p := Policy{Margin: atLeast(0.9, 0.1), Confidence: 0.99, Budget: 500}
	g := marginGate(t, 1, p, run)
	token, err := trial.ParseToken(g.Tests[0].First)
	if err != nil {
		t.Fatal(err)
	}
	again, err := world.FromToken(token)
	if err != nil {
		t.Fatal(err)
	}
	st := again.Scenario.Storms[0]
	if h, gap := float64(st.Handler), float64(st.Period)/float64(st.Events); math.Abs(h/(h+gap)-0.9) > 0.001 {
		t.Errorf("a handler of %v every %v of %d events is no duty cycle of 90%%", st.Handler, st.Period, st.Events)
	}
	if want := marginSeed(1, 0); again.Seed != want {
		t.Errorf("seed %d, want %d", again.Seed, want)
	}
}

func TestLoadsAreReadAsTheyAreWritten(t *testing.T) {
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
