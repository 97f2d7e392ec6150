package report

import (
	"bytes"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/gate"
	"github.com/gpstorm/gpstorm/campaign/stat"
)

func gates() *GateReport {
	return &GateReport{
		Valid: true, Program: "gpstorm", Confidence: 0.95, Budget: 2000,
		Checks: []campaign.Check{{Fix: "baseline", Required: "hangs in repro2", Passed: true, Seen: "hung in 3 of 3 trials"}},
		Gates: []gate.Result{
			{Fix: "a|b", Passed: true, Trials: 611, Tests: []gate.Test{
				onePercent("good", 0, 611, ""),
				{Name: "never unsafe", Decision: "good", Of: 611, Rate: stat.ClopperPearson(0, 611, 0.95)},
			}},
			{Fix: "late", Failed: true, Trials: 1755, Tests: []gate.Test{
				onePercent("bad", 13, 1755, "gps1.late"),
				{Name: "slowest close() over 30s in less than 1% of trials", Decision: "undecided", Of: 1755, Rate: stat.ClopperPearson(0, 1755, 0.95), Good: 0.0025, Bad: 0.01},
			}},
			{Fix: "rare", Trials: 2000, Tests: []gate.Test{onePercent("undecided", 11, 2000, "gps1.rare")}},
		},
	}
}

func onePercent(decision string, seen, of int, first string) gate.Test {
	return gate.Test{
		Name: "hangs in less than 1% of trials", Decision: decision, Seen: seen, Of: of, First: first,
		Rate: stat.ClopperPearson(seen, of, 0.95), Good: 0.0025, Bad: 0.01,
	}
}

func TestGateReportsMatchTheGoldenFiles(t *testing.T) {
	t.Parallel()
	invalid := gates()
	invalid.Valid, invalid.Checks[0].Passed, invalid.Gates = false, false, nil
	for name, write := range map[string]func(*bytes.Buffer) error{
		"gate.txt":         func(b *bytes.Buffer) error { return gates().Text(b, Screen{}) },
		"gate.md":          func(b *bytes.Buffer) error { return gates().Markdown(b) },
		"gate.json":        func(b *bytes.Buffer) error { return gates().JSON(b) },
		"gate.xml":         func(b *bytes.Buffer) error { return gates().JUnit(b) },
		"gate.ktap":        func(b *bytes.Buffer) error { return gates().KTAP(b) },
		"gate_invalid.txt": func(b *bytes.Buffer) error { return invalid.Text(b, Screen{}) },
		"gate_invalid.xml": func(b *bytes.Buffer) error { return invalid.JUnit(b) },
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := write(&got); err != nil {
				t.Fatal(err)
			}
			golden(t, name, got.Bytes())
		})
	}
}

// A CI system that reads JUnit must not take an undecided criterion for one that
// passed.
func TestJUnitPassesOnlyDecidedCriteria(t *testing.T) {
	t.Parallel()
	var suite junitSuite
	if err := xml.Unmarshal([]byte(written(t, func(b *bytes.Buffer) error { return gates().JUnit(b) })), &suite); err != nil {
		t.Fatal(err)
	}
	if suite.Tests != 6 || suite.Failures != 1 || suite.Errors != 0 || suite.Skipped != 2 || len(suite.Cases) != 6 {
		t.Errorf("%d tests, %d failures, %d errors, %d skipped, %d cases", suite.Tests, suite.Failures, suite.Errors, suite.Skipped, len(suite.Cases))
	}
	skipped := map[string]string{"gate.late": "undecided, as another criterion failed first", "gate.rare": "undecided, as the budget was spent"}
	for _, c := range suite.Cases {
		if c.Skipped == nil {
			continue
		}
		if want := skipped[c.Class]; want == "" || !strings.HasPrefix(c.Skipped.Message, want) {
			t.Errorf("%s: skipped with %q, want %q", c.Class, c.Skipped.Message, want)
		}
		delete(skipped, c.Class)
	}
	if len(skipped) > 0 {
		t.Errorf("not skipped: %v", skipped)
	}
}

func TestAGateStatesItsTestAndItsInterval(t *testing.T) {
	t.Parallel()
	got := written(t, func(b *bytes.Buffer) error { return gates().Text(b, Screen{}) })
	if want := `13 of 1755  0.74% [0.39%, 1.3%]  0.25% against 1%`; !strings.Contains(got, want) {
		t.Errorf("no %q in\n%s", want, got)
	}
}

// A quarter of 50 % is not 12 %.
func TestTheRatesOfATestAreNotRounded(t *testing.T) {
	t.Parallel()
	if got, want := tested(&gate.Test{Good: 0.125, Bad: 0.5}), "12.5% against 50%"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRatesHaveTwoDigits(t *testing.T) {
	t.Parallel()
	for rate, want := range map[float64]string{0: "0%", 0.0025: "0.25%", 13.0 / 1755: "0.74%", 0.01: "1%", 1e-6: "0.0001%", 0.0996: "10%", 0.5: "50%", 0.9999: ">99.9%"} {
		if got := twoDigits(rate); got != want {
			t.Errorf("%g: got %s, want %s", rate, got, want)
		}
	}
}
