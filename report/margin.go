package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/gpstorm/gpstorm/campaign"
)

// MarginText writes the margins of candidates as a table and in words.
func MarginText(w io.Writer, p *campaign.MarginPlan, found []campaign.Margin) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", p.Scenario.Name, p.Scenario.About)
	t := &table{header: []string{"fix", "hangs in 10 % from", "hangs in 50 % from", "trials", "loads"}}
	t.words = []int{0}
	for i := range found {
		m := &found[i]
		t.rows = append(t.rows, []string{
			m.Fix, thresholdCell(m.Axis, m.At10), thresholdCell(m.Axis, m.At50), strconv.Itoa(m.Trials), strconv.Itoa(len(m.Points)),
		})
	}
	if err := t.text(&b); err != nil {
		return err
	}
	b.WriteByte('\n')
	var base *campaign.Margin
	for i := range found {
		if found[i].Fix == campaign.Baseline {
			base = &found[i]
		}
	}
	for i := range found {
		if m := &found[i]; m != base {
			b.WriteString(wrap(marginSentence(m, base), "  ", 100))
		}
	}
	fmt.Fprintf(&b, "\n  The load is %s. From to: the\n  hang probability passes the target above the first figure and at or below the second,\n  but for a chance of %s a threshold.\n", axisMeaning[p.Axis], percent(campaign.MarginError))
	_, err := io.WriteString(w, b.String())
	return err
}

var axisMeaning = map[campaign.Axis]string{
	campaign.AxisDuty:    "the share of a CPU's time that storms take, throttle off",
	campaign.AxisHandler: "the time of one sample",
	campaign.AxisReaders: "the number of reader tasks",
}

// marginSentence says where a candidate begins to hang, beside the baseline. It
// claims a difference only where the two intervals have nothing in common.
func marginSentence(m, base *campaign.Margin) string {
	switch {
	case base == nil:
		return m.Fix + " " + from(m)
	case m.At50.Apart(base.At50):
		return m.Fix + " " + from(m) + "; " + base.Fix + " " + strings.TrimPrefix(from(base), "hangs ")
	}
	return m.Fix + ": no difference to " + base.Fix + " shown, " + thresholdCell(m.Axis, m.At50) + " against " + thresholdCell(base.Axis, base.At50)
}

func from(m *campaign.Margin) string {
	switch t := m.At50; {
	case t.Beyond:
		return "does not hang up to " + load(m.Axis, t.Lo)
	case t.Below:
		return "hangs from " + load(m.Axis, t.Hi) + " on, or less"
	default:
		return "hangs from " + load(m.Axis, t.Hi) + " on"
	}
}

func thresholdCell(a campaign.Axis, t campaign.Threshold) string {
	switch {
	case t.Beyond && t.Below:
		return "unknown"
	case t.Beyond:
		return "above " + load(a, t.Lo)
	case t.Below:
		return load(a, t.Hi) + " or less"
	}
	return load(a, t.Lo) + " to " + load(a, t.Hi)
}

// load writes a value of the axis. Shares near 1 keep the digits that tell them
// apart.
func load(a campaign.Axis, v float64) string {
	switch a {
	case campaign.AxisHandler:
		return duration(time.Duration(math.Round(v)))
	case campaign.AxisReaders:
		return strconv.Itoa(int(v))
	}
	digits := max(1, int(math.Ceil(-math.Log10(1-v)-0.25)))
	return strconv.FormatFloat(100*v, 'f', digits-1, 64) + "%"
}

// MarginJSON writes a line for each candidate, with all points of its chart.
func MarginJSON(w io.Writer, found []campaign.Margin) error {
	enc := json.NewEncoder(w)
	for i := range found {
		if err := enc.Encode(&found[i]); err != nil {
			return err
		}
	}
	return nil
}
