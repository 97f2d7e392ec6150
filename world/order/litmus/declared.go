package litmus

import (
	"fmt"
	"maps"
	"slices"
)

// declared reports whether a thread has a register of that name: a parameter, an
// initial register, or a name that its code declares or assigns.
func (t *Test) declared(thread int, reg string) bool {
	th := &t.threads[thread]
	_, set := t.regs[thread][reg]
	_, local := th.locals[reg]
	return set || local || slices.Contains(th.params, reg)
}

// noteHidden notes the first location that a register of a thread hides there, or
// initial register that a parameter hides.
func (t *Test) noteHidden() {
	first := 0
	note := func(line int, format string, args ...any) {
		if t.Hidden == "" || line < first {
			first, t.Hidden = line, fmt.Sprintf("line %d: ", line)+fmt.Sprintf(format, args...)
		}
	}
	for id, th := range t.threads {
		for _, n := range slices.Sorted(maps.Keys(th.locals)) {
			if _, location := t.index[n]; location {
				note(th.locals[n], "register %s of P%d hides the location %s", abbreviate(n), id, abbreviate(n))
			}
		}
		for _, n := range th.params {
			if _, register := t.regs[id][n]; register {
				note(th.line, "parameter %s of P%d hides the initial register %d:%s", abbreviate(n), id, id, abbreviate(n))
			}
		}
	}
}

// noteUndeclared notes the first name in a thread's code that is neither a register nor
// a location.
func (t *Test) noteUndeclared() {
	for id := range t.threads {
		if n := t.undeclaredIn(id, t.threads[id].body); n != nil {
			t.note(n.line, abbreviate(n.text))
			return
		}
	}
}

func (t *Test) note(line int, name string) {
	if t.Undeclared == "" {
		t.Undeclared = fmt.Sprintf("line %d: %s is declared nowhere and counts as 0", line, name)
	}
}

func (t *Test) undeclaredIn(id int, body []stmt) *name {
	for _, s := range body {
		var n *name
		switch s := s.(type) {
		case assign:
			n = t.undeclaredName(id, s.val)
		case store:
			n = t.undeclaredName(id, s.addr, s.val)
		case eval:
			n = t.undeclaredName(id, s.val)
		case branch:
			if n = t.undeclaredName(id, s.cond); n == nil {
				n = t.undeclaredIn(id, s.then)
			}
			if n == nil {
				n = t.undeclaredIn(id, s.els)
			}
		}
		if n != nil {
			return n
		}
	}
	return nil
}

func (t *Test) undeclaredName(id int, xs ...expr) *name {
	for _, x := range xs {
		var n *name
		switch x := x.(type) {
		case name:
			if _, location := t.index[x.text]; !location && !t.declared(id, x.text) {
				return &x
			}
		case unary:
			n = t.undeclaredName(id, x.x)
		case binary:
			n = t.undeclaredName(id, x.x, x.y)
		case load:
			n = t.undeclaredName(id, x.addr)
		case call:
			n = t.undeclaredName(id, x.args...)
		}
		if n != nil {
			return n
		}
	}
	return nil
}
