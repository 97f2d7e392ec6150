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

func (s set) each(f func(i int)) {
	for w, m := range s {
		for ; m != 0; m &= m - 1 {
			f(w<<6 + bits.TrailingZeros64(m))
		}
	}
}

// rel is a relation between events: row i is what i is related to.
type rel []set

func newRel(n int) rel { return make(rel, n) }

func (r rel) clone() rel { return append(rel(nil), r...) }

func or(rs ...rel) rel {
	out := rs[0].clone()
	for _, r := range rs[1:] {
		for i := range out {
			out[i] = out[i].or(r[i])
		}
	}
	return out
}

func (r rel) and(t rel) rel {
	out := newRel(len(r))
	for i := range r {
		out[i] = r[i].and(t[i])
	}
	return out
}

func (r rel) not(t rel) rel {
	out := newRel(len(r))
	for i := range r {
		out[i] = r[i].not(t[i])
	}
	return out
}

// between keeps pairs from a to b: [a] ; r ; [b].
func (r rel) between(a, b set) rel {
	out := newRel(len(r))
	for i := range r {
		if a.has(i) {
			out[i] = r[i].and(b)
		}
	}
	return out
}

// then is the composition of relations, left to right.
func (r rel) then(ts ...rel) rel {
	for _, t := range ts {
		out := newRel(len(r))
		for i := range r {
			for w, m := range r[i] {
				for ; m != 0; m &= m - 1 {
					k := w<<6 + bits.TrailingZeros64(m)
					out[i] = out[i].or(t[k])
				}
			}
		}
		r = out
	}
	return r
}

// maybe adds the identity: r?
func (r rel) maybe() rel {
	out := r.clone()
	for i := range out {
		out[i].add(i)
	}
	return out
}

func (r rel) inverse() rel {
	out := newRel(len(r))
	for i := range r {
		r[i].each(func(j int) { out[j].add(i) })
	}
	return out
}

// plus is the transitive closure.
func (r rel) plus() rel {
	out := r.clone()
	for k := range out {
		row := out[k]
		w, b := k>>6, uint64(1)<<(k&63)
		for i := range out {
			if out[i][w]&b != 0 {
				out[i] = out[i].or(row)
			}
		}
	}
	return out
}

// star is the reflexive transitive closure.
func (r rel) star() rel { return r.plus().maybe() }

func (r rel) reflexive() bool {
	for i := range r {
		if r[i].has(i) {
			return true
		}
	}
	return false
}

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
