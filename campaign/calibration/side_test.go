package calibration

import (
	"strings"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/stat"
	"github.com/gpstorm/gpstorm/world"
)

func TestKernelsHaveTheCandidatesThatStandForThem(t *testing.T) {
	t.Parallel()
	for kernel, want := range map[string]string{
		"":                              "callrcu",
		"base=7.0.13":                   campaign.Baseline,
		"old=6.19.14":                   "v6.19",
		"ipi=7.3.4,fix=membarrier":      "membarrier",
		"old=6.19.14,fix=overlap":       "",
		"mine=./bzImage":                "",
		"mine=./bzImage,fix=membarrier": "",
		"slow=7.0.13,nohz=off":          "",
	} {
		if got := Counterpart(&world.Subject{Name: "callrcu", Kernel: kernel}); got != want {
			t.Errorf("%q: got %q, want %q", kernel, got, want)
		}
	}
}

// summaryOf is of a campaign of one scenario.
func summaryOf(in, content string, subjects ...world.Subject) *campaign.Summary {
	s := &campaign.Summary{Head: campaign.Head{World: in, Fixes: subjects}, Classes: []campaign.ClassSummary{{Class: campaign.Class{Name: "one", Content: content}}}}
	for _, f := range subjects {
		s.Classes[0].Rows = append(s.Classes[0].Rows, campaign.Row{Class: "one", Fix: f.Name})
	}
	return s
}

func TestASideHoldsTheSharedScenariosAndNothingElse(t *testing.T) {
	t.Parallel()
	model := summaryOf("kernel", "c1", world.Subject{Name: "baseline"}, world.Subject{Name: "overlap"})
	side, err := SideOf(model, summaryOf("boot", "c1", world.Subject{Name: "base", Kernel: "base=7.0.13"}))
	if err != nil || side.World != "boot" || len(side.Classes) != 1 || len(side.Classes[0].Rows) != 1 {
		t.Fatalf("got %+v, %v", side, err)
	}
	if r := side.Classes[0].Rows[0]; r.Counterpart != "baseline" || r.Fix != "base=7.0.13" {
		t.Errorf("got %q for %q", r.Fix, r.Counterpart)
	}
	if _, err := SideOf(model, summaryOf("boot", "c2", world.Subject{Name: "base"})); err == nil || !strings.Contains(err.Error(), "no scenario of those") {
		t.Errorf("other contents: got %v", err)
	}

	at := func(kernel, fix, content string, overdue int, closes ...time.Duration) Recording {
		return Recording{Kernel: kernel, Fix: fix, Content: content, Overdue: overdue, Closes: closes}
	}
	recorded, ok := RecordedSide(model, []Recording{
		at("7.3.4", "overlap", "c1", 1, 40*time.Second, time.Second),
		at("7.0.13", "", "c1", 0, time.Second),
		at("7.0.13", "", "c1", 0, 3*time.Second),
		at("7.3.4", "callrcu", "c1", 0, time.Second), // not in the campaign
		at("7.0.13", "", "c2", 0, time.Second),       // another scenario
	})
	if !ok || len(recorded.Classes) != 1 || len(recorded.Classes[0].Rows) != 2 {
		t.Fatalf("got %+v", recorded)
	}
	rows := recorded.Classes[0].Rows
	if r := rows[0]; r.Fix != "7.0.13" || r.Counterpart != "baseline" || r.Trials != 2 || r.Hung != 0 || r.Close.Max != (stat.Quantile{At: 3 * time.Second}) {
		t.Errorf("got %+v", r)
	}
	if r := rows[1]; r.Counterpart != "overlap" || r.Hung != 1 || r.Censored != 1 || r.Close.Max != (stat.Quantile{At: 40 * time.Second, Beyond: true}) || r.HangRate.Lo <= 0 {
		t.Errorf("got %+v", r)
	}
	if _, ok := RecordedSide(model, nil); ok {
		t.Error("a side without recordings")
	}
}

// Some shipped recordings are of scenarios that a user can evaluate.
func TestTheShippedRecordingsStandBesideTheirScenarios(t *testing.T) {
	t.Parallel()
	all, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	sets, err := recorded()
	if err != nil {
		t.Fatal(err)
	}
	sc := sets["boot-hrtimer-95"]
	s := summaryOf("kernel", campaign.ClassOf(&sc).Content, world.Subject{Name: "baseline"}, world.Subject{Name: "v6.19"})
	side, ok := RecordedSide(s, all)
	if !ok || len(side.Classes[0].Rows) < 3 {
		t.Errorf("got %+v", side)
	}
}
