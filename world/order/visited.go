package order

// visited is a set of states by fingerprint, each with a number: a hash table
// with linear probing, at most three quarters full.
type visited struct {
	slots []slot
	used  int
}

type slot struct {
	key
	n    uint64
	full bool
}

func newVisited() *visited { return &visited{slots: make([]slot, 1<<10)} }

// at is where k is, or where it belongs.
func (v *visited) at(k key) *slot {
	mask := uint64(len(v.slots) - 1)
	for i := k[0] & mask; ; i = (i + 1) & mask {
		if s := &v.slots[i]; !s.full || s.key == k {
			return s
		}
	}
}

func (v *visited) get(k key) (uint64, bool) {
	s := v.at(k)
	return s.n, s.full
}

func (v *visited) put(k key, n uint64) {
	if v.used >= len(v.slots)/4*3 {
		old := v.slots
		v.slots = make([]slot, 2*len(old))
		for i := range old {
			if old[i].full {
				*v.at(old[i].key) = old[i]
			}
		}
	}
	s := v.at(k)
	if !s.full {
		v.used++
	}
	*s = slot{k, n, true}
}
