package report

import (
	"embed"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/world"
)

//go:embed page
var pageFiles embed.FS

var page = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"style": func() (template.CSS, error) {
		b, err := pageFiles.ReadFile("page/page.css")
		return template.CSS(b), err
	},
	"name":   breakable,
	"bound":  bound,
	"script": func() (template.JS, error) { b, err := pageFiles.ReadFile("page/page.js"); return template.JS(b), err },
}).ParseFS(pageFiles, "page/*.html"))

// breakable allows a line break after each plus of a name.
func breakable(name string) template.HTML {
	return template.HTML(strings.ReplaceAll(template.HTMLEscapeString(name), "+", "+<wbr>"))
}

// bound forbids line breaks around the signs of a head, as in "GPs n + x", behind which
// a single letter would stand alone.
func bound(head string) string { return signs.Replace(head) }

var signs = strings.NewReplacer(" + ", "\u00a0+\u00a0", " / ", "\u00a0/\u00a0")

// HTML writes the report as one self-contained page, without network access or other
// files.
func (r *Report) HTML(w io.Writer) error { return page.Execute(w, pageOf(r)) }

// The data of the page's template.
type (
	pageData struct {
		State         state
		Trial         string // describes one trial
		Trials        int
		Candidates    int
		Planted       string // names the controls that are no candidates
		Verdict       []statement
		Overall       *table
		Checks        []campaign.Check
		Scenarios     []string
		Rates         *table
		Links, Stages *chart
		Shares        *table
		Rare          *table
		Worlds        []pageClass // the scenarios that other worlds ran too
		WorldsAre     string
		Margins       []pageMargin
		Headline      string
		OfAll         string // how many failures are not shown
		Clusters      *table
		Classes       []pageClass
		Definitions   []string
		Limits        []string
		Again         Again
		// Blame reports whether the world measures the causes of close()'s wait.
		Blame bool
	}
	pageClass struct {
		Name, About string
		Table       *table
		Waits       *chart
	}
)

func pageOf(r *Report) *pageData {
	s := r.Summary
	named := newPalette("ABCDEFGH", s, links)
	staged := newPalette("12345678", s, stages)
	d := &pageData{
		State: stateOf(s), Trial: r.facts().Trial, Trials: s.Trials, Verdict: r.verdict(),
		Overall: r.overallTable().named("comparison", "candidates over all scenarios"), Checks: s.Checks, Rates: r.hangTable().named("rates", "hang rates by candidate and scenario"), Definitions: r.definitions(), Limits: r.limits(),
		Again: r.Again, Blame: r.facts().Measures.Has(world.Blame),
	}
	d.Candidates, d.Planted = candidatesOf(s)
	line, _ := r.verdictLine(math.MaxInt)
	d.Headline = upperFirst(strings.TrimPrefix(line, "verdict: ")) + "."
	if failures := r.failures(); len(failures) > 0 {
		shown := failures[:min(len(failures), pageClusters)]
		d.Clusters, d.OfAll = r.clusterTable(shown).named("failures", "failures by cause"), ofAll(shown, failures)
	}
	if len(named.causes) > 0 {
		rows := overallBlame(s)
		d.Links = blameChart(&named, rows, links).named("what close() waited for, by cause")
		d.Stages = blameChart(&staged, rows, stages).named("what close() waited for, by stage")
		d.Shares = sharesTable(&named, rows).named("shares", "shares of the causes")
	}
	if len(r.Rates) > 0 {
		d.Rare = r.rateTable().named("", "rates too small to count")
	}
	if d.Worlds = r.worldClasses(); len(d.Worlds) > 0 {
		d.WorldsAre = r.sidesAre()
	}
	for i := range r.Margins {
		d.Margins = append(d.Margins, marginOf(&r.Margins[i]))
	}
	for i := range s.Classes {
		c := &s.Classes[i]
		p := pageClass{
			Name: c.Name, About: strings.TrimSpace(c.About), Table: r.comparisonTable(c).named("s-"+c.Name, "candidates in "+c.Name),
			Waits: waitsChart(c).named("how long close() took in " + c.Name),
		}
		if i > 0 { // the titles of the first table, and the method, explain the columns
			for j := range p.Table.Heads {
				p.Table.Heads[j].About = ""
			}
		}
		d.Scenarios = append(d.Scenarios, c.Name)
		d.Classes = append(d.Classes, p)
	}
	return d
}

// candidatesOf counts the candidates, and names the controls that are none.
func candidatesOf(s *campaign.Summary) (n int, others string) {
	var names []string
	for i := range s.Head.Fixes {
		if f := &s.Head.Fixes[i]; f.Planted() {
			names = append(names, f.Name)
		}
	}
	switch len(names) {
	case 0:
	case 1:
		others = "the planted bug " + names[0]
	default:
		others = "the planted bugs " + strings.Join(names, ", ")
	}
	return len(s.Head.Fixes) - len(names), others
}

// named gives a table its name, and its rows names to link to, unless id is empty.
func (t *table) named(id, name string) *table {
	t.ID, t.Name = id, name
	return t
}

func (c *chart) named(name string) *chart {
	c.Name = name
	return c
}

// sharesTable returns the figures of the bars of blame.
func sharesTable(p *palette, rows []blamed) *table {
	cs := columns[blamed]{{head: "fix", words: true, show: func(r blamed) cell { return cell{Text: r.fix} }}}
	for i, part := range p.divide(nil) {
		cs = append(cs, column[blamed]{head: part.words, show: func(r blamed) cell {
			part := p.divide(links(r.blam))[i]
			return cell{Text: percent(part.share), Sort: part.share, Title: part.title()}
		}})
	}
	cs = append(cs, column[blamed]{head: "mean close()", show: func(r blamed) cell {
		return cell{Text: meanClose(r), Sort: float64(r.blam.Waited) / float64(max(r.blam.Closes, 1))}
	}})
	return cs.table(slices.DeleteFunc(slices.Clone(rows), func(r blamed) bool { return r.blam == nil }))
}
