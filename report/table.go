package report

import (
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// table is a table for people, made from columns and rows. The page's template
// reads it as it is.
type table struct {
	Heads []head
	Rows  [][]cell
}

// head is what stands over a column.
type head struct {
	Text, About string
	Words       bool
}

// text writes the table for a terminal.
func (t *table) text(w io.Writer) error {
	return t.render(w, plainText, renderer.NewBlueprint(tw.Rendition{
		Borders: tw.BorderNone,
		Symbols: tw.NewSymbols(tw.StyleASCII),
		Settings: tw.Settings{
			Lines:      tw.Lines{ShowTop: tw.Off, ShowBottom: tw.Off, ShowHeaderLine: tw.On, ShowFooterLine: tw.Off},
			Separators: tw.Separators{ShowHeader: tw.On, BetweenRows: tw.Off, BetweenColumns: tw.On},
		},
	}))
}

// markdown writes the table in GitHub's Markdown. The renderer does not escape
// what would end a cell.
func (t *table) markdown(w io.Writer) error {
	return t.render(w, markdownEscapes.Replace, renderer.NewMarkdown())
}

var markdownEscapes = strings.NewReplacer("|", `\|`, "\n", " ", "~", `\~`, "<", "&lt;")

func plainText(s string) string { return s }

func (t *table) render(w io.Writer, escape func(string) string, r tw.Renderer) error {
	heads := make([]string, len(t.Heads))
	align := make([]tw.Align, len(t.Heads))
	for i, h := range t.Heads {
		heads[i], align[i] = escape(h.Text), tw.AlignRight
		if h.Words {
			align[i] = tw.AlignLeft
		}
	}
	rows := make([][]string, len(t.Rows))
	for i, cells := range t.Rows {
		for _, c := range cells {
			rows[i] = append(rows[i], escape(c.text()))
		}
	}
	tbl := tablewriter.NewTable(w,
		tablewriter.WithRenderer(r),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithHeaderAlignmentConfig(tw.CellAlignment{PerColumn: align}),
		tablewriter.WithRowAlignmentConfig(tw.CellAlignment{PerColumn: align}),
	)
	tbl.Header(heads)
	if err := tbl.Bulk(rows); err != nil {
		return err
	}
	return tbl.Render()
}
