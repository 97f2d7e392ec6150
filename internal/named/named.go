// Package named finds values by name. It reports an unknown name in one line of the
// same form for all kinds of values.
package named

import (
	"fmt"
	"slices"
	"strings"
)

// MostInName is the maximum number of bytes in the name of a candidate, a scenario or a
// kernel: more would not fit the tables of a report.
const MostInName = 40

// List holds values by name, in the order of addition.
type List[T any] struct {
	names  []string
	values []T
}

// Grow makes room for n more values.
func (l *List[T]) Grow(n int) {
	l.names = slices.Grow(l.names, n)
	l.values = slices.Grow(l.values, n)
}

// Add adds a value, unless its name is taken.
func (l *List[T]) Add(name string, value T) (added bool) {
	if slices.Contains(l.names, name) {
		return false
	}
	l.names = append(l.names, name)
	l.values = append(l.values, value)
	return true
}

// Find returns the named value.
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

// few is the maximum number of names in an error.
const few = 40

// Unknown returns the error for an unknown name:
//
//	fix: calrcu: want a candidate; did you mean callrcu?
//	mode: arm: want a memory model: sc, tso, pso, weak
func Unknown(field, name, want string, names []string) error {
	return Wrong(field, name, "%s", Want(name, want, names))
}

// Want describes the valid inputs after an unknown name. It suggests the nearest
// name. Without a near name it lists all of them, if they are few.
func Want(name, want string, names []string) string {
	if near, ok := Nearest(name, names); ok {
		return fmt.Sprintf("%s; did you mean %s?", want, near)
	}
	if len(names) == 0 || len(names) > few {
		return want
	}
	return fmt.Sprintf("%s: %s", want, strings.Join(names, ", "))
}
