package order

import (
	"sync"
	"sync/atomic"
)

// visited maps fingerprints of states to numbers, for several searchers at once. It
// is a hash table with linear probing, at most seven eighths full. Its parts grow one
// at a time, which bounds the additional memory.
type visited struct {
	parts [visitedParts]visitedPart
	n     atomic.Int64
}

const visitedParts = 64

type visitedPart struct {
	mu    sync.Mutex
	slots []slot
	used  int
}

// slot is empty if its key is zero.
type slot struct {
	key
	n uint64
}

func (v *visited) part(k key) *visitedPart { return &v.parts[k[1]>>58] }

// len returns the number of states.
func (v *visited) len() int { return int(v.n.Load()) }

// at returns the slot of k, or the empty slot for it.
func (p *visitedPart) at(k key) *slot {
	mask := uint64(len(p.slots) - 1)
	for i := k[0] & mask; ; i = (i + 1) & mask {
		if s := &p.slots[i]; s.key == k || s.key == (key{}) {
			return s
		}
	}
}

func (v *visited) get(k key) (uint64, bool) {
	p := v.part(k)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.slots) == 0 {
		return 0, false
	}
	s := p.at(k)
	return s.n, s.key == k
}

// put adds a state if it is absent and reports whether it was added.
func (v *visited) put(k key, n uint64) bool {
	p := v.part(k)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.used >= len(p.slots)/8*7 {
		old := p.slots
		p.slots = make([]slot, max(64, 2*len(old)))
		for i := range old {
			if old[i].key != (key{}) {
				*p.at(old[i].key) = old[i]
			}
		}
	}
	s := p.at(k)
	if s.key == k {
		return false
	}
	p.used++
	v.n.Add(1)
	*s = slot{k, n}
	return true
}
