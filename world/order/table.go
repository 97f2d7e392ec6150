package order

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter/pkg/twwarp"
)

// WriteTable prints a counterexample as a numbered table with a column for each
// thread. It marks reorderings, and says below an access which one it overtook.
// Width is that of the output in columns: texts are wrapped at blanks to fit. With a
// width of 0 no text is wrapped.
func (f *Finding) WriteTable(w io.Writer, width int) error {
	lines, err := f.Trace()
	if err != nil {
		return err
	}
	t := newTable(f, lines)
	if width > 0 {
		t.narrow(width)
	}
	var b strings.Builder
	for _, head := range []string{f.Violation.String(), f.Case.String()} {
		b.WriteString(strings.Join(wrapped(head, width), "\n") + "\n")
	}
	b.WriteString("\n")
	for _, r := range t.rows {
		t.write(&b, r)
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// table is a schedule for people: a column for each thread.
type table struct {
	rows  []tableRow
	width []int // of each column
}

type tableRow struct {
	number string
	cells  []string
}

func newTable(f *Finding, lines []Line) *table {
	const marked = ">> "
	t := &table{width: make([]int, 1+len(f.Case.Readers))}
	heads := make([]string, len(t.width))
	for c := range heads {
		heads[c] = f.heading(c)
	}
	t.rows = append(t.rows, tableRow{"#", heads})
	add := func(number string, column int, text string) {
		cells := make([]string, len(t.width))
		cells[column] = text
		t.rows = append(t.rows, tableRow{number, cells})
	}
	for i, l := range lines {
		if l.Mark == "" {
			add(fmt.Sprint(i+1), l.Column, l.Text)
			continue
		}
		add(fmt.Sprint(i+1), l.Column, marked+l.Text)
		add("", l.Column, l.Mark)
	}
	for _, r := range t.rows {
		for c, cell := range r.cells {
			t.width[c] = max(t.width[c], len(cell))
		}
	}
	return t
}

// narrow takes from the widest columns until the table fits. No column becomes narrower
// than its longest word.
func (t *table) narrow(width int) {
	least := make([]int, len(t.width))
	for _, r := range t.rows {
		for c, cell := range r.cells {
			for word := range strings.FieldsSeq(cell) {
				least[c] = max(least[c], len(word))
			}
		}
	}
	total := len("123")
	for _, w := range t.width {
		total += len(" | ") + w
	}
	for ; total > width; total-- {
		widest := -1
		for c, w := range t.width {
			if w > least[c] && (widest < 0 || w > t.width[widest]) {
				widest = c
			}
		}
		if widest < 0 {
			return
		}
		t.width[widest]--
	}
}

func (t *table) write(b *strings.Builder, r tableRow) {
	cells, height := make([][]string, len(r.cells)), 1
	for c, cell := range r.cells {
		cells[c] = wrapped(cell, t.width[c])
		height = max(height, len(cells[c]))
	}
	for i := range height {
		line := fmt.Sprintf("%3s", r.number)
		if i > 0 {
			line = "   "
		}
		for c, texts := range cells {
			texts = append(slices.Clip(texts), make([]string, height)...)
			line += fmt.Sprintf(" | %-*s", t.width[c], texts[i])
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// wrapped breaks a text at blanks into lines of a width. A longer word is not broken.
func wrapped(text string, width int) []string {
	if width == 0 || len(text) <= width {
		return []string{text}
	}
	lines, _ := twwarp.WrapString(text, width)
	return lines
}

func (f *Finding) heading(col int) string {
	if col == 0 {
		return "update side"
	}
	return fmt.Sprintf("cpu%d: %s reader", col-1, f.Case.Readers[col-1].Name)
}
