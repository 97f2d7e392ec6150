package campaign

import (
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

// A world whose subjects are kernels has no controls; the first kernel is the
// baseline, and a trial off its conditions is in no figure.
func TestAWorldWithoutControlsComparesWithItsBase(t *testing.T) {
	t.Parallel()
	head := Head{
		World: "boot", Facts: world.Facts{Virtual: true, Uncontrolled: true}, Variations: 2,
		Scenarios: []Class{{Name: "calm"}}, Fixes: []world.Subject{{Name: "old", Base: true}, {Name: "new"}},
	}
	c := newCollector(head)
	for _, leftOut := range []string{"", "", "off its target", ""} {
		c.add(&trial.Result{Diagnosis: trial.OK, LeftOut: leftOut, Closes: []trial.Close{{Task: "closer", Wait: 1}}})
	}
	s := c.summary()
	if !s.Valid() || len(s.Checks) > 0 {
		t.Errorf("valid: %t, checks %v", s.Valid(), s.Checks)
	}
	old, new := s.Classes[0].Rows[0], s.Classes[0].Rows[1]
	if old.Trials != 1 || old.LeftOut != 1 || new.Trials != 2 || new.LeftOut != 0 {
		t.Errorf("trials %d and %d, left out %d and %d; want 1 and 2, 1 and 0", old.Trials, new.Trials, old.LeftOut, new.LeftOut)
	}
	if old.VsBaseline != nil || new.VsBaseline == nil || new.VsBaseline.Pairs != 1 {
		t.Errorf("compared: %v, %v; want the second alone, in the one whole block", old.VsBaseline, new.VsBaseline)
	}
	if head.Base() != "old" {
		t.Errorf("the base is %s", head.Base())
	}
}

// A campaign in which no row of a candidate is decided is undecided, and says why. What a
// control did counts under any storm, but shows nothing about the candidates, and no more
// does the base that they are compared with.
func TestACampaignWithoutADecidedRowIsUndecided(t *testing.T) {
	t.Parallel()
	const why = "the storm was not as asked"
	ok := trial.Result{Diagnosis: trial.OK, Closes: []trial.Close{{Task: "closer", Wait: 1}}}
	out, never, starved := ok, ok, ok
	out.LeftOut = why
	never.Conditions = &trial.Conditions{Looks: 3}
	starved.Overdue, starved.LeftOut, starved.Conditions = 1, "it took too long", &trial.Conditions{Starved: true}
	hung, unsafe := ok, ok
	hung.Overdue, unsafe.Diagnosis = 1, trial.Unsafe
	for _, c := range []struct {
		name          string
		one, other    []trial.Result
		rows, open    int
		invalid       string // part of the reason; "" if the campaign is valid
		undecidedWhat string // of the other
	}{
		{"all count", []trial.Result{ok, ok}, []trial.Result{ok, ok}, 2, 0, "", ""},
		{"half are left out", []trial.Result{ok, out}, []trial.Result{out, ok}, 2, 0, "", ""},
		{"one row is open", []trial.Result{ok, ok}, []trial.Result{out, out}, 2, 1, "", "2 of 2 left out"},
		{"all are left out", []trial.Result{out, out}, []trial.Result{out, out}, 2, 2, "UNDECIDED: no trial of a candidate counts: 4 of 4 are left out, the first because " + why, "2 of 2 left out"},
		{"never at once", []trial.Result{never, never}, []trial.Result{never, never}, 2, 2, "UNDECIDED: no row is decided, the first for this: never at once", "never at once"},
		{"left out or never at once", []trial.Result{out, out}, []trial.Result{never, never}, 2, 2, "UNDECIDED: no row is decided: 2 of 4 trials of candidates are left out, the first because " + why, "never at once"},
		{"one hung beside others", []trial.Result{ok, ok}, []trial.Result{ok, starved}, 2, 1, "", "1 of 2 hung for want of a CPU"},
	} {
		head := Head{
			World: "live", Facts: world.Facts{Virtual: true}, Variations: 2, Scenarios: []Class{{Name: "stormy"}},
			Fixes: []world.Subject{
				{Name: "old", Base: true}, {Name: "one"}, {Name: "other"},
				{Name: "null-wakeup", Must: world.MustAlwaysHang}, {Name: "null-scan", Must: world.MustBeUnsafe},
			},
		}
		collector := newCollector(head)
		for i := range 2 {
			for _, r := range []trial.Result{ok, c.one[i], c.other[i], hung, unsafe} {
				collector.add(&r)
			}
		}
		s := collector.summary()
		if !s.Valid() {
			t.Fatalf("%s: checks %v", c.name, s.Checks)
		}
		if rows, open := s.Decided(); rows != c.rows || open != c.open {
			t.Errorf("%s: %d of %d rows open, want %d of %d", c.name, open, rows, c.open, c.rows)
		}
		if what := s.Classes[0].Rows[2].Undecided(); what != c.undecidedWhat {
			t.Errorf("%s: the row is undecided for %q, want %q", c.name, what, c.undecidedWhat)
		}
		if err := s.Invalid(); c.invalid == "" && err != nil || c.invalid != "" && (err == nil || !strings.Contains(err.Error(), c.invalid)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.invalid)
		}
	}
}
