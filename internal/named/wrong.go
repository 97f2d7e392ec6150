package named

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// Error is the error for an invalid input: FIELD: VALUE: want WHAT.
type Error struct{ Field, Value, Want string }

func (e *Error) Error() string { return fmt.Sprintf("%s: %s: want %s", e.Field, e.Value, e.Want) }

// Wrong returns an Error that shows the value.
func Wrong(field, value, want string, args ...any) error {
	return &Error{Field: field, Value: Show(value), Want: fmt.Sprintf(want, args...)}
}

// Show returns a value for a message: abbreviated if it is long, and in quotes if
// it is empty or contains a space or an unprintable character.
func Show(value string) string {
	const most = 200
	if r := []rune(value); len(r) > most {
		value = string(r[:most]) + "..."
	}
	plain := func(r rune) bool { return unicode.IsPrint(r) && r != ' ' && r != unicode.ReplacementChar }
	if value == "" || strings.ContainsFunc(value, func(r rune) bool { return !plain(r) }) {
		return strconv.Quote(value)
	}
	return value
}
