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

// known returns the value of a quantity, by its number, if the partial state has it.
type known func(quantity int) (int64, bool)

// holds evaluates a condition on a partial state.
func holds(c cond, k known) truth {
	switch c := c.(type) {
	case condTrue:
		return isTrue
	case condNot:
		return holds(c.x, k).not()
	case condBin:
		decided := truthOf(!c.and) // by one side alone
		x := holds(c.x, k)
		if x == decided {
			return x
		}
		y := holds(c.y, k)
		if y == decided || x != unknown {
			return y
		}
		return unknown
	case atom:
		l, ok := c.l.known(k)
		if !ok {
			return unknown
		}
		r, ok := c.r.known(k)
		if !ok {
			return unknown
		}
		return truthOf((l == r) == c.equal)
	}
	return unknown
}

func (x operand) known(k known) (int64, bool) {
	if x.quantity < 0 {
		return x.value, true
	}
	return k(x.quantity)
}

// possible reports whether a partial state can satisfy the filter, and the condition
// (its negation, if want is false).
func (t *Test) possible(want bool, k known) bool {
	if t.filter != nil && holds(t.filter, k) == isFalse {
		return false
	}
	return holds(t.cond, k) != truthOf(!want)
}
