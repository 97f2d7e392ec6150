package litmus

import (
	"maps"
	"slices"
)

// valueSets computes an over-approximation of the values that locations can hold,
// from a set of values for each register.
type valueSets struct {
	t         *Test
	limit     int  // bound on the values of a set
	anyBranch bool // take every branch both ways
	domain    [][]int64
	env       map[string][]int64
	touched   []bool // locations that an access other than those of SRCU sections reaches
	section   bool   // the access is one of an SRCU section
	grown     bool
	over      bool // a set exceeded the limit
}

// selfJustified returns the values that locations can hold only if a branch is taken
// although no other value satisfies its condition. It returns nil if a location can
// hold more values than the limit, and leaves out values that take more rounds to
// compute.
func (t *Test) selfJustified(initial [][]int64, limit, rounds int) [][]int64 {
	open, ok := t.canHold(initial, limit, rounds, true)
	if !ok {
		return nil
	}
	founded, ok := t.canHold(initial, limit, rounds, false)
	if !ok {
		return nil
	}
	for loc := range open {
		open[loc] = slices.DeleteFunc(open[loc], func(x int64) bool {
			_, found := slices.BinarySearch(founded[loc], x)
			return found
		})
	}
	return open
}

// canHold computes a superset of the values that each location can hold. ok is false
// if a set exceeds the limit.
func (t *Test) canHold(initial [][]int64, limit, rounds int, anyBranch bool) (_ [][]int64, ok bool) {
	v := t.valueSets(initial, limit, rounds, anyBranch)
	return v.domain, !v.over
}

func (t *Test) valueSets(initial [][]int64, limit, rounds int, anyBranch bool) *valueSets {
	v := &valueSets{
		t: t, limit: limit, anyBranch: anyBranch, domain: clone(initial), touched: make([]bool, len(t.locs)), grown: true,
	}
	for round := 0; v.grown && !v.over && round <= rounds; round++ {
		v.grown = false
		for id := range t.threads {
			v.env = map[string][]int64{}
			for n, x := range t.regs[id] {
				v.env[n] = []int64{t.valueOf(x)}
			}
			for _, n := range t.threads[id].params {
				v.env[n] = []int64{pointer(t.index[n])}
			}
			v.block(t.threads[id].body)
		}
	}
	return v
}

func (v *valueSets) block(body []stmt) {
	for _, s := range body {
		switch s := s.(type) {
		case assign:
			v.env[s.reg] = v.eval(s.val)
		case store:
			v.store(v.eval(s.addr), v.eval(s.val))
		case eval:
			v.eval(s.val)
		case branch:
			v.branch(s, v.eval(s.cond))
		}
	}
}

func (v *valueSets) branch(b branch, cond []int64) {
	isZero := func(x int64) bool { return x == 0 }
	then := v.anyBranch || !slices.ContainsFunc(cond, isZero) && len(cond) > 0 || len(cond) > 1
	els := v.anyBranch || slices.ContainsFunc(cond, isZero)
	before := maps.Clone(v.env)
	if then {
		v.block(b.then)
	}
	after := v.env
	v.env = before
	if els {
		v.block(b.els)
	}
	switch {
	case then && els:
		for n, x := range after {
			v.env[n] = union(v.env[n], x)
		}
	case then:
		v.env = after
	}
}

func union(a, b []int64) []int64 {
	for _, x := range b {
		if k, found := slices.BinarySearch(a, x); !found {
			a = slices.Insert(slices.Clone(a), k, x)
		}
	}
	return a
}

func (v *valueSets) store(addrs, vals []int64) {
	for _, a := range addrs {
		loc, ok := v.t.locOf(a)
		if !ok {
			continue
		}
		v.touched[loc] = v.touched[loc] || !v.section
		n := len(v.domain[loc])
		v.domain[loc] = union(v.domain[loc], vals)
		v.grown = v.grown || len(v.domain[loc]) > n
		v.over = v.over || len(v.domain[loc]) > v.limit
	}
}

func (v *valueSets) load(addrs []int64) (out []int64) {
	for _, a := range addrs {
		if loc, ok := v.t.locOf(a); ok {
			v.touched[loc] = v.touched[loc] || !v.section
			out = union(out, v.domain[loc])
		}
	}
	return out
}

func (v *valueSets) eval(x expr) []int64 {
	switch x := x.(type) {
	case number:
		return []int64{int64(x)}
	case name:
		if s, ok := v.env[x.text]; ok {
			return s
		}
		if i, ok := v.t.index[x.text]; ok {
			return []int64{pointer(i)}
		}
	case unary:
		return v.each(v.eval(x.x), []int64{0}, func(a, _ int64) (int64, bool) { return applyUnary(x.op, a), true })
	case binary:
		return v.each(v.eval(x.x), v.eval(x.y), func(a, b int64) (int64, bool) { return applyBinary(x.op, a, b) })
	case load:
		return v.load(v.eval(x.addr))
	case call:
		return v.call(x)
	}
	return []int64{0}
}

// each applies f to all pairs of operands and returns the results.
func (v *valueSets) each(as, bs []int64, f func(a, b int64) (int64, bool)) (out []int64) {
	for _, a := range as {
		for _, b := range bs {
			if r, ok := f(a, b); ok {
				if k, found := slices.BinarySearch(out, r); !found {
					out = slices.Insert(out, k, r)
				}
			}
			if len(out) > v.limit {
				v.over = true
				return out
			}
		}
	}
	return out
}

func (v *valueSets) lvalue(x expr) []int64 {
	if l, ok := x.(load); ok {
		return v.eval(l.addr)
	}
	return v.eval(x)
}

func (v *valueSets) call(c call) []int64 {
	switch c.prim.kind {
	case primLoad:
		return v.load(v.lvalue(c.args[0]))
	case primLoadP:
		return v.load(v.eval(c.args[0]))
	case primStore:
		v.store(v.lvalue(c.args[0]), v.eval(c.args[1]))
	case primStoreP:
		v.store(v.eval(c.args[0]), v.eval(c.args[1]))
	case primExchange:
		to, with := v.eval(c.args[0]), v.eval(c.args[1])
		old := v.load(to)
		v.store(to, with)
		return old
	case primCompare:
		to, expected, with := v.eval(c.args[0]), v.eval(c.args[1]), v.eval(c.args[2])
		old := v.load(to)
		if v.anyBranch || slices.ContainsFunc(expected, func(x int64) bool { return slices.Contains(old, x) }) {
			v.store(to, with)
		}
		return old
	case primAdd:
		return v.arithmetic(c)
	case primUnless:
		to := v.eval(c.args[0])
		v.store(to, v.each(v.load(to), v.eval(c.args[1]), func(a, b int64) (int64, bool) { return applyBinary("+", a, b) }))
		return []int64{0, 1}
	case primTryLock, primIsLocked:
		return []int64{0, 1}
	case primSRCULock:
		domains := v.eval(c.args[0])
		v.section = true
		defer func() { v.section = false }()
		return v.load(domains)
	case primSRCUUnlock:
		domains, vals := v.eval(c.args[0]), v.eval(c.args[1])
		v.section = true
		v.store(domains, vals)
		v.section = false
	}
	return []int64{0}
}

func (v *valueSets) arithmetic(c call) []int64 {
	by, to := []int64{1}, c.args[0]
	if !c.prim.one {
		by, to = v.eval(c.args[0]), c.args[1]
	}
	at := v.eval(to)
	old := v.load(at)
	after := v.each(old, by, func(a, b int64) (int64, bool) { return applyBinary(c.prim.op, a, b) })
	v.store(at, after)
	switch c.prim.returns {
	case returnsOld:
		return old
	case returnsNew:
		return after
	}
	return []int64{0, 1}
}
