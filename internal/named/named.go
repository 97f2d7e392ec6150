// Package named finds values by their names and says in one line, the same for
// every kind of value, what is wrong with a name that is not known.
package named

import (
	"fmt"
	"slices"
	"strings"
)

// List holds values by name, in the order in which they were added.
type List[T any] struct {
	names  []string
	values []T
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
//	fix: calrcu: want a candidate; did you mean callrcu?
//	mode: arm: want a memory model: sc, tso, pso, weak
func Unknown(field, name, want string, names []string) error {
	return Wrong(field, name, "%s", Want(name, want, names))
}

// Want describes what an input should be instead of a name that no value has. It
// suggests the nearest name. Where no name is near it lists all of them, if they
// are few.
func Want(name, want string, names []string) string {
	if near, ok := Nearest(name, names); ok {
		return fmt.Sprintf("%s; did you mean %s?", want, near)
	}
	if len(names) == 0 || len(names) > few {
		return want
	}
	return fmt.Sprintf("%s: %s", want, strings.Join(names, ", "))
}
