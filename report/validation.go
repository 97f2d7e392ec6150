package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/gpstorm/gpstorm/campaign"
)

// ValidationText writes the model beside what real kernels did.
func ValidationText(w io.Writer, v *campaign.Validation) error {
	var b strings.Builder
	judged, group := 0, ""
	t := &table{}
	flush := func() error {
		if len(t.rows) == 0 {
			return nil
		}
		fmt.Fprintf(&b, "%s\n", group)
		if err := t.text(&b); err != nil {
			return err
		}
		b.WriteByte('\n')
		return nil
	}
	for i := range v.Rows {
		r := &v.Rows[i]
		if r.Judged() {
			judged++
		}
		if r.Group != group {
			if err := flush(); err != nil {
				return err
			}
			group = r.Group
			t = &table{header: []string{"", "measured", "model", "ratio", "band", ""}, words: []int{0, 5}}
		}
		t.rows = append(t.rows, validationCells(r))
	}
	if err := flush(); err != nil {
		return err
	}
	fmt.Fprintf(&b, "%d of %d judged figures are within their bands\n", judged-v.Outside(), judged)
	_, err := io.WriteString(w, b.String())
	return err
}

func validationCells(r *campaign.ValidationRow) []string {
	measured, model, ratio, bandCell, verdict := quantity(r.Measured, r.Unit), quantity(r.Model, r.Unit), nothing, nothing, ""
	if !math.IsNaN(r.Ratio()) && r.Unit != "yes" {
		ratio = bare(r.Ratio())
	}
	if r.Judged() {
		if bandCell = bare(r.Low) + " to " + bare(r.High); r.Low == r.High {
			bandCell = "exact"
		}
		if verdict = "ok"; !r.Within {
			verdict = "OUTSIDE"
		}
	}
	return []string{r.What, measured, model, ratio, bandCell, verdict}
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

// ValidationJSON writes a line for each figure.
func ValidationJSON(w io.Writer, v *campaign.Validation) error {
	enc := json.NewEncoder(w)
	for i := range v.Rows {
		if err := enc.Encode(&v.Rows[i]); err != nil {
			return err
		}
	}
	return nil
}
