package report

import (
	"fmt"
	"html/template"
	"math"
	"time"

	"github.com/gpstorm/gpstorm/campaign"
)

// The height of a row of a chart, and of the lowest bar that is visible in it.
const rowHeight, leastBar = 24, 2

// waitsChart draws, for each candidate of a class, the distribution of close() on
// a logarithmic axis, and the share of closes that had not returned.
func waitsChart(c *campaign.ClassSummary) *chart {
	first, last := usedSteps(c)
	x := func(step int) float64 { return 100 * float64(step-first) / float64(last+1-first) }
	var ticks []tick
	many := last-first > 5*4
	for step := first; step <= last+1; step++ {
		if step%4 == 0 {
			ticks = append(ticks, tick{at: x(step), label: decade(step), minor: many && step/4%2 == 1})
		}
	}
	ch := &chart{Ruler: ruler(ticks), Axis: "time of close(), logarithmic", Side: "still waiting at the end"}
	for i := range c.Rows {
		r := &c.Rows[i]
		most := 1
		for _, n := range r.Waits {
			most = max(most, n)
		}
		bars := newBars(last + 1 - first)
		for step, n := range r.Waits {
			if n > 0 {
				bars.add(step-first, max(leastBar, (rowHeight-5)*float64(n)/float64(most)))
			}
		}
		ch.Rows = append(ch.Rows, chartRow{Fix: r.Fix, Plot: bars.done(), Side: censoredBar(r), Note: censoredNote(r)})
	}
	return ch
}

// censoredBar draws the share of closes that had not returned.
func censoredBar(r *campaign.Row) template.HTML {
	if r.Censored == 0 {
		return ""
	}
	return template.HTML(fmt.Sprintf(`<b style="width:%.3g%%"></b>`, 100*share(r.Censored, r.Closes)))
}

func censoredNote(r *campaign.Row) string {
	if r.Closes == 0 {
		return "no close()"
	}
	return percent(share(r.Censored, r.Closes))
}

// usedSteps returns the range of steps with any close(), extended to whole decades.
func usedSteps(c *campaign.ClassSummary) (first, last int) {
	first, last = math.MaxInt, 0
	for i := range c.Rows {
		for step, n := range c.Rows[i].Waits {
			if n > 0 {
				first, last = min(first, step), max(last, step)
			}
		}
	}
	if first > last {
		first, last = 0, 0
	}
	return first / 4 * 4, last/4*4 + 3
}

// decade labels the step at a power of ten.
func decade(step int) string {
	d := time.Duration(math.Round(1000 * math.Pow(10, float64(step)/4)))
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{time.Second, "s"}, {time.Millisecond, "ms"}, {time.Microsecond, "us"}} {
		if d >= u.unit {
			return fmt.Sprintf("%d%s", d/u.unit, u.name)
		}
	}
	return d.String()
}
