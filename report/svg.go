package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// drawing is an SVG under construction. Its widths are percentages and its heights
// pixels, so that text and lines keep their size on a phone. Colours come from the
// classes of the page.
type drawing struct{ b strings.Builder }

func newDrawing(height float64, label string) *drawing {
	d := &drawing{}
	fmt.Fprintf(&d.b, `<svg class="plot" width="100%%" height="%g"`, height)
	if label == "" {
		d.b.WriteString(` aria-hidden="true">`)
	} else {
		fmt.Fprintf(&d.b, ` role="img" aria-label="%s">`, html.EscapeString(label))
	}
	return d
}

// rect draws a rectangle. Its title is a tooltip, which screen readers also read.
func (d *drawing) rect(class string, x, y, w, h float64, title string) {
	fmt.Fprintf(&d.b, `<rect class="%s" x="%.2f%%" y="%.1f" width="%.2f%%" height="%.1f"`, class, x, y, w, h)
	d.titled("rect", title)
}

func (d *drawing) titled(element, title string) {
	if title == "" {
		d.b.WriteString("/>")
		return
	}
	fmt.Fprintf(&d.b, "><title>%s</title></%s>", html.EscapeString(title), element)
}

func (d *drawing) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(&d.b, `<line class="%s" x1="%.2f%%" y1="%.1f" x2="%.2f%%" y2="%.1f"/>`, class, x1, y1, x2, y2)
}

// text anchors at start, middle or end.
func (d *drawing) text(class, anchor string, x, y float64, s string) {
	fmt.Fprintf(&d.b, `<text class="%s" x="%.2f%%" y="%.1f" text-anchor="%s">%s</text>`, class, x, y, anchor, html.EscapeString(s))
}

// newParts begins a bar of parts. The style of the page has the height of the parts
// and the place of the letters, for a page has hundreds of them.
func newParts(label string) *drawing {
	d := &drawing{}
	fmt.Fprintf(&d.b, `<svg class="plot parts" role="img" aria-label="%s">`, html.EscapeString(label))
	return d
}

func (d *drawing) part(class string, x, w float64) {
	fmt.Fprintf(&d.b, `<rect class="%s" x="%s%%" width="%s%%"/>`, class, tenths(x), tenths(w))
}

func (d *drawing) letter(x float64, s string) {
	fmt.Fprintf(&d.b, `<text x="%s%%" y="16">%s</text>`, tenths(x), html.EscapeString(s))
}

// tenths writes a number to a tenth, without a zero behind the point.
func tenths(v float64) string { return strconv.FormatFloat(math.Round(10*v)/10, 'f', -1, 64) }

func (d *drawing) done() template.HTML { return template.HTML(d.b.String() + "</svg>") }

// tick is a labelled place on an axis, in percent of its length. A phone does not
// show the labels of minor ticks.
type tick struct {
	at    float64
	label string
	minor bool
}

// ruler draws the labels of an axis. A label at the right end stays within it.
func ruler(ticks []tick) template.HTML {
	d := newDrawing(16, "")
	for _, t := range ticks {
		anchor := "middle"
		if t.at > 99 {
			anchor = "end"
		}
		class := "major"
		if t.minor {
			class = "minor"
		}
		d.text(class, anchor, t.at, 12, t.label)
	}
	return d.done()
}

func (d *drawing) grid(ticks []tick, height float64) {
	for _, t := range ticks {
		d.line("grid", t.at, 0, t.at, height)
	}
}

// chart is a column of plots that share an axis.
type chart struct {
	Rows  []chartRow
	Ruler template.HTML
	Axis  string // the title of the axis
	Name  string // what the chart shows, for screen readers
	// Side is the header of the smaller plots.
	Side string
	Key  []legendEntry
}

// Names is the length of the longest name, in letters.
func (c *chart) Names() (longest int) {
	for _, r := range c.Rows {
		longest = max(longest, len(r.Fix))
	}
	return longest
}

type chartRow struct {
	Fix  string
	Plot template.HTML
	Side template.HTML // a smaller plot, or nothing
	Note string
	// Below is set for a row that belongs to the one above it.
	Below bool
}

// legendEntry explains a pattern and its letter.
type legendEntry struct {
	Class, Letter, Words string
}

// bars holds the bars of a histogram as one path, since a page has hundreds. Screen
// readers read the table above them instead. A bar is a line as wide as one step, so
// that the path has two numbers for each: its step, and its height in pixels. The
// style of the page has the height of all.
type bars struct{ b strings.Builder }

func newBars(steps int) *bars {
	d := &bars{}
	fmt.Fprintf(&d.b, `<svg class="plot bars" viewBox="-.5 -%d %d %[1]d" preserveAspectRatio="none" aria-hidden="true"><path d="`, rowHeight, steps)
	return d
}

// add draws the bar of a step, counted from 0.
func (d *bars) add(step int, height float64) { fmt.Fprintf(&d.b, "M%d 0V-%.0f", step, height) }

func (d *bars) done() template.HTML {
	d.b.WriteString(`"/></svg>`)
	return template.HTML(d.b.String())
}
