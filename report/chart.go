package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strings"
	"time"

	"github.com/gpstorm/gpstorm/campaign"
)

// drawing is an SVG under construction. Colours come from the page's classes.
type drawing struct {
	b             strings.Builder
	width, height float64
}

func newDrawing(width, height float64, label string) *drawing {
	d := &drawing{width: width, height: height}
	fmt.Fprintf(&d.b, `<svg viewBox="0 0 %g %g" width="%g" height="%g" role="img" aria-label="%s">`, width, height, width, height, html.EscapeString(label))
	return d
}

func (d *drawing) rect(class string, x, y, w, h float64, title string) {
	fmt.Fprintf(&d.b, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"`, class, x, y, w, h)
	if title == "" {
		d.b.WriteString("/>")
		return
	}
	fmt.Fprintf(&d.b, "><title>%s</title></rect>", html.EscapeString(title))
}

func (d *drawing) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(&d.b, `<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, class, x1, y1, x2, y2)
}

func (d *drawing) dot(class string, x, y float64, title string) {
	fmt.Fprintf(&d.b, `<circle class="%s" cx="%.1f" cy="%.1f" r="3"><title>%s</title></circle>`, class, x, y, html.EscapeString(title))
}

// text anchors at start, middle or end.
func (d *drawing) text(anchor string, x, y float64, s string) {
	fmt.Fprintf(&d.b, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, x, y, anchor, html.EscapeString(s))
}

// name is the label of a row.
func (d *drawing) name(x, y float64, s string) {
	fmt.Fprintf(&d.b, `<text class="name" x="%.1f" y="%.1f" text-anchor="end">%s</text>`, x, y, html.EscapeString(s))
}

func (d *drawing) done() template.HTML { return template.HTML(d.b.String() + "</svg>") }

// waitsChart draws, for each candidate of a class, the distribution of close()
// on a log axis and the share that was cut off.
func waitsChart(c *campaign.ClassSummary) template.HTML {
	const (
		left, plot, gap, cut = 110.0, 460.0, 34.0, 120.0
		row, foot            = 24.0, 22.0
	)
	first, last := usedSteps(c)
	height := row*float64(len(c.Rows)) + foot
	d := newDrawing(left+plot+gap+cut, height, "distribution of close() in "+c.Name)
	x := func(step int) float64 { return left + plot*float64(step-first)/float64(last+1-first) }
	for step := first; step <= last+1; step++ {
		if step%4 == 0 {
			d.line("grid", x(step), 0, x(step), height-foot)
			d.text("middle", x(step), height-6, decade(step))
		}
	}
	d.text("start", left+plot+gap, height-6, "cut off, still waiting")
	for i := range c.Rows {
		r := &c.Rows[i]
		bottom := row * float64(i+1)
		d.name(left-8, bottom-7, r.Fix)
		d.line("axis", left, bottom, left+plot, bottom)
		most := 1
		for _, n := range r.Waits {
			most = max(most, n)
		}
		for step, n := range r.Waits {
			if n == 0 {
				continue
			}
			h := (row - 5) * float64(n) / float64(most)
			d.rect("bar", x(step)+0.5, bottom-h, x(step+1)-x(step)-1, h, fmt.Sprintf("%d of %d closes from %s", n, r.Closes, duration(campaign.Edge(step))))
		}
		if r.Censored > 0 {
			share := float64(r.Censored) / float64(r.Closes)
			d.rect("cut", left+plot+gap, bottom-row+6, (cut-42)*share, row-9, "")
			d.text("start", left+plot+gap+(cut-42)*share+4, bottom-7, percent(share))
		}
	}
	return d.done()
}

// usedSteps is the range of steps that any candidate uses, to whole decades.
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

// loadChart draws a candidate's hang rate against storm load: dots, their exact
// intervals as bands, and the baseline's dots behind.
func loadChart(l, base *campaign.Load) template.HTML {
	const left, top, w, h, foot = 34.0, 8.0, 190.0, 110.0, 24.0
	d := newDrawing(left+w+18, top+h+foot, "hang rate of "+l.Fix+" against storm load")
	y := func(rate float64) float64 { return top + h*(1-rate) }
	for _, tick := range []float64{0, 0.5, 1} {
		d.line("grid", left, y(tick), left+w, y(tick))
		d.text("end", left-4, y(tick)+4, fmt.Sprintf("%.0f%%", 100*tick))
		d.text("middle", left+w*tick, top+h+16, fmt.Sprintf("%.0f%%", 100*tick))
	}
	draw := func(l *campaign.Load, class string, bands bool) {
		for _, b := range l.Bins {
			if b.Trials == 0 {
				continue
			}
			rate := float64(b.Hung) / float64(b.Trials)
			title := fmt.Sprintf("%s, load %.0f to %.0f%%: %d of %d hung, %s", l.Fix, 100*b.From, 100*b.To, b.Hung, b.Trials, interval(b.HangRate))
			if bands {
				d.rect("band", left+w*b.From+1, y(b.HangRate.Hi), w*(b.To-b.From)-2, y(b.HangRate.Lo)-y(b.HangRate.Hi), title)
			}
			d.dot(class, left+w*(b.From+b.To)/2, y(rate), title)
		}
	}
	if base != nil && base != l {
		draw(base, "ghost", false)
	}
	draw(l, "dot", true)
	return d.done()
}
