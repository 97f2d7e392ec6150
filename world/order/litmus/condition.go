package litmus

// outcome is a final state.
type outcome struct {
	t     *Test
	combo []*trace
	last  []*weave
}

func (o *outcome) holds(c cond) bool {
	switch c := c.(type) {
	case condTrue:
		return true
	case condNot:
		return !o.holds(c.x)
	case condBin:
		if c.and {
			return o.holds(c.x) && o.holds(c.y)
		}
		return o.holds(c.x) || o.holds(c.y)
	case atom:
		return (o.value(c.l) == o.value(c.r)) == c.equal
	}
	return false
}

func (o *outcome) value(x operand) int64 {
	switch x.kind {
	case opdRegister:
		return o.combo[x.thread].regs[x.name]
	case opdLocation:
		return o.last[o.t.index[x.name]].last
	}
	v, _ := o.t.constant(x)
	return v
}

// constant is the value of an operand that does not depend on the execution.
func (t *Test) constant(x operand) (int64, bool) {
	switch x.kind {
	case opdNumber:
		return x.value, true
	case opdAddress:
		return pointer(t.index[x.name]), true
	}
	return 0, false
}

// conjuncts adds the atoms that must hold for c to hold.
func conjuncts(c cond, out []atom) []atom {
	switch c := c.(type) {
	case atom:
		return append(out, c)
	case condBin:
		if c.and {
			return conjuncts(c.y, conjuncts(c.x, out))
		}
	case condNot:
		if a, ok := c.x.(atom); ok {
			a.equal = !a.equal
			return append(out, a)
		}
	}
	return out
}
