package workload

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gpstorm/gpstorm/internal/named"
)

// Error describes an invalid scenario in one line: LINE:COLUMN: FIELD: VALUE: want
// WHAT.
type Error struct {
	Line, Column int    // position in the YAML; 0 if the scenario was not read from YAML
	Path         string // of the field, for example storms[0].period, or document
	Value        string // as written, shortened
	Want         string // begins with "want" and describes valid values
}

func (e *Error) Error() string {
	var parts []string
	if e.Line > 0 {
		parts = append(parts, fmt.Sprintf("%d:%d", e.Line, e.Column))
	}
	if e.Path != "" {
		parts = append(parts, e.Path)
	}
	if e.Value != "" {
		parts = append(parts, e.Value)
	}
	return strings.Join(append(parts, e.Want), ": ")
}

// show returns the beginning of a value for a message.
func show(s string) string { return named.Show(short(s, 40)) }

// plain returns a message of the YAML parser as one short line, with escapes for
// unprintable characters.
func plain(s string) string {
	var b strings.Builder
	for _, r := range short(s, 160) {
		if strconv.IsPrint(r) && r != utf8.RuneError {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}

// short returns the beginning of a text.
func short(s string, most int) string {
	if utf8.RuneCountInString(s) > most {
		return string([]rune(s)[:most]) + "..."
	}
	return s
}
