package litmus

import (
	"math/bits"
	"slices"
)

// origins are, for each location, the values that it can hold and the stores that each
// may be computed from.
//
// In an execution a store happens once, so its value is not computed from itself: an
// atomic addition adds once, and not again to its own result. Without this, the values
// that a few additions can make would never end.
type origins []map[int64][]storeSet

// storeSet is a set of stores: bit 8t+k is store k of thread t in program order. Further
// stores have no bit, and so are not kept from use of their own values.
type storeSet uint64

func storeBit(thread, k int) storeSet {
	if thread >= 8 || k >= 8 {
		return 0
	}
	return 1 << (8*thread + k)
}

// maxOrigins bounds the sets that are kept for a value.
const maxOrigins = 16

// newOrigins are the origins of values that are computed from no store.
func newOrigins(domain [][]int64) origins {
	out := make(origins, len(domain))
	for loc, vals := range domain {
		out[loc] = map[int64][]storeSet{}
		for _, v := range vals {
			out[loc][v] = []storeSet{0}
		}
	}
	return out
}

// add adds an origin of a value and reports whether it was new. Only the smallest sets
// are kept: they exclude the fewest uses. If there are too many, their intersection
// takes their place, which excludes no more than any of them.
func (o origins) add(loc int, v int64, s storeSet) bool {
	old := o[loc][v]
	if slices.ContainsFunc(old, func(t storeSet) bool { return t&^s == 0 }) {
		return false
	}
	kept := append(slices.DeleteFunc(slices.Clone(old), func(t storeSet) bool { return s&^t == 0 }), s)
	if len(kept) > maxOrigins {
		all := kept[0]
		for _, t := range kept {
			all &= t
		}
		kept = []storeSet{all}
	}
	o[loc][v] = kept
	return true
}

// of returns the origins of the value of a store of a trace, with the store itself; none
// if the value could only be computed from itself.
func (o origins) of(tr *trace, e *event, self storeSet) []storeSet {
	out := []storeSet{0}
	for from := e.value; from != 0; from &= from - 1 {
		r := &tr.events[bits.TrailingZeros64(from)]
		var next []storeSet
		for _, s := range out {
			for _, t := range o[r.loc][r.val] {
				if both := s | t; both&self == 0 && !slices.Contains(next, both) {
					next = append(next, both)
				}
			}
		}
		if len(next) > maxOrigins {
			all := next[0]
			for _, s := range next {
				all &= s
			}
			next = []storeSet{all}
		}
		out = next
	}
	for i := range out {
		out[i] |= self
	}
	return out
}

// founded reports whether every store of a trace has an origin. It calls each for every
// store and origin.
func (o origins) founded(tr *trace, each func(e *event, s storeSet)) bool {
	k := 0
	for i := range tr.events {
		e := &tr.events[i]
		if e.is&mWrite == 0 {
			continue
		}
		found := o.of(tr, e, storeBit(e.thread, k))
		if len(found) == 0 {
			return false
		}
		for _, s := range found {
			each(e, s)
		}
		k++
	}
	return true
}
