package litmus

import "slices"

// interleaver chooses the communication of a location step by step. It puts the
// accesses in a sequence, in which each load reads from the last store before it; every
// coherent communication has such a sequence. After each access it examines the axioms.
//
// It serves for the locations of SRCU domains. Usually all values of a domain are alike, so
// any order of the accesses is coherent, and a list of all orders would be too long.
type interleaver struct {
	x     *execution
	loc   int
	left  set   // accesses that are not in the sequence yet
	order []int // the stores of the sequence
	load  int   // the last access of the sequence, if it is a load; else -1
	quick bool  // end at the first sequence, without a look at the axioms
	then  func()
	over  bool
}

// interleave chooses the communications of the interleaved locations from number k on.
func (x *execution) interleave(k int, quick bool) {
	if k == len(x.interleaved) {
		x.conclude()
		return
	}
	f, loc := x.f, x.interleaved[k]
	in := &interleaver{x: x, loc: loc, load: -1, quick: quick, then: func() { x.interleave(k+1, quick) }}
	first := -1
	for i := range f.ev {
		if e := &f.ev[i]; e.loc == loc && e.is&(mRead|mWrite) != 0 {
			in.left.add(i)
			if first < 0 {
				first = i
			}
		}
	}
	in.store(first) // the initial one
	in.extend()
	in.unstore(first)
	x.final[loc] = nil
}

func (in *interleaver) store(s int) {
	in.left = in.left.not(single(s))
	in.order, in.load = append(in.order, s), -1
	// The remaining stores come later, so these pairs are final.
	in.x.c.co[s] = in.left.and(in.x.f.writes)
	in.x.c.rf[s] = set{}
}

func (in *interleaver) unstore(s int) {
	in.left.add(s)
	in.order = in.order[:len(in.order)-1]
	in.x.c.co[s], in.x.c.rf[s] = set{}, set{}
}

func (in *interleaver) extend() {
	x := in.x
	if x.j.exhausted() {
		return
	}
	newest := in.order[len(in.order)-1]
	if in.left.empty() {
		x.final[in.loc] = &communication{order: slices.Clone(in.order), last: x.f.ev[newest].val}
		in.over = in.quick
		in.then()
		return
	}
	left, load := in.left, in.load
	left.each(func(a int) {
		if in.over || x.j.done() || !in.ready(a) {
			return
		}
		if x.f.ev[a].is&mRead == 0 {
			in.store(a)
			in.further()
			in.unstore(a)
			in.load = load
			return
		}
		pair := x.f.rmw[a]
		if x.f.ev[a].val != x.f.ev[newest].val || pair.empty() && load > a { // the other order of two loads is no different
			return
		}
		x.c.rf[newest].add(a)
		in.left, in.load = in.left.not(single(a)), a
		pair.each(in.store)
		in.further()
		pair.each(in.unstore)
		in.left.add(a)
		in.load = load
		x.c.rf[newest] = x.c.rf[newest].not(single(a))
	})
}

// ready reports whether all earlier accesses of the thread are in the sequence.
func (in *interleaver) ready(a int) bool {
	ok := true
	in.left.each(func(b int) { ok = ok && !in.x.f.po[b].has(a) })
	return ok
}

func (in *interleaver) further() {
	if in.quick || in.x.hopeful() {
		in.extend()
	}
}

// hopeful reports whether the partial candidate violates no axiom and, in the search for
// a warning, still has it. All but the interleaved locations have their communications, so a
// warning only disappears as more accesses communicate.
func (x *execution) hopeful() bool {
	if x.j.spend(relationSteps(x.f.n)) {
		return false
	}
	v := x.c.judge()
	return v.allowed && (x.j.seek == 0 || x.plainInterleaved || x.warns(v)&x.j.seek != 0)
}

// warns returns the warnings about an execution.
func (x *execution) warns(v verdict) flag {
	out := x.f.warns | x.c.srcuFlags()
	if v.race {
		out |= dataRace
	}
	return out
}
