package order

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
)

//go:embed page.html
var pageSource string

var page = template.Must(template.New("page").Parse(pageSource))

// pageRow is a step in the table of a page.
type pageRow struct {
	Number int
	Cells  []string // by thread; one of them holds the step
	Mark   string   // names the reordering; empty if the step is none
	Bad    bool     // the last step, which shows the violation
}

// WriteHTML writes the counterexample as a self-contained page: the schedule as a
// table with a column for each thread, reorderings marked, and the command that
// replays it. program is the name of that command, such as gpstorm.
func (f *Finding) WriteHTML(w io.Writer, program string) error {
	lines, err := f.Trace()
	if err != nil {
		return err
	}
	data := struct {
		Kind, Detail, Case, Memory, Replay string
		Threads                            []string
		Rows                               []pageRow
		Reorderings                        int
	}{
		Kind: string(f.Violation.Kind), Detail: f.Violation.Detail, Case: f.Case.String(),
		Memory: memoryOf[f.Case.Mode], Replay: fmt.Sprintf("%s replay %s", program, f.Token()),
	}
	for col := range 1 + len(f.Case.Readers) {
		data.Threads = append(data.Threads, f.heading(col))
	}
	for i, l := range lines {
		r := pageRow{Number: i + 1, Cells: make([]string, len(data.Threads)), Mark: l.Mark, Bad: i == len(lines)-1}
		r.Cells[l.Column] = strings.TrimSpace(l.Text)
		if l.Mark != "" {
			data.Reorderings++
		}
		data.Rows = append(data.Rows, r)
	}
	return page.Execute(w, data)
}

// memoryOf describes each mode on a page.
var memoryOf = [...]string{
	SC:   "every access is performed in program order (sequential consistency)",
	TSO:  "a load may be performed before an earlier store (total store order, x86)",
	PSO:  "a load or a store may be performed before an earlier store (partial store order)",
	Weak: "accesses may be performed in any order that dependencies, barriers and accesses to one location permit",
}
