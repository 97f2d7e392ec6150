package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/campaign/calibration"
	"github.com/gpstorm/gpstorm/world"
)

// Times of a real kernel alone have no band. The report says so, or a reader might take
// the model's figures, which are within their bands, for judged times.
func TestAValidationSaysIfNoRecordedFigureWasJudged(t *testing.T) {
	t.Parallel()
	shipped := calibration.Row{Group: "a", What: "x", Measured: 1, Model: 1, Low: 0.5, High: 2, Within: true}
	times := calibration.Row{Group: "b", What: "y", Measured: 1, Model: 1, Boots: 1, Within: true}
	judged := times
	judged.Group, judged.Low, judged.High = "c", 0.5, 2
	for _, c := range []struct {
		rows []calibration.Row
		said bool
	}{
		{[]calibration.Row{shipped}, false},
		{[]calibration.Row{shipped, times}, true},
		{[]calibration.Row{shipped, times, judged}, false},
	} {
		text := written(t, func(b *bytes.Buffer) error {
			return ValidationText(b, Screen{}, &calibration.Result{Rows: c.rows})
		})
		if got := strings.Contains(text, "\nNo figure of the recorded boots was judged: want a scenario on two kernels"); got != c.said {
			t.Errorf("%d rows: said is %t\n%s", len(c.rows), got, text)
		}
	}
}

func TestAReportSaysHowFarItsTimesHold(t *testing.T) {
	t.Parallel()
	for facts, want := range map[world.Facts]string{
		{Virtual: true}:                     "differ between repetitions",
		{}:                                  "hold for the machine",
		{Virtual: true, Reproducible: true}: "",
	} {
		r := *reported()
		s := *r.Summary
		s.Head.Facts = facts
		r.Summary = &s
		text := strings.Join(r.limits(), "\n")
		for _, other := range []string{"differ between repetitions", "hold for the machine"} {
			if strings.Contains(text, other) != (other == want) {
				t.Errorf("%+v: %s", facts, text)
			}
		}
	}
}
