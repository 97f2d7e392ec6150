// Package named finds values by their names and says in one line, the same for
// every kind of value, what is wrong with a name that is not known.
package named

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// List holds values by name, in the order in which they were added.
type List[T any] struct {
	names  []string
	values []T
}

// Add adds a value. A name that is taken already is an error.
func (l *List[T]) Add(name string, value T) error {
	if slices.Contains(l.names, name) {
		return errors.New("want a name that is not taken")
	}
	l.names = append(l.names, name)
	l.values = append(l.values, value)
	return nil
}

// Find returns the value of that name.
func (l *List[T]) Find(name string) (value T, ok bool) {
	i := slices.Index(l.names, name)
	if i < 0 {
		return value, false
	}
	return l.values[i], true
}

// Names returns the names in the order of the list.
func (l *List[T]) Names() []string { return slices.Clone(l.names) }

// Values returns the values in the order of the list.
func (l *List[T]) Values() []T { return slices.Clone(l.values) }

// few is how many names an error lists at most.
const few = 40

// Unknown is the error for a name that no value has:
//
//	fix: "calrcu": want a candidate; did you mean "callrcu"?
//	mode: "arm": want a memory model: sc, tso, pso, weak
func Unknown(field, name, want string, names []string) error {
	return fmt.Errorf("%s: %q: %s", field, short(name), Want(name, want, names))
}

// Want is the last part of the error for a name that no value has. It suggests
// the nearest name. Where no name is near it lists all of them, if they are few.
func Want(name, want string, names []string) string {
	if near, ok := Nearest(name, names); ok {
		return fmt.Sprintf("want %s; did you mean %q?", want, near)
	}
	if len(names) == 0 || len(names) > few {
		return "want " + want
	}
	return fmt.Sprintf("want %s: %s", want, strings.Join(names, ", "))
}

// short bounds what an error repeats of its input.
func short(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "..."
	}
	return s
}
