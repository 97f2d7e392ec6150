package report

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/gpstorm/gpstorm/campaign"
)

//go:embed page
var pageFiles embed.FS

var page = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"style": func() (template.CSS, error) {
		b, err := pageFiles.ReadFile("page/page.css")
		return template.CSS(b), err
	},
	"script": func() (template.JS, error) { b, err := pageFiles.ReadFile("page/page.js"); return template.JS(b), err },
}).ParseFS(pageFiles, "page/page.html"))

// HTML writes the report as one page that needs nothing else: no network, no
// other file.
func HTML(w io.Writer, s *campaign.Summary) error {
	return page.Execute(w, pageOf(s))
}

// The page's data, ready to be laid out.
type (
	pageData struct {
		Valid       bool
		Trials      int
		Verdict     []statement
		Checks      []campaign.Check
		Scenarios   []string
		Matrix      []matrixRow
		Classes     []pageClass
		Loads       []pageLoad
		Clusters    []campaign.Cluster
		Definitions []string
		Command     string
	}
	// matrixRow is a candidate's hang rate in each scenario.
	matrixRow struct {
		Fix, Claim string
		Cells      []pageCell
	}
	pageClass struct {
		Name, About string
		Header      []pageCell
		Rows        [][]pageCell
		Waits       template.HTML
	}
	// pageCell is text to show and the figure to sort by.
	pageCell struct {
		Text, Title string
		Sort        float64
		Words       bool
		Shade       float64 // 0 to 1
	}
	pageLoad struct {
		Fix   string
		Chart template.HTML
	}
)

func pageOf(s *campaign.Summary) *pageData {
	d := &pageData{
		Valid: s.Valid(), Trials: s.Trials, Verdict: verdict(s), Checks: s.Checks,
		Clusters: s.Clusters, Definitions: definitions(s), Command: commandOf(&s.Head),
	}
	for j, f := range s.Head.Fixes {
		row := matrixRow{Fix: f.Name, Claim: f.Claim}
		for i := range s.Classes {
			r := &s.Classes[i].Rows[j]
			rate := 0.0
			if r.Trials > 0 {
				rate = float64(r.Hung) / float64(r.Trials)
			}
			row.Cells = append(row.Cells, pageCell{
				Text: percent(rate), Sort: rate, Shade: rate,
				Title: fmt.Sprintf("%d of %d, %s", r.Hung, r.Trials, interval(r.HangRate)),
			})
		}
		d.Matrix = append(d.Matrix, row)
	}
	for i := range s.Classes {
		d.Scenarios = append(d.Scenarios, s.Classes[i].Name)
		d.Classes = append(d.Classes, classOf(&s.Classes[i]))
	}
	var base *campaign.Load
	for i := range s.Loads {
		if s.Loads[i].Fix == campaign.Baseline {
			base = &s.Loads[i]
		}
	}
	for i := range s.Loads {
		d.Loads = append(d.Loads, pageLoad{s.Loads[i].Fix, loadChart(&s.Loads[i], base)})
	}
	return d
}

func classOf(c *campaign.ClassSummary) pageClass {
	t := classTable(c)
	p := pageClass{Name: c.Name, About: strings.TrimSpace(c.About), Waits: waitsChart(c)}
	for _, text := range t.header {
		p.Header = append(p.Header, pageCell{Text: text})
	}
	for _, k := range t.words {
		p.Header[k].Words = true
	}
	for i := range t.rows {
		figures := sortKeys(&c.Rows[i])
		row := make([]pageCell, len(t.rows[i]))
		for k, text := range t.rows[i] {
			row[k] = pageCell{Text: text, Sort: figures[k]}
		}
		for _, k := range t.words {
			row[k].Words = true
		}
		p.Rows = append(p.Rows, row)
	}
	return p
}

// sortKeys are the figures behind the cells of classTable, in its order.
func sortKeys(r *campaign.Row) []float64 {
	keys := []float64{
		0, share(r.Hung, r.Trials), float64(r.Trials), 0,
		float64(r.Close.P50.At), float64(r.Close.P90.At), float64(r.Close.P99.At), float64(r.Close.Max.At),
		0, r.Normal + r.Expedited, r.IPIs, float64(r.WorkerD.P50.At), float64(r.Reported), 0,
	}
	if c := r.VsBaseline; c != nil {
		keys[3] = share(c.OnlyFix-c.OnlyBaseline, c.Pairs)
		keys[8] = c.Median.Value
	}
	return keys
}

func share(k, n int) float64 {
	if n == 0 {
		return 0
	}
	return float64(k) / float64(n)
}

// commandOf is the command line that gives the same results again.
func commandOf(h *campaign.Head) string {
	var b strings.Builder
	fmt.Fprintf(&b, "gpstorm evaluate --seed %d --variations %d", h.Seed, h.Variations)
	for _, c := range h.Scenarios {
		fmt.Fprintf(&b, " --scenario %s", c.Name)
	}
	for _, f := range h.Fixes {
		fmt.Fprintf(&b, " --fix %s", f.Name)
	}
	if h.Shard != nil {
		fmt.Fprintf(&b, " --shard %s", h.Shard)
	}
	return b.String()
}
