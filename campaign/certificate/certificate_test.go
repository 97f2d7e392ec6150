package certificate

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/stat"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/worldtest"
)

// made is a world in which a close() takes longer than t seconds with the probability
// exp(-scale t).
func made(scale float64, diagnosis trial.Diagnosis) *campaign.Local {
	return &campaign.Local{World: worldtest.Func(func(s world.Spec) trial.Result {
		d := seed.NewDraws(s.Seed, s.Draws...)
		wait := time.Duration(-math.Log1p(-d.Stream("x").Float64()) / scale * float64(time.Second))
		r := trial.Result{Diagnosis: diagnosis, Closes: []trial.Close{{Wait: wait}}, Draws: d.Used()}
		if wait >= 10*time.Second {
			r.Overdue = 1
		}
		return r
	})}
}

func calm(t *testing.T) workload.Scenario {
	t.Helper()
	sc, ok := workload.Preset(campaign.Calm)
	if !ok {
		t.Fatal("no preset")
	}
	sc.Name, sc.Watchdog.HungTask = "made", 10*time.Second
	return sc
}

func claim(rate float64) *Claim {
	return &Claim{Fix: "none", MaxHangRate: rate, Confidence: 0.99, Replicates: 8, Trials: 200, Seed: 1}
}

// Rates of exp(-10 scale): 0.37, 4.5e-5, and 2e-9.
func TestAClaimIsShownOrRefutedAsItsRateIs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		scale     float64
		diagnosis trial.Diagnosis
		rate      float64
		want      Outcome
		why       string
	}{
		{"hangs often", 0.1, trial.OK, 1e-6, Refuted, "of 200 independent trials hung"},
		{"hangs seldom, but not so seldom", 1, trial.OK, 1e-6, Refuted, "the rate is "},
		{"hangs less often", 1, trial.OK, 1e-3, Shown, "the rate is "},
		{"hangs about as often as it may", 1, trial.OK, 5e-5, NotShown, "more trials"},
		{"never hangs", 2, trial.OK, 1e-5, Shown, "the rate is "},
		{"counting is enough", 2, trial.OK, 1e-1, Shown, "by independent trials alone"},
		{"unsafe", 2, trial.Unsafe, 1e-1, Refuted, "were unsafe"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			part, err := claim(c.rate).Examine(t.Context(), calm(t), 1, made(c.scale, c.diagnosis), nil)
			if err != nil {
				t.Fatal(err)
			}
			if part.Outcome != c.want || !strings.Contains(part.Why, c.why) {
				t.Errorf("%s: %s, want %s: %s", part.Outcome, part.Why, c.want, c.why)
			}
		})
	}
}

// A claim is refused if a control or a planted bug was not caught. Without evidence it is
// not shown.
func TestAPlantedBugThatIsNotCaughtRefusesTheClaim(t *testing.T) {
	t.Parallel()
	shown, refuted, open := Part{Outcome: Shown}, Part{Outcome: Refuted}, Part{Outcome: NotShown}
	for want, cs := range map[Outcome][]Certificate{
		Shown:    {{Parts: []Part{shown, shown}, Controls: []campaign.Check{{Passed: true}}, Planted: []Planted{{Caught: true}}, Order: []Order{{}}}},
		NotShown: {{Parts: []Part{shown, open}}, {}},
		Refuted:  {{Parts: []Part{refuted, open, shown}}, {Parts: []Part{shown}, Order: []Order{{Violation: "use after free"}}}},
		Refused: {
			{Parts: []Part{shown}, Controls: []campaign.Check{{Passed: true}, {}}},
			{Parts: []Part{refuted}, Planted: []Planted{{Caught: true}, {}}},
			{Planted: []Planted{{}}},
		},
	} {
		for i, c := range cs {
			if c.Conclude(); c.Outcome != want {
				t.Errorf("%s %d: %s", want, i, c.Outcome)
			}
		}
	}
}

// written returns a certificate of a claim over trials of these scales, and its file.
func written(t *testing.T, rate float64, scales ...float64) (*Certificate, []byte) {
	t.Helper()
	c := &Certificate{Claim: *claim(rate), World: "test"}
	for _, scale := range scales {
		part, err := c.Claim.Examine(t.Context(), calm(t), 2, made(scale, trial.OK), nil)
		if err != nil {
			t.Fatal(err)
		}
		c.Parts = append(c.Parts, *part)
	}
	c.Conclude()
	b, err := c.Write()
	if err != nil {
		t.Fatal(err)
	}
	return c, b
}

// An outcome must follow from the evidence: neither can be changed alone.
func TestAChangedOutcomeOrEvidenceDoesNotFollow(t *testing.T) {
	t.Parallel()
	_, b := written(t, 1e-2, 2, 0.1) // the first is shown, the second refuted by counting
	whole, err := Read(b)
	if err == nil {
		err = whole.Check()
	}
	if err != nil {
		t.Fatal(err)
	}
	one := func(change func(p *Part)) func(*Certificate) { return func(c *Certificate) { change(&c.Parts[0]) } }
	for want, change := range map[string]func(c *Certificate){
		"outcome: shown: want refuted, by the evidence":                         func(c *Certificate) { c.Outcome = Shown },
		"outcome: refused: want refuted, by the evidence":                       func(c *Certificate) { c.Outcome = Refused },
		"outcome: refuted: want refused, by the evidence":                       func(c *Certificate) { c.Planted = []Planted{{}} },
		"scenarios: made: outcome: not shown: want shown, by the evidence":      one(func(p *Part) { p.Outcome = NotShown }),
		"scenarios: made: outcome: shown: want refuted, by the evidence":        func(c *Certificate) { c.Parts[1].Outcome = Shown },
		"scenarios: made: why: \"it is so\": want ":                             one(func(p *Part) { p.Why = "it is so" }),
		"scenarios: made: counted: ":                                            one(func(p *Part) { p.Estimate.Hits = 3 }),
		"scenarios: made: rate: 1: want ":                                       one(func(p *Part) { p.Estimate.Rate = 1 }),
		"scenarios: made: interval: 0 to 1e-12: want ":                          one(func(p *Part) { p.Estimate.Interval = stat.Interval{Hi: 1e-12} }),
		"scenarios: made: doubts: [\"none\"]: want [], by the replicates":       one(func(p *Part) { p.Estimate.Doubts = []string{"none"} }),
		"scenarios: made: doubts: []: want [\"chains are stuck: in 1 of 8 repl": one(func(p *Part) { p.Estimate.Replicates[2].Accepted = 0.01 }),
		"scenarios: made: estimate: none: want one":                             func(c *Certificate) { c.Parts[1].Hung = 0 },
		"scenarios: made: replicates: 8: want 9, as in the claim":               func(c *Certificate) { c.Claim.Replicates++ },
		"scenarios: made: confidence: 0.995: want 0.99":                         func(c *Certificate) { c.Claim.Confidence = 0.985 },
	} {
		changed, err := Read(b)
		if err != nil {
			t.Fatal(err)
		}
		change(changed)
		if err := changed.Check(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// A certificate survives writing and reading, and a rerun of each replicate has the
// certified result. In another world it has not.
func TestACertificateIsReadAndSampled(t *testing.T) {
	t.Parallel()
	c, b := written(t, 1e-3, 1, 0.1)
	read, err := Read(b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(c, read); d != "" {
		t.Errorf("read (-written +read):\n%s", d)
	}
	for replicate := range 8 {
		if same, what, err := read.Sample(t.Context(), 0, replicate, made(1, trial.OK)); err != nil || !same {
			t.Errorf("%s: another now, %v", what, err)
		}
	}
	if same, what, err := read.Sample(t.Context(), 1, 0, made(0.1, trial.OK)); err != nil || !same {
		t.Errorf("%s: another now, %v", what, err)
	}
	for i, scale := range []float64{1.01, 0.3} {
		if same, what, err := read.Sample(t.Context(), i, 0, made(scale, trial.OK)); err != nil || same {
			t.Errorf("in another world, %s: the same, %v", what, err)
		}
	}
	for want, b := range map[string]string{
		"value: none: want":  "",
		"value: a JSON arr":  "[]",
		"cut off: want":      "{",
		"gpstorm: results/2": `{"gpstorm":"results/2"}`,
		"unknown field":      `{"gpstorm":"certificate/3","more":1}`,
		"max hang rate: 0":   `{"gpstorm":"certificate/3"}`,
	} {
		if _, err := Read([]byte(b)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", b, err, want)
		}
	}
}
