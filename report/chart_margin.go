package report

import (
	"fmt"
	"math"
	"strconv"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/margin"
)

// marginScale maps the loads of an axis to percent of a plot: shares by the logarithm of
// their odds, like the search, other loads by their logarithm.
type marginScale struct {
	axis     margin.Axis
	from, to float64 // on the logarithmic scale
}

func (s *marginScale) log(load float64) float64 {
	if s.axis == margin.AxisDuty {
		return math.Log2(load / (1 - load))
	}
	return math.Log2(load)
}

func (s *marginScale) at(load float64) float64 {
	return min(max(100*(s.log(load)-s.from)/(s.to-s.from), 0), 100)
}

// newMarginScale returns a scale that covers all thresholds with some space around them.
func newMarginScale(set *margin.Set) *marginScale {
	s := &marginScale{axis: set.Axis, from: math.Inf(1), to: math.Inf(-1)}
	for i := range set.Margins {
		m := &set.Margins[i]
		for _, t := range []margin.Threshold{m.At10, m.At50} {
			if !t.Below {
				s.from, s.to = min(s.from, s.log(t.Lo)), max(s.to, s.log(t.Lo))
			}
			if !t.Beyond {
				s.from, s.to = min(s.from, s.log(t.Hi)), max(s.to, s.log(t.Hi))
			}
		}
	}
	if math.IsInf(s.from, 0) { // no threshold is known
		s.from, s.to = 0, 1
	}
	room := max(0.08*(s.to-s.from), 0.25)
	s.from, s.to = s.from-room, s.to+room
	return s
}

// marginTicks are round loads, coarse lists first. A ruler uses the finest list
// that fits.
var marginTicks = map[margin.Axis][][]float64{
	margin.AxisDuty: {
		{0.5, 0.9, 0.99, 0.999, 0.9999},
		{0.2, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9998, 0.9999},
		{0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.985, 0.988, 0.99, 0.992, 0.994, 0.995, 0.996, 0.997, 0.998, 0.9985, 0.999, 0.9993, 0.9995, 0.9998, 0.9999},
	},
	margin.AxisHandler: {
		{1e3, 1e4, 1e5, 1e6, 1e7, 1e8},
		{1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7, 2e7, 5e7, 1e8},
		{1e3, 1.5e3, 2e3, 3e3, 5e3, 7e3, 1e4, 1.5e4, 2e4, 3e4, 5e4, 7e4, 1e5, 1.5e5, 2e5, 3e5, 5e5, 7e5, 1e6, 1.5e6, 2e6, 3e6, 4e6, 5e6, 7e6, 1e7, 1.5e7, 2e7, 3e7, 5e7, 7e7, 1e8},
	},
	margin.AxisReaders: {
		{1, 10, 100},
		{1, 2, 5, 10, 20, 50, 100, 200},
		{1, 2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 30, 40, 50, 60, 70, 80, 100, 120, 150, 200},
	},
}

// The least distances of two labels, in percent of the plot: on a wide screen and
// on a phone.
const closest, closestOnPhone = 7.0, 18.0

// ticks returns the finest ticks whose labels do not overlap.
func (s *marginScale) ticks() (best []tick) {
	for _, loads := range marginTicks[s.axis] {
		var ticks []tick
		tight, major := false, -closestOnPhone
		for _, l := range loads {
			if v := s.log(l); v < s.from || v > s.to {
				continue
			}
			t := tick{at: s.at(l), label: tickLabel(s.axis, l)}
			tight = tight || len(ticks) > 0 && t.at-ticks[len(ticks)-1].at < closest
			if t.minor = t.at-major < closestOnPhone; !t.minor {
				major = t.at
			}
			ticks = append(ticks, t)
		}
		if len(best) == 0 || !tight {
			best = ticks
		}
	}
	return best
}

// tickLabel writes a round load without trailing zeros.
func tickLabel(a margin.Axis, v float64) string {
	short := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	switch {
	case a == margin.AxisDuty:
		return short(100*v) + "%"
	case a == margin.AxisReaders:
		return short(v)
	case v < 1e6:
		return short(v/1e3) + "us"
	}
	return short(v/1e6) + "ms"
}

// marginChart draws the intervals of the loads at which each candidate's hang probability
// passes 10 and 50 %, in front of the baseline's interval for 50 %.
func marginChart(set *margin.Set) *chart {
	s := newMarginScale(set)
	ticks := s.ticks()
	ch := &chart{Ruler: ruler(ticks), Axis: axisMeaning[set.Axis]}
	base := set.Of(campaign.Baseline)
	for i := range set.Margins {
		m := &set.Margins[i]
		d := newDrawing(rowHeight, fmt.Sprintf("%s hangs in 10 %% from %s, in 50 %% from %s",
			m.Fix, thresholdCell(m.Axis, m.At10), thresholdCell(m.Axis, m.At50)))
		d.grid(ticks, rowHeight)
		d.line("axis", 0, rowHeight-0.5, 100, rowHeight-0.5)
		if base != nil && base != m {
			from, to := s.span(base.At50)
			d.rect("band", from, 0, to-from, rowHeight, "baseline: 50 % from "+thresholdCell(base.Axis, base.At50))
		}
		s.interval(d, "tenth", 3, m.At10, "10 % from "+thresholdCell(m.Axis, m.At10))
		s.interval(d, "half", 12, m.At50, "50 % from "+thresholdCell(m.Axis, m.At50))
		ch.Rows = append(ch.Rows, chartRow{Fix: m.Fix, Plot: d.done(), Note: thresholdCell(m.Axis, m.At50)})
	}
	return ch
}

// span returns the ends of an interval in the plot. If the threshold is beyond the search
// on a side, the end is at the edge.
func (s *marginScale) span(t margin.Threshold) (from, to float64) {
	from, to = 0, 100
	if !t.Below {
		from = s.at(t.Lo)
	}
	if !t.Beyond {
		to = s.at(t.Hi)
	}
	return from, to
}

// interval draws a threshold, 8 pixels high. An arrow marks a side where it is
// beyond the search.
func (s *marginScale) interval(d *drawing, class string, y float64, t margin.Threshold, title string) {
	from, to := s.span(t)
	if t.Beyond || t.Below {
		class += " open"
	}
	d.rect(class, from, y, to-from, 8, title)
	if t.Beyond {
		d.text("arrow", "end", 99.5, y+7.5, "▶")
	}
	if t.Below {
		d.text("arrow", "start", 0.5, y+7.5, "◀")
	}
}

// pageMargin is one search on the page.
type pageMargin struct {
	ID, Axis, Meaning, Where string
	Chart                    *chart
	Sentences                []string
}

func marginOf(set *margin.Set) pageMargin {
	return pageMargin{
		ID:   "margin-" + string(set.Axis) + "-" + set.Scenario.Name,
		Axis: string(set.Axis), Meaning: axisMeaning[set.Axis], Where: set.Scenario.Name + ": " + oneLine(set.Scenario.About),
		Chart: marginChart(set).named("margins by " + string(set.Axis)), Sentences: marginSentences(set),
	}
}
