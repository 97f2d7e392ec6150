package repro

import "encoding/json"

// Calls is a stack of functions, innermost first.
type Calls []call

// call is one frame. A log may have very many, most of them of the same functions:
// names are shared.
type call struct {
	name   *string
	line   int32
	offset uint32 // in the function, if the log contains it
}

// add appends a frame and leaves little room: there may be very many stacks.
func (c *Calls) add(f call) {
	if len(*c) == cap(*c) {
		*c = append(make(Calls, 0, len(*c)+8+len(*c)/4), *c...)
	}
	*c = append(*c, f)
}

// Names returns the functions.
func (c Calls) Names() []string {
	names := make([]string, len(c))
	for i := range c {
		names[i] = *c[i].name
	}
	return names
}

// MarshalJSON writes the functions.
func (c Calls) MarshalJSON() ([]byte, error) { return json.Marshal(c.Names()) }

// index returns the innermost frame of which the function fits, or -1.
func (c Calls) index(fits func(function string) bool) int {
	for i := range c {
		if fits(*c[i].name) {
			return i
		}
	}
	return -1
}

// shared keeps one copy of each name.
type shared map[string]*string

// maxShared limits the names: a log of random text has no common ones.
const maxShared = 1 << 16

// name returns a shared copy as valid UTF-8 for JSON, so that a fact does not keep a
// long line in memory.
func (s shared) name(text string) *string {
	if known, ok := s[text]; ok {
		return known
	}
	kept := name(text)
	if len(s) < maxShared {
		s[kept] = &kept
	}
	return &kept
}
