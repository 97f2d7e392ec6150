package report

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/calibration"
	"github.com/gpstorm/gpstorm/trial"
)

// A row of another world stands below the row of the same candidate, in every form but
// CSV, and only if both worlds ran the scenario.
func TestWorldsStandSideBySide(t *testing.T) {
	t.Parallel()
	r := &Report{Summary: summary(t, few)}
	took := func(name, of string, waits ...time.Duration) calibration.SideRow {
		var all []trial.Result
		for _, w := range waits {
			all = append(all, trial.Result{Diagnosis: trial.OK, Closes: []trial.Close{{Wait: w}}})
		}
		return calibration.SideRow{Row: campaign.RowOf("repro2", name, all), Counterpart: of}
	}
	r.Sides = []calibration.Side{{World: "boot", Classes: []calibration.SideClass{{Scenario: "repro2", Rows: []calibration.SideRow{
		took("base=7.0.13", campaign.Baseline, 100*time.Second, 200*time.Second), took("mine=./bzImage", "", time.Second),
	}}}}}
	classes := r.sideBySide()
	if len(classes) != 1 || classes[0].class.Name != "repro2" {
		t.Fatalf("got %+v", classes)
	}
	var order []string
	for _, row := range classes[0].rows {
		order = append(order, row.fix+"/"+row.where)
	}
	if got, want := strings.Join(order, " "), "baseline/kernel baseline/boot: base=7.0.13 /boot: mine=./bzImage"; strings.ReplaceAll(got, r.Summary.Head.World, "kernel") != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for name, c := range map[string]struct {
		write func(io.Writer) error
		want  []string
	}{
		"text":     {r.everything, []string{"worlds side by side, repro2", "boot: base=7.0.13", "hang rates with care"}},
		"Markdown": {r.Markdown, []string{"## Worlds side by side, repro2", "boot: base=7.0.13"}},
		"JSON":     {r.JSONLines, []string{`{"type":"side","data":{"world":"boot"`, `"counterpart":"baseline"`}},
		"page":     {r.HTML, []string{`<section id="worlds">`, `<a href="#worlds">`, `<tr class="below"><th scope="row">base=7.0.13`, "mine=./bzImage"}},
	} {
		has := written(t, func(b *bytes.Buffer) error { return c.write(b) })
		for _, w := range c.want {
			if !strings.Contains(strings.Join(strings.Fields(has), " "), w) {
				t.Errorf("%s: no %q", name, w)
			}
		}
	}
	if alone := pageOfSummary(t, r.Summary); strings.Contains(alone, "worlds") {
		t.Error("a page of one world has a section of worlds")
	}
}
