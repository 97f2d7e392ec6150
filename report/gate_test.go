package report

import (
	"bytes"
	"encoding/xml"
	"testing"

	"github.com/gpstorm/gpstorm/campaign"
)

func gates() *GateReport {
	return &GateReport{
		Valid:  true,
		Checks: []campaign.Check{{Fix: "baseline", Duty: "hangs in repro2", Passed: true, Seen: "hung in 3 of 3 trials"}},
		Gates: []campaign.Gate{
			{Fix: "a|b", Passed: true, Trials: 611, Tests: []campaign.GateTest{
				{Name: "hangs in less than 1% of trials", Decision: "good", Of: 611},
			}},
			{Fix: "late", Failed: true, Trials: 33, Tests: []campaign.GateTest{
				{Name: "hangs in less than 1% of trials", Decision: "bad", Seen: 4, Of: 33, First: "gps1.late"},
				{Name: "slowest close() over 30s in less than 1% of trials", Decision: "undecided", Of: 33},
			}},
			{Fix: "rare", Trials: 2000, Tests: []campaign.GateTest{
				{Name: "hangs in less than 1% of trials", Decision: "undecided", Seen: 11, Of: 2000, First: "gps1.rare"},
			}},
		},
	}
}

func TestGateReportsMatchTheGoldenFiles(t *testing.T) {
	invalid := gates()
	invalid.Valid, invalid.Checks[0].Passed, invalid.Gates = false, false, nil
	for name, write := range map[string]func(*bytes.Buffer) error{
		"gate.txt":         func(b *bytes.Buffer) error { return gates().Text(b) },
		"gate.md":          func(b *bytes.Buffer) error { return gates().Markdown(b) },
		"gate.json":        func(b *bytes.Buffer) error { return gates().JSON(b) },
		"gate.xml":         func(b *bytes.Buffer) error { return gates().JUnit(b) },
		"gate_invalid.txt": func(b *bytes.Buffer) error { return invalid.Text(b) },
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

func TestJUnitCountsWhatItHolds(t *testing.T) {
	var b bytes.Buffer
	if err := gates().JUnit(&b); err != nil {
		t.Fatal(err)
	}
	var suite junitSuite
	if err := xml.Unmarshal(b.Bytes(), &suite); err != nil {
		t.Fatal(err)
	}
	if suite.Tests != 5 || suite.Failures != 1 || suite.Errors != 1 || len(suite.Cases) != 5 {
		t.Errorf("%d tests, %d failures, %d errors, %d cases", suite.Tests, suite.Failures, suite.Errors, len(suite.Cases))
	}
}
