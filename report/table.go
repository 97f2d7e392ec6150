package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// table is a table for people, made from columns and rows. The page's template also
// reads it.
type table struct {
	Heads []head
	Rows  [][]cell
	// ID begins the name by which a link refers to a row of the page; the text of
	// the row's first cell ends it. Without an ID the rows have no names.
	ID string
	// Name says on the page what the table shows, for screen readers.
	Name string
}

// head is the header of a column.
type head struct {
	Text, About string
	Words       bool
	spare       int // a narrow screen leaves out the columns with the largest values first
}

// text writes the table for a terminal, and names the columns that were left out.
func (t *table) text(w io.Writer, s Screen) error {
	shown, same, spared := t.fit(s.Columns())
	style := func(c cell) string { return s.paint(c.tone, c.text()) }
	var b strings.Builder
	err := shown.render(&b, style, tw.Padding{Right: gap, Overwrite: true}, renderer.NewBlueprint(tw.Rendition{
		Borders: tw.BorderNone,
		Symbols: tw.NewSymbols(tw.StyleASCII),
		Settings: tw.Settings{
			Lines:      tw.Lines{ShowTop: tw.Off, ShowBottom: tw.Off, ShowHeaderLine: tw.On, ShowFooterLine: tw.Off},
			Separators: tw.Separators{ShowHeader: tw.Off, BetweenRows: tw.Off, BetweenColumns: tw.Off},
		},
	}))
	if err != nil {
		return err
	}
	var out strings.Builder
	for i, line := range strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n") {
		if line = trimmed(line); i == 1 {
			line = strings.TrimSuffix(line, strings.Repeat("-", len(gap)))
		}
		out.WriteString(line + "\n")
	}
	if len(same) > 0 {
		out.WriteString(s.wrap("in every row: "+strings.Join(same, ", "), " "))
	}
	if len(spared) > 0 {
		out.WriteString(s.wrap(fmt.Sprintf("no room in %d columns: %s", s.Columns(), strings.Join(spared, ", ")), " "))
	}
	_, err = io.WriteString(w, out.String())
	return err
}

// reset ends the styles of a line.
const reset = "\x1b[0m"

// trimmed removes the blanks at the end of a line, which would wrap on a screen of its
// width, and which may stand before a reset.
func trimmed(line string) string {
	if text, ok := strings.CutSuffix(strings.TrimRight(line, " "), reset); ok {
		return strings.TrimRight(text, " ") + reset
	}
	return strings.TrimRight(line, " ")
}

// sameRows is the least number of rows of a table from which constant columns may be left
// out.
const sameRows = 3

// fit returns a table that is no wider than a screen. It first leaves out the spare
// columns that are constant, then as many other spare columns as necessary, and then
// breaks cells of words. It returns the names of the columns left out: of the constant
// ones together with their content.
func (t *table) fit(width int) (shown *table, same, spared []string) {
	shown = &table{Heads: t.Heads, Rows: t.Rows}
	if shown.width() > width && len(t.Rows) >= sameRows {
		for i := len(shown.Heads) - 1; i >= 0; i-- {
			if text, ok := shown.constant(i); ok && shown.Heads[i].spare > 0 {
				same = append(same, shown.Heads[i].Text+" "+text)
				shown = shown.without(i)
			}
		}
		slices.Reverse(same)
	}
	for shown.width() > width {
		i, spare := 0, 0
		for j, h := range shown.Heads {
			if h.spare > spare {
				i, spare = j, h.spare
			}
		}
		if spare == 0 {
			break
		}
		spared = append(spared, shown.Heads[i].Text)
		shown = shown.without(i)
	}
	if shown.width() > width {
		shown = shown.broken(width)
	}
	// The names stand in the order of the columns.
	slices.SortFunc(spared, func(a, b string) int { return t.index(a) - t.index(b) })
	return shown, same, spared
}

func (t *table) index(text string) int {
	return slices.IndexFunc(t.Heads, func(h head) bool { return h.Text == text })
}

// constant returns the content of a column's cells, if all are equal.
func (t *table) constant(i int) (string, bool) {
	text := t.Rows[0][i].text()
	for _, row := range t.Rows {
		if row[i].text() != text {
			return "", false
		}
	}
	return text, true
}

func (t *table) without(i int) *table {
	less := &table{Heads: slices.Delete(slices.Clone(t.Heads), i, i+1)}
	for _, row := range t.Rows {
		less.Rows = append(less.Rows, slices.Delete(slices.Clone(row), i, i+1))
	}
	return less
}

// widths returns the widths of the columns without the gaps between them.
func (t *table) widths() []int {
	all := make([]int, len(t.Heads))
	for i, h := range t.Heads {
		all[i] = twwidth.Width(h.Text)
		for _, row := range t.Rows {
			for line := range strings.SplitSeq(row[i].text(), "\n") {
				all[i] = max(all[i], twwidth.Width(line))
			}
		}
	}
	return all
}

func (t *table) width() int { return total(t.widths()) }

// total returns the width of a table.
func total(widths []int) (sum int) {
	for _, w := range widths {
		sum += w + len(gap)
	}
	return sum - len(gap)
}

// gap separates two columns of a text.
const gap = "  "

// broken breaks the cells of words at blanks, in the widest columns first, until the
// table fits or every line is one word.
func (t *table) broken(width int) *table {
	widths, least := t.widths(), make([]int, len(t.Heads))
	for i, h := range t.Heads {
		least[i] = widths[i]
		if !h.Words {
			continue
		}
		least[i] = twwidth.Width(h.Text)
		for _, row := range t.Rows {
			for word := range strings.FieldsSeq(row[i].text()) {
				least[i] = max(least[i], twwidth.Width(word))
			}
		}
	}
	for total(widths) > width {
		widest := -1
		for i, w := range widths {
			if w > least[i] && (widest < 0 || w > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		widths[widest]--
	}
	narrow := &table{Heads: t.Heads}
	for _, row := range t.Rows {
		row = slices.Clone(row)
		for i, h := range t.Heads {
			if h.Words {
				row[i].Text, row[i].Small = strings.Join(wrapped(row[i].text(), widths[i]), "\n"), ""
			}
		}
		narrow.Rows = append(narrow.Rows, row)
	}
	return narrow
}

// markdown writes the table in GitHub's Markdown. It escapes the characters that would
// end a cell, which the renderer does not.
func (t *table) markdown(w io.Writer) error {
	return t.render(w, func(c cell) string { return markdownEscapes.Replace(c.text()) }, tw.Padding{Left: " ", Right: " "}, renderer.NewMarkdown())
}

var markdownEscapes = strings.NewReplacer("|", `\|`, "\n", " ", "~", `\~`, "<", "&lt;")

func (t *table) render(w io.Writer, write func(cell) string, around tw.Padding, r tw.Renderer) error {
	heads := make([]string, len(t.Heads))
	align := make([]tw.Align, len(t.Heads))
	for i, h := range t.Heads {
		heads[i], align[i] = write(cell{Text: h.Text, tone: strong}), tw.AlignRight
		if h.Words {
			align[i] = tw.AlignLeft
		}
	}
	padding := slices.Repeat([]tw.Padding{around}, len(t.Heads))
	rows := make([][]string, len(t.Rows))
	for i, cells := range t.Rows {
		for _, c := range cells {
			rows[i] = append(rows[i], write(c))
		}
	}
	tbl := tablewriter.NewTable(w,
		tablewriter.WithRenderer(r),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithHeaderPaddingPerColumn(padding),
		tablewriter.WithRowPaddingPerColumn(padding),
		tablewriter.WithHeaderAlignmentConfig(tw.CellAlignment{PerColumn: align}),
		tablewriter.WithRowAlignmentConfig(tw.CellAlignment{PerColumn: align}),
	)
	tbl.Header(heads)
	if err := tbl.Bulk(rows); err != nil {
		return err
	}
	return tbl.Render()
}
