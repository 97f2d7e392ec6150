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
	"name":   breakable,
	"script": func() (template.JS, error) { b, err := pageFiles.ReadFile("page/page.js"); return template.JS(b), err },
}).ParseFS(pageFiles, "page/*.html"))

// breakable lets a long name go on in the next line after a plus.
func breakable(name string) template.HTML {
	return template.HTML(strings.ReplaceAll(template.HTMLEscapeString(name), "+", "+<wbr>"))
}

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
		Candidates  int
		Verdict     []statement
		Glance      pageTable
		Checks      []campaign.Check
		Scenarios   []string
		Matrix      []matrixRow
		Links       *chart
		Stages      *chart
		Shares      pageTable
		Margins     []pageMargin
		Loads       []pageLoad
		LoadScale   template.HTML
		LoadRuler   template.HTML
		Clusters    []campaign.Cluster
		Classes     []pageClass
		Definitions []string
		Commands    []string
		Notes       []string
	}
	// pageTable is a table whose heads sort it.
	pageTable struct {
		Header []pageCell
		Rows   [][]pageCell
	}
	// matrixRow is a candidate's hang rate in each scenario.
	matrixRow struct {
		Fix, Claim string
		Cells      []pageCell
	}
	pageClass struct {
		Name, About string
		Table       pageTable
		Waits       *chart
		Blame       *chart
	}
	// pageCell is text to show and the figure to sort by.
	pageCell struct {
		Text, Small, Title string
		Sort               float64
		Words              bool
		Shade              float64 // 0 to 1
	}
	pageLoad struct {
		Fix   string
		Chart template.HTML
	}
)

func pageOf(s *campaign.Summary) *pageData {
	named := newPalette("ABCDEFGH", s, links)
	staged := newPalette("12345678", s, stages)
	d := &pageData{
		Valid: s.Valid(), Trials: s.Trials, Candidates: len(s.Head.Fixes), Verdict: verdict(s), Glance: glancePage(s), Checks: s.Checks,
		Matrix: matrix(s), Clusters: s.Clusters, Definitions: definitions(s),
		LoadScale: loadScale(), LoadRuler: loadRuler,
	}
	d.Commands, d.Notes = again(s)
	if len(named.names) > 0 {
		rows := overallBlame(s)
		d.Links, d.Stages = blameChart(&named, rows, links), blameChart(&staged, rows, stages)
		d.Shares = sharesPage(&named, rows)
	}
	for i := range s.Margins {
		d.Margins = append(d.Margins, marginOf(&s.Margins[i]))
	}
	for i := range s.Classes {
		d.Scenarios = append(d.Scenarios, s.Classes[i].Name)
		d.Classes = append(d.Classes, classOf(&s.Classes[i], &named))
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

func matrix(s *campaign.Summary) (rows []matrixRow) {
	for j, f := range s.Head.Fixes {
		row := matrixRow{Fix: f.Name, Claim: f.Claim}
		for i := range s.Classes {
			r := &s.Classes[i].Rows[j]
			rate := share(r.Hung, r.Trials)
			c := pageCell{Text: nothing}
			if r.Trials > 0 {
				c = pageCell{
					Text: percent(rate), Small: interval(r.HangRate), Sort: rate, Shade: rate,
					Title: fmt.Sprintf("%d of %d trials", r.Hung, r.Trials),
				}
			}
			row.Cells = append(row.Cells, c)
		}
		rows = append(rows, row)
	}
	return rows
}

// heads are the header cells of a table whose columns of words are given.
func heads(texts []string, words []int) []pageCell {
	cells := make([]pageCell, len(texts))
	for i, text := range texts {
		cells[i].Text = text
	}
	for _, k := range words {
		cells[k].Words = true
	}
	return cells
}

func glancePage(s *campaign.Summary) pageTable {
	header, words := glanceHeader(s)
	t := pageTable{Header: heads(header, words)}
	for j := range s.Overall {
		t.Rows = append(t.Rows, t.aligned(glance(s, j)))
	}
	return t
}

// aligned makes words of the cells under heads of words.
func (t *pageTable) aligned(row []pageCell) []pageCell {
	for k := range row {
		row[k].Words = t.Header[k].Words
	}
	return row
}

// sharesPage has the figures of the bars of blame.
func sharesPage(p *palette, rows []blamed) pageTable {
	header := []string{"fix"}
	for _, part := range p.divide(nil) {
		header = append(header, part.words)
	}
	t := pageTable{Header: heads(append(header, "mean close()"), []int{0})}
	for _, r := range rows {
		if r.blam == nil {
			continue
		}
		cells := []pageCell{{Text: r.fix}}
		for _, part := range p.divide(links(r.blam)) {
			cells = append(cells, pageCell{Text: percent(part.share), Sort: part.share, Title: part.title()})
		}
		cells = append(cells, pageCell{Text: meanClose(r), Sort: float64(r.blam.Waited) / float64(max(r.blam.Closes, 1))})
		t.Rows = append(t.Rows, t.aligned(cells))
	}
	return t
}

func classOf(c *campaign.ClassSummary, named *palette) pageClass {
	t := classTable(c)
	p := pageClass{
		Name: c.Name, About: strings.TrimSpace(c.About), Waits: waitsChart(c),
		Table: pageTable{Header: heads(t.header, t.words)},
	}
	if len(named.names) > 0 {
		p.Blame = blameChart(named, classBlame(c), links)
	}
	for i := range t.rows {
		figures := sortKeys(&c.Rows[i])
		row := make([]pageCell, len(t.rows[i]))
		for k, text := range t.rows[i] {
			row[k] = pageCell{Text: text, Sort: figures[k]}
		}
		p.Table.Rows = append(p.Table.Rows, p.Table.aligned(row))
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
		keys[3] = difference(c)
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
