package srcu

import (
	"sync/atomic"
	"unsafe"
)

// slot is one line of reader counters. Whoever increments a slot's counters
// with plain instructions does so alone; only the sums over all slots mean
// anything, so a section may lock on one and unlock on another.
type slot struct {
	n      [2][2]uint64 // [locked or unlocked][rank]
	next   *slot        // set before the slot is listed, then constant
	owner  uintptr      // the stack block that owns it, 0 if none
	listed atomic.Uint32
	_      [64 - (4*8+2*unsafe.Sizeof(uintptr(0))+4)%64]byte
}

// The two kinds of counter.
const (
	locked   = 0
	unlocked = 1
)

// The states of slot.listed.
const (
	unlisted = iota
	listing
	inList
)

// slots is the list of all slots that were ever used. It only grows, to at
// most the slots of a domain, so that pushing to it fails a bounded number of
// times.
type slots struct {
	head atomic.Pointer[slot]
}

// list makes the sums see s, once. It reports whether they do: false means
// that another thread is about to.
//
// A slot must be listed before its first increment. The push is a full
// barrier: a sum that misses the slot is followed, at the reader, by loads
// that see all that preceded the sum.
func (l *slots) list(s *slot) bool {
	if s.listed.Load() == inList {
		return true
	}
	if !s.listed.CompareAndSwap(unlisted, listing) {
		return s.listed.Load() == inList
	}
	for {
		s.next = l.head.Load()
		if l.head.CompareAndSwap(s.next, s) {
			s.listed.Store(inList)
			return true
		}
	}
}

// sum adds up one kind of counter of a rank.
func (l *slots) sum(kind, rank int) uint64 {
	var n uint64
	for s := l.head.Load(); s != nil; s = s.next {
		n += atomic.LoadUint64(&s.n[kind][rank&1])
	}
	return n
}
