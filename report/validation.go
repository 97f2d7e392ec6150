package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gpstorm/gpstorm/campaign/calibration"
)

// ValidationText compares the model with real kernels, with a table for each group of
// figures.
func ValidationText(w io.Writer, s Screen, v *calibration.Result) error {
	var b strings.Builder
	judged, recorded, compared := 0, false, false // recorded by boots
	rows := pointers(v.Rows)
	for len(rows) > 0 {
		n := 0
		for ; n < len(rows) && rows[n].Group == rows[0].Group; n++ {
			if rows[n].Judged() {
				judged++
			}
			recorded = recorded || rows[n].Boots > 0
			compared = compared || rows[n].Boots > 0 && rows[n].Judged()
		}
		fmt.Fprintf(&b, "%s\n", rows[0].Group)
		shown := validationColumns
		if rows[0].Boots == 0 {
			shown = slices.Concat(shown[:2], shown[3:]) // no boots were recorded
		}
		if err := shown.table(rows[:n]).text(&b, s); err != nil {
			return err
		}
		b.WriteByte('\n')
		rows = rows[n:]
	}
	for i := range v.Rankings {
		r := &v.Rankings[i]
		fmt.Fprintf(&b, "candidates by close() p50, %s, %s\n", r.Ranked[0].Scenario, r.Ranked[0].Kernel)
		if err := rankingColumns.table(pointers(r.Ranked)).text(&b, s); err != nil {
			return err
		}
		fmt.Fprintf(&b, "rank correlation %.2f\n\n", r.Correlation)
	}
	fmt.Fprintf(&b, "%d of %d judged figures are within their bands", judged-v.Outside(), judged)
	if known := v.Outside() - v.Unknown(); known > 0 {
		fmt.Fprintf(&b, "; of %d that are not the reason is known", known)
	}
	b.WriteByte('\n')
	if recorded && !compared {
		b.WriteString(s.wrap("No figure of the recorded boots was judged: want a scenario on two kernels, since ratios of kernels have bands and times have none.", ""))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

type validationRow = calibration.Row

var validationColumns = columns[*validationRow]{
	{head: "figure", words: true, show: func(r *validationRow) cell { return cell{Text: r.What} }},
	{head: "measured", show: func(r *validationRow) cell { return cell{Text: quantity(r.Measured, r.Unit)} }},
	{head: "boots", spare: 1, show: func(r *validationRow) cell {
		switch {
		case r.Boots == 0:
			return cell{Text: nothing}
		case r.Boots == 1:
			return cell{Text: "1"}
		}
		return cell{Text: fmt.Sprintf("%d: %s to %s", r.Boots, strings.TrimSuffix(quantity(r.Least, r.Unit), " "+r.Unit), quantity(r.Most, r.Unit))}
	}},
	{head: "model", show: func(r *validationRow) cell { return cell{Text: quantity(r.Model, r.Unit)} }},
	{head: "ratio", show: func(r *validationRow) cell {
		if math.IsNaN(r.Ratio()) || r.Unit == "yes" {
			return cell{Text: nothing}
		}
		return cell{Text: bare(r.Ratio())}
	}},
	{head: "band", show: func(r *validationRow) cell {
		switch {
		case !r.Judged():
			return cell{Text: nothing}
		case r.Low == r.High:
			return cell{Text: "exact"}
		}
		return cell{Text: bare(r.Low) + " to " + bare(r.High)}
	}},
	{head: "verdict", words: true, show: func(r *validationRow) cell {
		switch {
		case !r.Judged():
			return cell{}
		case r.Known != "":
			return cell{Text: "known: " + r.Known}
		case !r.Within:
			return cell{Text: "OUTSIDE"}
		}
		return cell{Text: "ok"}
	}},
}

var rankingColumns = columns[*calibration.Ranked]{
	{head: "candidate", words: true, show: func(r *calibration.Ranked) cell { return cell{Text: r.Fix} }},
	{head: "measured", show: func(r *calibration.Ranked) cell { return cell{Text: quantity(r.Measured, "ms")} }},
	{head: "place", show: func(r *calibration.Ranked) cell { return cell{Text: quantity(r.MeasuredPlace, "")} }},
	{head: "model", show: func(r *calibration.Ranked) cell { return cell{Text: quantity(r.Model, "ms")} }},
	{head: "place", show: func(r *calibration.Ranked) cell { return cell{Text: quantity(r.ModelPlace, "")} }},
}

// quantity writes a figure with its unit.
func quantity(v float64, unit string) string {
	switch {
	case math.IsNaN(v):
		return nothing
	case unit == "":
		return strconv.FormatFloat(math.Round(100*v)/100, 'f', -1, 64)
	case unit == "yes" && v == 0:
		return "no"
	case unit == "yes":
		return unit
	case unit == "x":
		return ratio(v)
	}
	return digits(v) + " " + unit
}

// ValidationJSON writes a line for each figure, then one for each ranking.
func ValidationJSON(w io.Writer, v *calibration.Result) error {
	enc := json.NewEncoder(w)
	for i := range v.Rows {
		if err := enc.Encode(&v.Rows[i]); err != nil {
			return err
		}
	}
	for i := range v.Rankings {
		if err := enc.Encode(&v.Rankings[i]); err != nil {
			return err
		}
	}
	return nil
}
