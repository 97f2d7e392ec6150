package litmus

// truth is the truth value of a condition on a partial state.
type truth uint8

const (
	unknown truth = iota
	isFalse
	isTrue
)

func truthOf(b bool) truth {
	if b {
		return isTrue
	}
	return isFalse
}

func (x truth) not() truth {
	switch x {
	case isFalse:
		return isTrue
	case isTrue:
		return isFalse
	}
	return unknown
}

// known returns the value of an operand, if the partial state has it.
type known func(x operand) (int64, bool)

// holds evaluates a condition on a partial state.
func (t *Test) holds(c cond, k known) truth {
	switch c := c.(type) {
	case condTrue:
		return isTrue
	case condNot:
		return t.holds(c.x, k).not()
	case condBin:
		decided := truthOf(!c.and) // by one side alone
		x := t.holds(c.x, k)
		if x == decided {
			return x
		}
		y := t.holds(c.y, k)
		if y == decided || x != unknown {
			return y
		}
		return unknown
	case atom:
		l, ok := t.operand(c.l, k)
		if !ok {
			return unknown
		}
		r, ok := t.operand(c.r, k)
		if !ok {
			return unknown
		}
		return truthOf((l == r) == c.equal)
	}
	return unknown
}

func (t *Test) operand(x operand, k known) (int64, bool) {
	switch x.kind {
	case opdNumber:
		return x.value, true
	case opdAddress:
		return pointer(t.index[x.name]), true
	}
	return k(x)
}

// possible reports whether a partial state can satisfy the filter, and the condition
// (its negation, if want is false).
func (t *Test) possible(want bool, k known) bool {
	if t.filter != nil && t.holds(t.filter, k) == isFalse {
		return false
	}
	return t.holds(t.cond, k) != truthOf(!want)
}
