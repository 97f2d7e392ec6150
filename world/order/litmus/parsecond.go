package litmus

import (
	"slices"
	"strconv"
	"strings"
)

// condition reads a proposition over final states: ~ binds tightest, then /\,
// then \/.
func (p *parser) condition() (cond, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.deep-- }()
	x, err := p.conjunction()
	if err != nil {
		return nil, err
	}
	for terms := 0; p.accept("\\/") || p.accept("||"); terms++ {
		if terms == maxTerms {
			return nil, p.fail("more than %d operators in a row: want less", maxTerms)
		}
		y, err := p.conjunction()
		if err != nil {
			return nil, err
		}
		x = condBin{false, x, y}
	}
	if p.accept("=>") {
		y, err := p.condition()
		return condBin{false, condNot{x}, y}, err
	}
	return x, nil
}

func (p *parser) conjunction() (cond, error) {
	x, err := p.proposition()
	if err != nil {
		return nil, err
	}
	for terms := 0; p.accept("/\\") || p.accept("&&"); terms++ {
		if terms == maxTerms {
			return nil, p.fail("more than %d operators in a row: want less", maxTerms)
		}
		y, err := p.proposition()
		if err != nil {
			return nil, err
		}
		x = condBin{true, x, y}
	}
	return x, nil
}

func (p *parser) proposition() (cond, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.deep-- }()
	switch {
	case p.accept("~"), p.accept("!"), p.peek() == "not" && p.accept("not"):
		x, err := p.proposition()
		return condNot{x}, err
	case p.accept("("):
		x, err := p.condition()
		if err != nil {
			return nil, err
		}
		return x, p.expect(")")
	case p.accept("true"):
		return condTrue{}, nil
	case p.accept("false"):
		return condNot{condTrue{}}, nil
	}
	l, err := p.operand(true)
	if err != nil {
		return nil, err
	}
	a := atom{l: l, equal: true}
	switch {
	case p.accept("="), p.accept("=="):
	case p.accept("!="), p.accept("<>"):
		a.equal = false
	default:
		return nil, p.fail("%q: want = or !=", abbreviate(p.peek()))
	}
	if a.r, err = p.operand(false); err != nil {
		return nil, err
	}
	return a, nil
}

func (p *parser) operand(left bool) (operand, error) {
	star := p.accept("*")
	if p.accept("&") {
		return p.address()
	}
	if p.accept("-") {
		n, err := p.number()
		return literal(-n), err
	}
	t := p.peek()
	if n, err := strconv.Atoi(strings.TrimPrefix(t, "P")); err == nil && p.ahead(1) == ":" {
		p.take()
		p.take()
		reg := p.take()
		if n >= len(p.t.threads) || !identifier(reg) {
			return operand{}, p.fail("condition on %s:%s: want a register of one of the %d threads", t, abbreviate(reg), len(p.t.threads))
		}
		if !p.t.declared(n, reg) {
			p.t.note(p.line(), t+":"+abbreviate(reg))
			return literal(0), nil
		}
		return p.quantity(quantity{thread: n, register: reg}), nil
	}
	bracket := p.accept("[")
	t = p.peek()
	if identifier(t) {
		if !left && !bracket && !star {
			return p.address()
		}
		p.take()
		if bracket {
			if err := p.expect("]"); err != nil {
				return operand{}, err
			}
		}
		loc, ok := p.t.index[t]
		if !ok {
			return operand{}, p.fail("condition on %s: want a location of the test", abbreviate(t))
		}
		return p.quantity(quantity{thread: -1, loc: loc}), nil
	}
	n, err := p.number()
	return literal(n), err
}

func literal(v int64) operand { return operand{value: v, quantity: -1} }

// quantity returns the operand for a quantity and numbers it if it is new.
func (p *parser) quantity(q quantity) operand {
	i := slices.Index(p.t.quantities, q)
	if i < 0 {
		i = len(p.t.quantities)
		p.t.quantities = append(p.t.quantities, q)
	}
	return operand{quantity: i}
}

func (p *parser) number() (int64, error) {
	n, err := strconv.ParseInt(p.peek(), 0, 64)
	if err != nil || p.ahead(1) == ":" {
		return 0, p.fail("%q: want a value", abbreviate(p.peek()))
	}
	p.take()
	return n, nil
}

func (p *parser) address() (operand, error) {
	t := p.take()
	if t == "NULL" {
		return literal(0), nil
	}
	loc, ok := p.t.index[t]
	if !ok {
		return operand{}, p.fail("address of %s: want a location of the test", abbreviate(t))
	}
	return literal(pointer(loc)), nil
}
