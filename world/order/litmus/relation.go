package litmus

import "math/bits"

// set is a set of events.
type set [2]uint64

func (s *set) add(i int)     { s[i>>6] |= 1 << (i & 63) }
func (s set) has(i int) bool { return s[i>>6]>>(i&63)&1 != 0 }
func (s set) empty() bool    { return s[0]|s[1] == 0 }
func (s set) and(t set) set  { return set{s[0] & t[0], s[1] & t[1]} }
func (s set) or(t set) set   { return set{s[0] | t[0], s[1] | t[1]} }
func (s set) not(t set) set  { return set{s[0] &^ t[0], s[1] &^ t[1]} }

func single(i int) set {
	var s set
	s.add(i)
	return s
}

func (s set) each(f func(i int)) {
	for w, m := range s {
		for ; m != 0; m &= m - 1 {
			f(w<<6 + bits.TrailingZeros64(m))
		}
	}
}

// rel is a relation between events: row i is the set of successors of event i.
type rel []set

func (r rel) empty() bool {
	for i := range r {
		if !r[i].empty() {
			return false
		}
	}
	return true
}

func (r rel) equal(t rel) bool {
	for i := range r {
		if r[i] != t[i] {
			return false
		}
	}
	return true
}

func (r rel) reflexive() bool {
	for i := range r {
		if r[i].has(i) {
			return true
		}
	}
	return false
}

// algebra computes relations between n events. Their memory is reused after reset.
type algebra struct {
	n    int
	slab []set
	used int
}

func newAlgebra(n int) *algebra { return &algebra{n: n} }

// reset frees every computed relation.
func (a *algebra) reset() { a.used = 0 }

// mark returns a point; release frees the relations computed after it.
func (a *algebra) mark() int        { return a.used }
func (a *algebra) release(mark int) { a.used = mark }

// none returns a new empty relation.
func (a *algebra) none() rel {
	r := a.raw()
	clear(r)
	return r
}

func (a *algebra) raw() rel {
	if a.used+a.n > len(a.slab) {
		// Relations in the old slab stay valid.
		a.slab, a.used = make([]set, max(64*a.n, 2*len(a.slab))), 0
	}
	r := rel(a.slab[a.used : a.used+a.n : a.used+a.n])
	a.used += a.n
	return r
}

func (a *algebra) clone(r rel) rel {
	out := a.raw()
	copy(out, r)
	return out
}

func (a *algebra) or(rs ...rel) rel {
	out := a.clone(rs[0])
	for _, r := range rs[1:] {
		for i := range out {
			out[i][0] |= r[i][0]
			out[i][1] |= r[i][1]
		}
	}
	return out
}

func (a *algebra) and(r, t rel) rel {
	out := a.raw()
	for i := range r {
		out[i] = r[i].and(t[i])
	}
	return out
}

func (a *algebra) not(r, t rel) rel {
	out := a.raw()
	for i := range r {
		out[i] = r[i].not(t[i])
	}
	return out
}

// between keeps the pairs from s to t: [s] ; r ; [t].
func (a *algebra) between(s set, r rel, t set) rel {
	out := a.raw()
	for i := range r {
		if s.has(i) {
			out[i] = r[i].and(t)
		} else {
			out[i] = set{}
		}
	}
	return out
}

// to keeps the pairs to t: r ; [t].
func (a *algebra) to(r rel, t set) rel {
	out := a.raw()
	for i := range r {
		out[i] = r[i].and(t)
	}
	return out
}

// from keeps the pairs from s: [s] ; r.
func (a *algebra) from(s set, r rel) rel {
	out := a.raw()
	for i := range r {
		if s.has(i) {
			out[i] = r[i]
		} else {
			out[i] = set{}
		}
	}
	return out
}

// seq is the composition of relations, left to right.
func (a *algebra) seq(r rel, ts ...rel) rel {
	for _, t := range ts {
		out := a.raw()
		for i := range r {
			var row set
			for w, m := range r[i] {
				for ; m != 0; m &= m - 1 {
					k := w<<6 + bits.TrailingZeros64(m)
					row[0] |= t[k][0]
					row[1] |= t[k][1]
				}
			}
			out[i] = row
		}
		r = out
	}
	return r
}

// maybe adds the identity: r?
func (a *algebra) maybe(r rel) rel {
	out := a.clone(r)
	for i := range out {
		out[i].add(i)
	}
	return out
}

func (a *algebra) withoutID(r rel) rel {
	out := a.raw()
	for i := range r {
		out[i] = r[i].not(single(i))
	}
	return out
}

func (a *algebra) inverse(r rel) rel {
	out := a.none()
	for i := range r {
		r[i].each(func(j int) { out[j].add(i) })
	}
	return out
}

// plus is the transitive closure.
func (a *algebra) plus(r rel) rel {
	out := a.clone(r)
	for k := range out {
		row := out[k]
		if row.empty() {
			continue
		}
		w, b := k>>6, uint64(1)<<(k&63)
		for i := range out {
			if out[i][w]&b != 0 {
				out[i][0] |= row[0]
				out[i][1] |= row[1]
			}
		}
	}
	return out
}

// star is the reflexive transitive closure.
func (a *algebra) star(r rel) rel {
	out := a.plus(r)
	for i := range out {
		out[i].add(i)
	}
	return out
}

// identity relates each event of s to itself: [s].
func (a *algebra) identity(s set) rel {
	r := a.none()
	s.each(func(i int) { r[i].add(i) })
	return r
}

// acyclic reports whether r has no cycle.
func (a *algebra) acyclic(r rel) bool {
	mark := a.mark()
	defer a.release(mark)
	return !a.plus(r).reflexive()
}
