package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/gpstorm/gpstorm/shrink"
)

// Shrunk reports a search for the smallest failure.
type Shrunk struct {
	Search *shrink.Result
	Fix    string
	// Again is the command that reruns the result.
	Again string
}

// storyLines bounds the text of a search.
const storyLines = 10

// Text writes in ten lines the failure, the smallest failing scenario, and the conditions
// that it needs.
func (r *Shrunk) Text(w io.Writer, s Screen) error {
	var b strings.Builder
	const room = 8
	left := storyLines - 1 // the last one is for the command
	tell := func(word, text string, most int) {
		lines := strings.SplitAfter(s.Hang(word+strings.Repeat(" ", room-len(word)), text, room), "\n")
		lines = lines[:len(lines)-1]
		if most = min(most, left); most == 0 {
			return
		}
		if len(lines) > most {
			lines = lines[:most]
			last := strings.TrimSuffix(lines[most-1], "\n")
			if len(last) > s.Columns()-len(" ...") {
				last = last[:strings.LastIndexByte(last[:s.Columns()-len(" ...")+1], ' ')]
			}
			lines[most-1] = strings.TrimRight(last, " ,;:") + " ...\n"
		}
		left -= len(lines)
		b.WriteString(strings.Join(lines, ""))
	}
	f := r.Search
	how := fmt.Sprintf("%s under %s %s", f.Before.Name, r.Fix, shrink.Outcome(&f.Was))
	tell("failure", how, 2)
	tell("from", sizeText(&f.From), 1)
	tell("to", sizeText(&f.To), 1)
	in := counted(f.Trials, "trial")
	if f.Spent {
		in += "; the budget ended the search, and a larger one may find less"
	}
	tell("in", in, 1)
	if suffice := append(append([]string(nil), f.Preemptions...), f.Interrupts...); len(suffice) > 0 {
		tell("takes", strings.Join(suffice, "; "), 2)
	}
	var needed, not []string
	for _, rm := range f.Removals {
		if rm.Same {
			not = append(not, rm.What)
		} else {
			needed = append(needed, rm.What)
		}
	}
	if len(needed) > 0 {
		tell("needs", "without any one of these it does not fail the same way: "+strings.Join(needed, ", "), 2)
	}
	if len(not) > 0 {
		tell("spare", strings.Join(not, ", ")+": it fails without", 1)
	}
	left = 1
	tell("again", r.Again, 1)
	_, err := io.WriteString(w, b.String())
	return err
}

func sizeText(s *shrink.Size) string {
	parts := []string{counted(s.CPUs, "CPU"), counted(s.Tasks, "task"), counted(s.Sources, "event")}
	if s.AnyPreemption {
		parts = append(parts, "any preemptions")
	} else {
		parts = append(parts, counted(s.Preemptions, "preemption"))
	}
	return strings.Join(append(parts, counted(s.Interrupts, "interrupt"), s.Horizon.String()), ", ")
}
