package report

import (
	"io"
	"strconv"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"github.com/gpstorm/gpstorm/campaign"
)

// table is a header, rows of the same width, and which columns are words: all
// others are figures and stand to the right.
type table struct {
	header []string
	words  []int
	rows   [][]string
}

func classTable(c *campaign.ClassSummary) *table {
	t := &table{
		header: []string{
			"fix", "hangs [95%]", "trials", "vs base", "close p50", "p90", "p99", "max", "p50 / base",
			"GPs n + x", "IPIs", "kworker D p50 / max", "console h / s", "diagnoses",
		},
		words: []int{0, 13},
	}
	for i := range c.Rows {
		r := &c.Rows[i]
		t.rows = append(t.rows, []string{
			r.Fix, hangCell(r), strconv.Itoa(r.Trials), againstCell(r.VsBaseline),
			closeCell(r, r.Close.P50), closeCell(r, r.Close.P90), closeCell(r, r.Close.P99), closeCell(r, r.Close.Max),
			ratioCell(r.VsBaseline), gracePeriodsCell(r), perClose(r, r.IPIs), workerCell(r), consoleCell(r), diagnosesCell(r.Diagnoses),
		})
	}
	return t
}

func clusterTable(clusters []campaign.Cluster) *table {
	t := &table{header: []string{"", "fix", "diagnosis", "symptom", "by", "trials"}, words: []int{1, 2, 3, 4}}
	for i, c := range clusters {
		by := c.By
		if by == "" {
			by = nothing
		}
		t.rows = append(t.rows, []string{strconv.Itoa(i + 1), c.Fix, string(c.Diagnosis), string(c.Symptom), by, strconv.Itoa(c.Count)})
	}
	return t
}

func (t *table) text(w io.Writer) error {
	return t.render(w, renderer.NewBlueprint(tw.Rendition{
		Borders: tw.BorderNone,
		Symbols: tw.NewSymbols(tw.StyleASCII),
		Settings: tw.Settings{
			Lines:      tw.Lines{ShowTop: tw.Off, ShowBottom: tw.Off, ShowHeaderLine: tw.On, ShowFooterLine: tw.Off},
			Separators: tw.Separators{ShowHeader: tw.On, BetweenRows: tw.Off, BetweenColumns: tw.On},
		},
	}))
}

// markdown escapes what would end a cell; the renderer does not.
func (t *table) markdown(w io.Writer) error {
	escaped := &table{header: escape(t.header), words: t.words}
	for _, row := range t.rows {
		escaped.rows = append(escaped.rows, escape(row))
	}
	return escaped.render(w, renderer.NewMarkdown())
}

var markdownEscapes = strings.NewReplacer("|", `\|`, "\n", " ", "~", `\~`, "<", "&lt;")

func escape(cells []string) []string {
	out := make([]string, len(cells))
	for i, c := range cells {
		out[i] = markdownEscapes.Replace(c)
	}
	return out
}

func (t *table) render(w io.Writer, r tw.Renderer) error {
	align := make([]tw.Align, len(t.header))
	for i := range align {
		align[i] = tw.AlignRight
	}
	for _, i := range t.words {
		align[i] = tw.AlignLeft
	}
	tbl := tablewriter.NewTable(w,
		tablewriter.WithRenderer(r),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithHeaderAlignmentConfig(tw.CellAlignment{PerColumn: align}),
		tablewriter.WithRowAlignmentConfig(tw.CellAlignment{PerColumn: align}),
	)
	tbl.Header(t.header)
	if err := tbl.Bulk(t.rows); err != nil {
		return err
	}
	return tbl.Render()
}
