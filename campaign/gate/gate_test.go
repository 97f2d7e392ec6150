package gate

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/stat"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/worldtest"
)

// repetitions returns the number of simulated gates in a test: thousands in the
// long form, GPSTORM_LONG=on, otherwise a few hundred. Then a gate that is wrong
// twice as often as stated fails in about every second test.
func repetitions(long int) int {
	if os.Getenv("GPSTORM_LONG") == "on" {
		return long
	}
	return 200
}

// in runs trials in a test world.
func in(run worldtest.Func) *campaign.Local { return &campaign.Local{World: run} }

func scenario(name string) workload.Scenario { return workload.Scenario{Name: name} }

// hangsAt is a world with a hang rate for each scenario.
func hangsAt(rate map[string]float64) worldtest.Func {
	return func(at world.Spec) trial.Result {
		r := trial.Result{Diagnosis: trial.OK, Closes: []trial.Close{{Wait: time.Second}}}
		if seed.Stream(at.Seed, "hangs").Float64() < rate[at.Scenario.Name] {
			r.Overdue, r.Diagnosis, r.Closes[0].Censored = 1, trial.Starved, true
		}
		return r
	}
}

func noToken(world.Spec, *trial.Result) string { return "" }

func gate(t *testing.T, s uint64, p Policy, run worldtest.Func) *Result {
	t.Helper()
	g, err := Run(context.Background(), []workload.Scenario{scenario("heavy"), scenario("light")}, world.Subject{Name: "good"}, s, p, in(run))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

var policy = Policy{MaxHangRate: 0.2, NoUnsafe: true, Confidence: 0.95, Budget: 2000}

func TestGateIsWrongNoMoreOftenThanStated(t *testing.T) {
	t.Parallel()
	repetitions := repetitions(4000)
	passes, fails := func(g *Result) bool { return g.Passed }, func(g *Result) bool { return g.Failed }
	all := policy
	all.MaxHangRate, all.MaxP99, all.Confidence = 0.01, time.Minute, 0.9
	all.Margin = atLeast(0.95, 0.01)
	for name, c := range map[string]struct {
		policy Policy
		hangs  map[string]float64
		slow   float64
		wrong  func(*Result) bool
	}{
		"just bad, alike":      {policy, map[string]float64{"heavy": 0.2, "light": 0.2}, 0, passes},
		"just bad, all in one": {policy, map[string]float64{"heavy": 0.4}, 0, passes},
		"just good, alike":     {policy, map[string]float64{"heavy": 0.05, "light": 0.05}, 0, fails},
		"just good, in one":    {policy, map[string]float64{"heavy": 0.1}, 0, fails},
		"just good in all":     {all, map[string]float64{"heavy": 0.0025, "light": 0.0025, "margin": 0.0025}, 0.0025, fails},
		"just bad in margin":   {all, map[string]float64{"margin": 0.01}, 0, passes},
	} {
		wrong, trials := 0, 0
		for s := range uint64(repetitions) {
			g := newGating("good", c.policy)
			g.token = noToken
			rng := seed.Stream(s, name)
			add := func(scenario string) {
				r := trial.Result{Diagnosis: trial.OK, Closes: []trial.Close{{Wait: time.Second}}}
				if rng.Float64() < c.hangs[scenario] {
					r.Overdue = 1
				}
				if rng.Float64() < c.slow {
					r.Closes[0].Wait = time.Hour
				}
				g.add(world.Spec{}, &r, scenario == "margin")
			}
			for !g.decided(false) {
				add("heavy")
				add("light")
			}
			for !c.policy.Margin.IsZero() && !g.decided(true) {
				add("margin")
			}
			g.conclude()
			trials += g.gate.Trials
			if c.wrong(&g.gate) {
				wrong++
			}
		}
		t.Logf("%s: %d of %d wrong, %d trials on average", name, wrong, repetitions, trials/repetitions)
		// A larger number has a probability below 0.001.
		if stat.AtLeast(wrong, repetitions, 1-c.policy.Confidence) < 0.001 {
			t.Errorf("%s: %d of %d wrong, stated %.3g", name, wrong, repetitions, 1-c.policy.Confidence)
		}
	}
}

func TestGateOutcomes(t *testing.T) {
	t.Parallel()
	unsafeOnce := func(at world.Spec) trial.Result {
		r := trial.Result{Diagnosis: trial.OK}
		if at.Seed%4 == 3 {
			r.Diagnosis = trial.Unsafe
		}
		return r
	}
	slow := func(world.Spec) trial.Result {
		return trial.Result{Diagnosis: trial.Slow, Closes: []trial.Close{{Wait: 31 * time.Second}}}
	}
	for name, c := range map[string]struct {
		policy         Policy
		run            worldtest.Func
		passed, failed bool
		seen           int // of the first criterion
	}{
		"never hangs":    {policy, hangsAt(nil), true, false, 0},
		"always hangs":   {policy, hangsAt(map[string]float64{"heavy": 1, "light": 1}), false, true, 4},
		"unsafe once":    {policy, unsafeOnce, false, true, 0},
		"unsafe, asked":  {Policy{MaxHangRate: 0.2, Confidence: 0.95, Budget: 99}, unsafeOnce, true, false, 0},
		"too slow":       {Policy{MaxP99: 30 * time.Second, Confidence: 0.95, Budget: 999}, slow, false, true, 4},
		"cut off short":  {Policy{MaxP99: 30 * time.Second, Confidence: 0.95, Budget: 999}, hangsAt(map[string]float64{"heavy": 1, "light": 1}), false, true, 4},
		"slow, but less": {Policy{MaxP99: 31 * time.Second, Confidence: 0.95, Budget: 999}, slow, true, false, 0},
	} {
		g := gate(t, 1, c.policy, c.run)
		if g.Passed != c.passed || g.Failed != c.failed || g.Tests[0].Seen != c.seen {
			t.Errorf("%s: %+v", name, g)
		}
	}
	between := gate(t, 1, Policy{MaxHangRate: 0.01, Confidence: 0.99, Budget: 700},
		hangsAt(map[string]float64{"heavy": 0.005, "light": 0.005}))
	if between.Passed || between.Failed || between.Trials != 700 {
		t.Errorf("in between, on a small budget: %+v", between)
	}
}

func TestABadPolicyNamesTheField(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*Policy){
		"max hang rate: 100%: want":               func(p *Policy) { p.MaxHangRate = 1 },
		"max hang rate: -1%: want":                func(p *Policy) { p.MaxHangRate = -0.01 },
		"max p99: -1s: want":                      func(p *Policy) { p.MaxP99 = -time.Second },
		"confidence: 100%: want":                  func(p *Policy) { p.Confidence = 1 },
		"max hang rate: 0%: want above 0%":        func(p *Policy) { p.MaxHangRate = 0 },
		"min margin: 5%: want 20% to 99.":         func(p *Policy) { p.Margin = atLeast(0.05, 0.1) },
		"min margin: 100%: want 20% to 99.":       func(p *Policy) { p.Margin = atLeast(1, 0.1) },
		"margin level: 100%: want above 0%":       func(p *Policy) { p.Margin = atLeast(0.95, 1) },
		`min margin: axis: colour`:                func(p *Policy) { p.Margin = atLeast(0.95, 0.1); p.Margin.Axis = "colour" },
		"axis: duty: want a scenario with storms": func(p *Policy) { p.Margin = atLeast(0.95, 0.1); p.Margin.Scenario = scenario(campaign.Calm) },
		"budget: 5 trials: want at least 18:":     func(p *Policy) { p.Budget = 5 },
		"20000000 trials: want at most":           func(p *Policy) { p.Budget = 20_000_000 },
	} {
		p := policy
		change(&p)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// controlled is a world in which baseline hangs in nine of ten variations of
// scenarios that are not calm, kind in none, and busted is unsafe in one of four.
func controlled(at world.Spec) trial.Result {
	r := trial.Result{Diagnosis: trial.OK}
	bad := seed.Stream(at.Seed, "how bad").Float64()
	if at.Subject == campaign.Baseline && at.Scenario.Name != campaign.Calm && bad > 0.1 {
		r.Overdue, r.Diagnosis = 1, trial.Starved
	}
	if at.Subject == "busted" && bad > 0.75 {
		r.Diagnosis = trial.Unsafe
	}
	return r
}

func hangsEverywhere(at world.Spec) trial.Result {
	r := controlled(at)
	r.Overdue = 1
	return r
}

func TestGateControlsAreJudgedInFewTrials(t *testing.T) {
	t.Parallel()
	calm := scenario(campaign.Calm)
	controls := Controls{
		Hangs: world.Subject{Name: campaign.Baseline}, Storm: scenario(campaign.ReportStorm), Calm: &calm,
		Unsafe: []world.Subject{{Name: "busted"}}, Readers: []workload.Scenario{scenario("heavy"), scenario("light")},
	}
	kind := controls
	kind.Hangs.Name = "kind" // hangs in one of ten
	harmless := controls
	harmless.Unsafe = []world.Subject{{Name: "good"}}
	several := controls // for a world in which the control hangs everywhere
	several.Calm, several.Unsafe = nil, []world.Subject{{Name: "busted"}, {Name: "good"}}
	for name, c := range map[string]struct {
		controls Controls
		run      worldtest.Func
		passed   []bool
	}{
		"as they must be":    {controls, controlled, []bool{true, true, true}},
		"never unsafe":       {harmless, controlled, []bool{true, true, false}},
		"never hangs":        {kind, hangsAt(nil), []bool{false, true, false}},
		"hangs in calm, too": {controls, hangsEverywhere, []bool{true, false, true}},
		"one of two unsafe":  {several, hangsEverywhere, []bool{true, true, false}},
	} {
		checks, err := RunControls(context.Background(), c.controls, 1, in(c.run))
		if err != nil {
			t.Fatal(err)
		}
		if len(checks) != len(c.passed) {
			t.Fatalf("%s: %d checks: %+v", name, len(checks), checks)
		}
		for i, want := range c.passed {
			if checks[i].Passed != want {
				t.Errorf("%s: %+v", name, checks[i])
			}
		}
		if c.passed[2] && !strings.HasPrefix(checks[2].Seen, "unsafe in 1 of ") {
			t.Errorf("%s: went on after it was caught: %+v", name, checks[2])
		}
	}
}
