package litmus

import "slices"

// weaver chooses the communication of a location step by step. It puts the accesses in
// a row, in which each load reads from the last store before it; every coherent
// communication has such a row. After each access the axioms are examined.
//
// The locations of SRCU domains are woven. Usually all values of a domain are alike, so
// any order of the accesses is coherent, and a list of all orders would be too long.
type weaver struct {
	x     *execution
	loc   int
	left  set   // accesses that are not in the row yet
	order []int // the stores of the row
	load  int   // the last access of the row, if it is a load; else -1
	quick bool  // end at the first row, without a look at the axioms
	then  func()
	over  bool
}

// weave chooses the communications of the woven locations from number k on.
func (x *execution) weave(k int, quick bool) {
	if k == len(x.woven) {
		x.conclude()
		return
	}
	f, loc := x.f, x.woven[k]
	w := &weaver{x: x, loc: loc, load: -1, quick: quick, then: func() { x.weave(k+1, quick) }}
	first := -1
	for i := range f.ev {
		if e := &f.ev[i]; e.loc == loc && e.is&(mRead|mWrite) != 0 {
			w.left.add(i)
			if first < 0 {
				first = i
			}
		}
	}
	w.store(first) // the initial one
	w.extend()
	w.unstore(first)
	x.final[loc] = nil
}

func (w *weaver) store(s int) {
	w.left = w.left.not(single(s))
	w.order, w.load = append(w.order, s), -1
	// The remaining stores come later, so this row is final.
	w.x.c.co[s] = w.left.and(w.x.f.writes)
	w.x.c.rf[s] = set{}
}

func (w *weaver) unstore(s int) {
	w.left.add(s)
	w.order = w.order[:len(w.order)-1]
	w.x.c.co[s], w.x.c.rf[s] = set{}, set{}
}

func (w *weaver) extend() {
	x := w.x
	if x.j.exhausted() {
		return
	}
	newest := w.order[len(w.order)-1]
	if w.left.empty() {
		x.final[w.loc] = &communication{order: slices.Clone(w.order), last: x.f.ev[newest].val}
		w.over = w.quick
		w.then()
		return
	}
	left, load := w.left, w.load
	left.each(func(a int) {
		if w.over || x.j.done() || !w.ready(a) {
			return
		}
		if x.f.ev[a].is&mRead == 0 {
			w.store(a)
			w.further()
			w.unstore(a)
			w.load = load
			return
		}
		pair := x.f.rmw[a]
		if x.f.ev[a].val != x.f.ev[newest].val || pair.empty() && load > a { // the other order of two loads is no different
			return
		}
		x.c.rf[newest].add(a)
		w.left, w.load = w.left.not(single(a)), a
		pair.each(w.store)
		w.further()
		pair.each(w.unstore)
		w.left.add(a)
		w.load = load
		x.c.rf[newest] = x.c.rf[newest].not(single(a))
	})
}

// ready reports whether all earlier accesses of the thread are in the row.
func (w *weaver) ready(a int) bool {
	ok := true
	w.left.each(func(b int) { ok = ok && !w.x.f.po[b].has(a) })
	return ok
}

func (w *weaver) further() {
	if w.quick || w.x.hopeful() {
		w.extend()
	}
}

// hopeful reports whether the partial candidate violates no axiom and, in the search for
// a warning, still has it. All but the woven locations have their communications, so a
// warning only disappears as more accesses communicate.
func (x *execution) hopeful() bool {
	if x.j.spend(relationSteps(x.f.n)) {
		return false
	}
	v := x.c.judge()
	return v.allowed && (x.j.seek == 0 || x.plainWoven || x.warns(v)&x.j.seek != 0)
}

// warns returns the warnings about an execution.
func (x *execution) warns(v verdict) flag {
	out := x.f.warns | x.c.srcuFlags()
	if v.race {
		out |= dataRace
	}
	return out
}
