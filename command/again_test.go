package command

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/margin"
	"github.com/gpstorm/gpstorm/report"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
)

// A report names a preset by its name, the scenario of margin not at all, and any
// other scenario as a file.
func TestAReportListsTheCommandsThatMakeItAgain(t *testing.T) {
	t.Parallel()
	class := func(sc workload.Scenario) campaign.Class { return campaign.Class{Name: sc.Name, Content: digest(sc)} }
	calm, ok := workload.Preset("calm")
	if !ok {
		t.Fatal("no preset calm")
	}
	own := campaign.Class{Name: "own", Content: "0123456789abcdef"}
	s := &campaign.Summary{Head: campaign.Head{World: "live", Seed: 7, Variations: 40, Scenarios: []campaign.Class{class(calm), own}}}
	s.Head.Fixes = append(s.Head.Fixes, world.Subject{Name: "baseline"}, world.Subject{Name: "a|b"})
	duty := margin.Set{Axis: margin.AxisDuty, Seed: 1, Scenario: class(margin.Scenario()), Margins: []margin.Margin{{Fix: "baseline"}}}
	readers := duty
	readers.Axis, readers.Scenario = margin.AxisReaders, own
	sets := []margin.Set{duty, readers}
	want := report.Again{
		Commands: []string{
			"gpstorm evaluate --seed 7 --variations 40 --world live --scenario calm --scenario own.yaml --fix baseline --fix 'a|b' --out results.jsonl",
			"gpstorm margin --axis duty --seed 1 --fix baseline --json > margins.jsonl",
			"gpstorm margin --axis readers --seed 1 --scenario own.yaml --fix baseline --json >> margins.jsonl",
			"gpstorm report results.jsonl --margins margins.jsonl --html report.html",
		},
		Notes: []string{"own.yaml stands for the file of scenario own, whose contents have the digest 0123456789abcdef."},
	}
	if diff := cmp.Diff(want, (&common{program: "gpstorm", names: gpstormNames(t)}).again(s, sets)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAReportOfKernelsListsTheKernelsOfItsCommand(t *testing.T) {
	t.Parallel()
	s := &campaign.Summary{Head: campaign.Head{
		World: "boot", Seed: 1, Variations: 6, Scenarios: []campaign.Class{{Name: "own", Content: "0123456789abcdef"}},
		Fixes: []world.Subject{{Name: "base", Kernel: "base=7.0.13"}, {Name: "mine", Kernel: "mine=./my image,fix=poll,module=./m.ko,a.b=1"}},
	}}
	c := &common{program: "gpstorm", names: gpstormNames(t)}
	want := "gpstorm evaluate --seed 1 --boots 6 --world boot --scenario own.yaml --kernel base=7.0.13 --kernel 'mine=./my image,fix=poll,module=./m.ko,a.b=1' --out results.jsonl"
	if got := c.again(s, nil).Commands; len(got) != 2 || got[0] != want {
		t.Errorf("%q, want %q first", got, want)
	}
	s.Head.Fixes[1].Kernel = "" // a file of an older program
	if got := c.again(s, nil); len(got.Commands)+len(got.Notes) != 0 {
		t.Errorf("%+v, want nothing", got)
	}
}
