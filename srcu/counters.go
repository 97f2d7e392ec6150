package srcu

import (
	"sync/atomic"
	"unsafe"
)

// counters are the numbers of sections that a reader, or a group of readers, has
// begun and ended: [locked or unlocked][rank]. Only their sums over a domain are
// meaningful, since the beginning and the end of a section may be counted in
// different places.
type counters [2][2]uint64

// The two kinds of counter.
const (
	locked   = 0
	unlocked = 1
)

func (c *counters) load(kind, rank int) uint64 { return atomic.LoadUint64(&c[kind][rank&1]) }

func (c *counters) add(kind, rank uint32) { atomic.AddUint64(&c[kind&1][rank&1], 1) }

// addAll adds another reader's counts of one kind, on both ranks.
func (c *counters) addAll(kind int, of *counters) {
	for rank := range c[kind] {
		atomic.AddUint64(&c[kind][rank], of[kind][rank])
	}
}

// snapshot reads all four counters, one after the other.
func (c *counters) snapshot() (s counters) {
	for kind := range c {
		for rank := range c[kind] {
			s[kind][rank] = c.load(kind, rank)
		}
	}
	return s
}

// balanced reports whether as many sections have ended as have begun.
func (c *counters) balanced() bool { return c[locked] == c[unlocked] }

// slot is a cache line with counters. The runtime puts a header before an object
// with pointers, which therefore begins 8 bytes after a cache line; the padding at
// the end allows for that.
type slot struct {
	n     counters
	owner uintptr // an address in the stack block whose goroutine counts here with plain instructions
	_     [64 - unsafe.Sizeof(counters{}) - unsafe.Sizeof(uintptr(0))]byte
}
