package workload

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Error says in one line what is wrong with a scenario: where, which field,
// which value, and what is allowed.
type Error struct {
	Line, Column int    // where it stands in the YAML; 0 if it was not read from YAML
	Path         string // of the field, as in storms[0].period; empty for the whole
	Value        string // as written, shortened; empty if there is none
	Want         string // what is allowed
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

// show is a value as an error message shows it: short, on one line, quoted if
// it holds anything but plain characters.
func show(s string) string {
	const most = 40
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "..."
	}
	plain := s != "" && strings.TrimSpace(s) == s && utf8.ValidString(s)
	for _, r := range s {
		plain = plain && strconv.IsPrint(r)
	}
	if plain {
		return s
	}
	return strconv.Quote(s)
}
