package report

import (
	"math"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/margin"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

func TestBarsOfBlameAddUpAndKeepTheirPatterns(t *testing.T) {
	t.Parallel()
	cause := func(m trial.Mechanism, share, storm float64) campaign.Cause {
		return campaign.Cause{Cause: trial.Cause{Mechanism: m}, Share: share, Storm: storm}
	}
	p := palette{causes: []trial.Cause{{Mechanism: trial.ReaderRuns}, {Mechanism: trial.WorkerRuns}}, letters: "AB"}
	got := p.divide([]campaign.Cause{cause(trial.WorkerRuns, 0.5, 0), cause(trial.ReaderRuns, 0.2, 0.5), cause(trial.Asleep, 0.2, 1), cause(trial.OtherCauses, 0.1, 0)})
	var words []string
	sum := 0.0
	for _, part := range got {
		sum += part.share
		words = append(words, part.class+part.letter+" "+part.title())
	}
	want := "k0A preempted reader executes: 20% (storm: 50% of that)|k1B kworker executes: 50%|ko other: 30% (storm: 67% of that), most of it asleep: 20%"
	if s := strings.Join(words, "|"); s != want || math.Abs(sum-1) > 1e-12 {
		t.Errorf("got  %s, in all %g\nwant %s, in all 1", s, sum, want)
	}
}

func TestThePaletteHoldsTheLargestCausesAndNeverTheRest(t *testing.T) {
	t.Parallel()
	s := &campaign.Summary{Overall: []campaign.Overall{{Fix: "a", Blame: &campaign.Blame{}}}, Classes: make([]campaign.ClassSummary, 1)}
	s.Classes[0].Rows = make([]campaign.Row, 1)
	add := func(m trial.Mechanism, share float64) {
		b := s.Overall[0].Blame
		b.Links = append(b.Links, campaign.Cause{Cause: trial.Cause{Mechanism: m}, Share: share})
	}
	add(trial.OtherCauses, 0.5)
	for i := range trial.Mechanism(12) {
		add(trial.CloserRuns+i, 0.01*float64(i))
	}
	p := newPalette("ABCDEFGH", s, links)
	if len(p.causes) != patterns || p.causes[0].Mechanism != trial.CloserRuns+11 || p.causes[patterns-1].Mechanism != trial.CloserRuns+4 {
		t.Errorf("got %v", p.causes)
	}
}

func TestMarginsGoToTheEdgeWhereTheyAreOpen(t *testing.T) {
	t.Parallel()
	set := &margin.Set{Axis: margin.AxisHandler, Margins: []margin.Margin{
		{At10: margin.Threshold{Lo: 1e3, Hi: 2e3}, At50: margin.Threshold{Lo: 2e3, Hi: 4e3}},
		{At10: margin.Threshold{Hi: 1e3, Below: true}, At50: margin.Threshold{Lo: 1.6e4, Beyond: true}},
	}}
	s := newMarginScale(set)
	for _, c := range []struct {
		at            margin.Threshold
		left, right   bool // at the edge
		before, after float64
	}{
		{set.Margins[0].At10, false, false, 5, 40},
		{set.Margins[1].At10, true, false, 0, 20},
		{set.Margins[1].At50, false, true, 80, 100},
	} {
		from, to := s.span(c.at)
		if (from == 0) != c.left || (to == 100) != c.right || from < c.before || to > c.after || from >= to {
			t.Errorf("%+v is drawn from %g to %g %%", c.at, from, to)
		}
	}
}

func TestTicksOfMarginsLeaveEachOtherRoom(t *testing.T) {
	t.Parallel()
	for _, axis := range margin.Axes {
		for _, span := range [][2]float64{{0.2, 0.99988}, {0.98, 0.995}, {0.5, 0.53}} {
			lo, hi := span[0], span[1]
			switch axis {
			case margin.AxisHandler:
				lo, hi = 1e3, 1e3/(1-hi)
			case margin.AxisReaders:
				lo, hi = 1, 1+200*hi
			}
			set := &margin.Set{Axis: axis, Margins: []margin.Margin{{At10: margin.Threshold{Lo: lo, Hi: hi}, At50: margin.Threshold{Lo: lo, Hi: hi}}}}
			last, major := -100.0, -100.0
			for _, tick := range newMarginScale(set).ticks() {
				if tick.at < 0 || tick.at > 100 || tick.at-last < closest || !tick.minor && tick.at-major < closestOnPhone {
					t.Errorf("%s, %g to %g: %+v after %g and %g", axis, lo, hi, tick, last, major)
				}
				if last = tick.at; !tick.minor {
					major = tick.at
				}
			}
			if major < 0 && axis != margin.AxisDuty {
				t.Errorf("%s, %g to %g: no tick", axis, lo, hi)
			}
		}
	}
}

func TestManyCandidatesAreToldApartInASentence(t *testing.T) {
	t.Parallel()
	few := reported().Summary
	if got := headline(few); got != nil {
		t.Errorf("three candidates need no %q", got)
	}
	many := summary(t, func(p *campaign.Plan) { p.Fixes = append(p.Fixes, world.Subject{Name: "same"}) })
	for i := range many.Overall { // the world has no such candidate: it never hangs
		if many.Overall[i].Fix == "same" {
			many.Overall[i].Hung, many.Overall[i].VsBaseline = 26, &campaign.Comparison{Pairs: 80, Corrected: 1}
		}
	}
	want := "In short, against baseline (26 of 80 trials): LESS often hung half (3); MORE often late (38); no difference shown for a|b (26), same (26)."
	if got := headline(many); len(got) != 1 || got[0] != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
