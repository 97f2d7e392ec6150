package command

import (
	"io"
	"regexp"
	"strings"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"github.com/gpstorm/gpstorm/report"
)

// label is what stands before the text of a line: blanks, a word with a gap behind it, as
// in "kernel   7.0", or a number, as in "  1. ".
var label = regexp.MustCompile(`^ *(?:\S+ {2,}|[0-9]+\. +)?`)

// onTerminal fits a text into the terminal that w is. Elsewhere, as in a log, its lines
// stay whole.
func onTerminal(w io.Writer, text string) string {
	if isTerminal(w) {
		return fit(screenOf(w), text)
	}
	return text
}

// fit breaks the lines that are wider than a screen at blanks. Further lines begin below
// the text behind the label, or two columns further in if there is none.
func fit(s report.Screen, text string) string {
	width := s.Width
	if width == 0 {
		width = report.DefaultWidth
	}
	var out strings.Builder
	for line := range strings.Lines(text) {
		if twwidth.Width(strings.TrimSuffix(line, "\n")) <= width {
			out.WriteString(line)
			continue
		}
		first := label.FindString(line)
		indent := twwidth.Width(first)
		if strings.TrimSpace(first) == "" {
			indent += 2
		}
		out.WriteString(s.Hang(first, line[len(first):], indent))
	}
	return out.String()
}
