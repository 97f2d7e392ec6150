package report

import (
	"fmt"
	"html/template"

	"github.com/gpstorm/gpstorm/campaign"
)

// loadHeight is the height of a chart of hang rate against storm load, loadPad the
// room above and below for the radius of a dot.
const loadHeight, loadPad = 110.0, 5.0

func loadY(rate float64) float64 { return loadPad + (loadHeight-2*loadPad)*(1-rate) }

// loadChart draws a candidate's hang rate against storm load: dots, their exact
// intervals as bands, and the baseline's dots behind.
func loadChart(l, base *campaign.Load) template.HTML {
	d := newDrawing(loadHeight, "hang rate of "+l.Fix+" against storm load")
	for _, rate := range []float64{0, 0.5, 1} {
		d.line("grid", 0, loadY(rate), 100, loadY(rate))
	}
	for _, b := range l.Bins {
		if b.Trials > 0 {
			y := loadY(b.HangRate.Hi)
			d.rect("band", 100*b.From, y, 100*(b.To-b.From), loadY(b.HangRate.Lo)-y, binTitle(l.Fix, &b))
		}
	}
	if base != nil && base != l {
		loadDots(d, "ghost", 4.5, base)
	}
	loadDots(d, "dot", 3, l)
	return d.done()
}

func loadDots(d *drawing, class string, r float64, l *campaign.Load) {
	for _, b := range l.Bins {
		if b.Trials > 0 {
			d.dot(class, 50*(b.From+b.To), loadY(share(b.Hung, b.Trials)), r, binTitle(l.Fix, &b))
		}
	}
}

func binTitle(fix string, b *campaign.LoadBin) string {
	return fmt.Sprintf("%s, load %.0f to %.0f%%: %d of %d hung, %s", fix, 100*b.From, 100*b.To, b.Hung, b.Trials, interval(b.HangRate))
}

// loadScale labels the rates beside a chart.
func loadScale() template.HTML {
	d := newDrawing(loadHeight, "")
	for _, rate := range []float64{0, 0.5, 1} {
		d.text("", "end", 100, loadY(rate)+4, percent(rate))
	}
	return d.done()
}

var loadRuler = ruler([]tick{{at: 0, label: "0%"}, {at: 50, label: "50%"}, {at: 100, label: "100%"}})
