package report

import (
	"encoding/csv"
	"io"
	"strings"

	"github.com/gpstorm/gpstorm/world"
)

// column is one column of a table in all of its forms: text, Markdown and the
// page show a cell, and CSV writes one field or several.
type column[R any] struct {
	head string // the header; if empty, the column has only fields
	// about gives the meaning and the unit of the cells: a line of the legend, and the
	// title of the head on the page. Neighbours with the same text share the line.
	about string
	words bool // the cells are words, aligned left; figures are aligned right
	// spare ranks the columns that a narrow screen leaves out: the largest first, 0
	// never.
	spare int
	needs world.Measures // the column is absent if the world does not measure these
	show  func(R) cell
	// fields are the column's fields in CSV.
	fields []field[R]
}

// field is one column of a CSV file.
type field[R any] struct {
	name string
	of   func(R) string
}

// cell is the content of one row in one column of a table.
type cell struct {
	Text  string
	Small string // less important text, on the page in smaller letters
	// Title and Code are only on the page: a tooltip, and a command line below the
	// text.
	Title, Code string
	Sort        float64 // the figure to sort by, in columns of figures
	Shade       float64 // intensity of the cell's colour on the page, 0 to 1
	tone        tone    // of the text on a terminal
}

// text returns the cell as plain text.
func (c cell) text() string { return strings.TrimSpace(c.Text + " " + c.Small) }

// columns are all columns of a table, from left to right.
type columns[R any] []column[R]

// measured returns the columns that a world measures.
func (cs columns[R]) measured(m world.Measures) columns[R] {
	var kept columns[R]
	for _, c := range cs {
		if m.Has(c.needs) {
			kept = append(kept, c)
		}
	}
	return kept
}

// table fills the cells.
func (cs columns[R]) table(rows []R) *table {
	t := &table{}
	for _, c := range cs {
		if c.head != "" {
			t.Heads = append(t.Heads, head{c.head, c.about, c.words, c.spare})
		}
	}
	for _, r := range rows {
		var cells []cell
		for _, c := range cs {
			if c.head != "" {
				cells = append(cells, c.show(r))
			}
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}

// legend returns a line for each column that needs an explanation.
func (cs columns[R]) legend() (lines []string) {
	var heads []string
	for i, c := range cs {
		if c.about == "" || c.head == "" {
			continue
		}
		heads = append(heads, c.head)
		if i+1 < len(cs) && cs[i+1].about == c.about {
			continue
		}
		lines = append(lines, strings.Join(heads, ", ")+": "+c.about)
		heads = nil
	}
	return lines
}

// csv writes a header and a record for each row.
func (cs columns[R]) csv(w io.Writer, rows []R) error {
	var fields []field[R]
	for _, c := range cs {
		fields = append(fields, c.fields...)
	}
	out := csv.NewWriter(w)
	record := make([]string, len(fields))
	for i, f := range fields {
		record[i] = f.name
	}
	if err := out.Write(record); err != nil {
		return err
	}
	for _, r := range rows {
		for i, f := range fields {
			record[i] = f.of(r)
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
