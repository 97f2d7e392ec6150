package report

import (
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/campaign/margin"
)

func TestMarginSentences(t *testing.T) {
	t.Parallel()
	base := margin.Margin{Fix: "baseline", Axis: margin.AxisDuty, At50: margin.Threshold{Lo: 0.585, Hi: 0.61}}
	for _, c := range []struct {
		fix  string
		at   margin.Threshold
		want string
	}{
		{"better", margin.Threshold{Lo: 0.9, Hi: 0.92}, "better hangs from 92% on; baseline from 61% on"},
		{"same", margin.Threshold{Lo: 0.6, Hi: 0.63}, "same: no difference to baseline shown, 60% to 63% against 58% to 61%"},
		{"never", margin.Threshold{Lo: 0.99988, Beyond: true}, "never does not hang up to 99.988%; baseline from 61% on"},
		{"always", margin.Threshold{Hi: 0.2, Below: true}, "always hangs from 20% on, or less; baseline from 61% on"},
	} {
		m := margin.Margin{Fix: c.fix, Axis: margin.AxisDuty, At50: c.at}
		if got := marginSentence(&m, &base); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestMarginTextHasARowForEachCandidate(t *testing.T) {
	t.Parallel()
	p := &margin.Plan{Scenario: margin.Scenario(), Axis: margin.AxisHandler}
	found := []margin.Margin{
		{Fix: "baseline", Axis: p.Axis, Trials: 60, At10: margin.Threshold{Lo: 1000, Hi: 1189}, At50: margin.Threshold{Lo: 1189, Hi: 1414}},
		{Fix: "other", Axis: p.Axis, Trials: 96, At10: margin.Threshold{Lo: 92_700_000, Beyond: true}, At50: margin.Threshold{Lo: 92_700_000, Beyond: true}},
	}
	var b strings.Builder
	set := p.Set(found)
	if err := MarginText(&b, Screen{}, &set); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\nbaseline    1.00us to 1.19us    1.19us to 1.41us      60 ",
		"\nother           above 92.7ms        above 92.7ms      96 ",
		"  other does not hang up to 92.7ms; baseline from 1.41us on\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}
