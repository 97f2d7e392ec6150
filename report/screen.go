package report

import (
	"strings"

	"github.com/fatih/color"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
)

// Screen describes the output of a text. The zero value is a pipe: 80 columns, without
// bold or colour.
type Screen struct {
	Width  int  // columns; 0 is DefaultWidth
	Styled bool // it shows bold and colour
}

// DefaultWidth is the width of a text in columns unless another is given.
const DefaultWidth = 80

// minWidth is the narrowest layout: below it a terminal wraps the lines itself.
const minWidth = 40

// Columns returns the width to which a text is fitted.
func (s Screen) Columns() int {
	if s.Width == 0 {
		return DefaultWidth
	}
	return max(s.Width, minWidth)
}

// tone is the judgement in a text about its subject. A styled screen shows it by colour.
type tone int

const (
	plain tone = iota
	strong
	good
	bad
	faint
)

var tones = map[tone][]color.Attribute{
	strong: {color.Bold}, good: {color.FgGreen}, bad: {color.Bold, color.FgRed}, faint: {color.Faint},
}

// paint adds the style of a tone.
func (s Screen) paint(t tone, text string) string {
	if !s.Styled || t == plain || text == "" {
		return text
	}
	c := color.New(tones[t]...)
	c.EnableColor()
	return c.Sprint(text)
}

// wrap breaks a line at blanks and indents all but the first line twice.
func (s Screen) wrap(line, indent string) string {
	return s.Hang(indent, line, 2*len(indent))
}

// Hang writes a text after a first word and indents further lines. A word that is longer
// than a line is not broken.
func (s Screen) Hang(first, text string, indent int) string {
	var b strings.Builder
	for i, line := range wrapped(text, s.Columns()-max(indent, twwidth.Width(first))) {
		if i == 0 {
			b.WriteString(first)
		} else {
			b.WriteString(strings.Repeat(" ", indent))
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// wrapped breaks a text at blanks into lines of a width. A longer word is not broken.
func wrapped(text string, width int) (lines []string) {
	line, column := "", 0
	for word := range strings.FieldsSeq(text) {
		switch n := twwidth.Width(word); {
		case line == "":
			line, column = word, n
		case column+1+n > width:
			lines = append(lines, line)
			line, column = word, n
		default:
			line, column = line+" "+word, column+1+n
		}
	}
	return append(lines, line)
}
