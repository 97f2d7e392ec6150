package gate

import (
	"context"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/campaign/margin"
	"github.com/gpstorm/gpstorm/campaign/stat"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/worldtest"
)

// atLeast requires a margin of the duty cycle.
func atLeast(duty, level float64) margin.AtLeast {
	return margin.AtLeast{Scenario: margin.Scenario(), Axis: margin.AxisDuty, Load: duty, Level: level}
}

func marginGate(t *testing.T, s uint64, p Policy, run worldtest.Func) *Result {
	t.Helper()
	g, err := Run(context.Background(), []workload.Scenario{scenario("light")}, world.Subject{Name: "good"}, s, p, in(run))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// In worlds with a known margin, two gates are wrong no more often than stated: one
// that requires exactly that margin, and one that requires the load at which a
// quarter of the level hang.
func TestMarginGateIsWrongNoMoreOftenThanStated(t *testing.T) {
	t.Parallel()
	const confidence, level = 0.95, 0.2
	repetitions := repetitions(2000)
	for _, w := range []worldtest.Logistic{{Middle: 3, Octaves: 0.1}, {Middle: 6.9, Octaves: 1}} {
		odds := w.World()
		for name, c := range map[string]struct {
			duty  float64
			wrong func(*Result) bool
		}{
			"margin just too small": {w.DutyAt(level), func(g *Result) bool { return g.Passed }},
			"margin large enough":   {w.DutyAt(level / indifference), func(g *Result) bool { return g.Failed }},
		} {
			p := Policy{Margin: atLeast(c.duty, level), Confidence: confidence, Budget: 4000}
			wrong, trials := 0, 0
			for s := range uint64(repetitions) {
				g := newGating("good", p)
				g.token = noToken
				spec := p.Margin.Trials("good", s)
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
			t.Logf("middle 2^%g, steep by %g octaves, %s: %d of %d wrong, %d trials on average", w.Middle, w.Octaves, name, wrong, repetitions, trials/repetitions)
			if stat.AtLeast(wrong, repetitions, 1-confidence) < 0.001 {
				t.Errorf("middle 2^%g, steep by %g octaves, %s: %d of %d wrong, stated %g", w.Middle, w.Octaves, name, wrong, repetitions, 1-confidence)
			}
		}
	}
}

func TestMarginGateOutcomes(t *testing.T) {
	t.Parallel()
	w := worldtest.Logistic{Middle: 3, Octaves: 0.1}
	odds := w.World() // 10 % hang from 86.9 % on
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
		"in between":        {change(func(p *Policy) { p.Margin.Load = w.DutyAt(0.05); p.Budget = 60 }), odds, false, false, []string{"undecided"}},
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

// margined is a world that hangs only at the load of the margin.
func margined(odds worldtest.Func) worldtest.Func {
	return func(at world.Spec) trial.Result {
		if at.Scenario.Name == margin.Scenario().Name {
			return odds(at)
		}
		return hangsAt(nil)(at)
	}
}

// The token of the first hang contains the scenario at the margin's load, so it can
// be replayed.
func TestMarginGateNamesItsFirstHang(t *testing.T) {
	t.Parallel()
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
	if want := p.Margin.Trials("good", 1)(0).Seed; again.Seed != want {
		t.Errorf("seed %d, want %d", again.Seed, want)
	}
}
