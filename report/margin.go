package report

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/margin"
)

// MarginText writes the margins of candidates as a table and in words.
func MarginText(w io.Writer, s Screen, set *margin.Set) error {
	var b strings.Builder
	b.WriteString(s.paint(strong, strings.TrimSuffix(s.Hang("", set.Scenario.Name+": "+oneLine(set.Scenario.About), 2), "\n")) + "\n")
	if err := marginText(&b, s, set); err != nil {
		return err
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func marginText(b *strings.Builder, scr Screen, set *margin.Set) error {
	if err := marginTable(set).text(b, scr); err != nil {
		return err
	}
	b.WriteByte('\n')
	marginPicture(b, scr, set)
	b.WriteByte('\n')
	if sentences := marginSentences(set); len(sentences) > 0 {
		for _, s := range sentences {
			b.WriteString(scr.wrap(s, "  "))
		}
		b.WriteByte('\n')
	}
	b.WriteString(scr.wrap(marginMeaning(set.Axis), "  "))
	return nil
}

var marginColumns = columns[*margin.Margin]{
	{head: "fix", words: true, show: func(m *margin.Margin) cell { return cell{Text: m.Fix} }},
	{head: "hangs in 10 % from", show: func(m *margin.Margin) cell { return cell{Text: thresholdCell(m.Axis, m.At10)} }},
	{head: "hangs in 50 % from", show: func(m *margin.Margin) cell { return cell{Text: thresholdCell(m.Axis, m.At50)} }},
	{head: "trials", show: func(m *margin.Margin) cell { return cell{Text: strconv.Itoa(m.Trials)} }},
	{head: "loads", show: func(m *margin.Margin) cell { return cell{Text: strconv.Itoa(len(m.Points))} }},
}

func marginTable(set *margin.Set) *table { return marginColumns.table(pointers(set.Margins)) }

// marginHeading names a search among the tables of a campaign.
func marginHeading(set *margin.Set) string {
	return fmt.Sprintf("margin along %s, in %s: %s", set.Axis, set.Scenario.Name, oneLine(set.Scenario.About))
}

func marginMeaning(a margin.Axis) string {
	return fmt.Sprintf("The load is %s. The hang probability passes 10 %% or 50 %% above the first figure and at or below the second; each such interval is wrong with a probability of at most %s.",
		axisMeaning[a], percent(margin.Error))
}

var axisMeaning = map[margin.Axis]string{
	margin.AxisDuty:    "the share of a CPU's time that storms take, throttle off",
	margin.AxisHandler: "the time of one sample",
	margin.AxisReaders: "the number of reader tasks",
}

// marginSentences are about all candidates but the baseline.
func marginSentences(set *margin.Set) (lines []string) {
	base := set.Of(campaign.Baseline)
	for i := range set.Margins {
		if m := &set.Margins[i]; m != base {
			lines = append(lines, marginSentence(m, base))
		}
	}
	return lines
}

// marginSentence compares the loads at which a candidate and the baseline begin to hang.
// It claims a difference only if the two intervals are disjoint.
func marginSentence(m, base *margin.Margin) string {
	switch {
	case base == nil:
		return m.Fix + " " + from(m)
	case m.At50.Apart(base.At50):
		return m.Fix + " " + from(m) + "; " + base.Fix + " " + strings.TrimPrefix(from(base), "hangs ")
	}
	return m.Fix + ": no difference to " + base.Fix + " shown, " + thresholdCell(m.Axis, m.At50) + " against " + thresholdCell(base.Axis, base.At50)
}

func from(m *margin.Margin) string {
	switch t := m.At50; {
	case t.Beyond:
		return "does not hang up to " + load(m.Axis, t.Lo)
	case t.Below:
		return "hangs from " + load(m.Axis, t.Hi) + " on, or less"
	default:
		return "hangs from " + load(m.Axis, t.Hi) + " on"
	}
}

func thresholdCell(a margin.Axis, t margin.Threshold) string {
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

// load writes a value of the axis. Shares near 1 keep the digits that distinguish them.
func load(a margin.Axis, v float64) string {
	switch a {
	case margin.AxisHandler:
		return duration(time.Duration(math.Round(v)))
	case margin.AxisReaders:
		return strconv.Itoa(int(v))
	}
	digits := max(1, int(math.Ceil(-float64(math.Log10(1-v))-0.25)))
	return strconv.FormatFloat(100*v, 'f', digits-1, 64) + "%"
}
