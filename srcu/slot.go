package srcu

import (
	"sync/atomic"
	"unsafe"
)

// counters are a reader's, or a group of readers', counts of sections begun
// and ended: [locked or unlocked][rank]. Only the sums over all counters of a
// domain mean anything, so a section may be locked in one place and unlocked
// in another.
type counters [2][2]uint64

// The two kinds of counter.
const (
	locked   = 0
	unlocked = 1
)

func (c *counters) load(kind, rank int) uint64 { return atomic.LoadUint64(&c[kind][rank&1]) }

func (c *counters) add(kind, rank uint32) { atomic.AddUint64(&c[kind&1][rank&1], 1) }

// slot is a line with counters. Objects with pointers begin 8 bytes after a
// line, where the runtime puts a header before them; the padding allows for
// that.
type slot struct {
	n     counters
	owner uintptr // the stack block that alone counts here with plain instructions
	_     [64 - unsafe.Sizeof(counters{}) - unsafe.Sizeof(uintptr(0))]byte
}

// table holds the counters of anonymous readers.
type table struct {
	stacks [stackSlots]slot  // each for the goroutine in one stack block
	shared [sharedSlots]slot // for goroutines that own none; counted atomically
	claims uint32            // stacks that have got an owner

	// Owned by the owner of the grace period: the slots with an owner, as of
	// so many claims.
	owned []*slot
	as    uint32
}

const (
	stackSlots = 256
	// stackBlockShift: a goroutine is told from others by the 2 KiB block
	// that its stack variables lie in.
	stackBlockShift = 11
)

// sum adds up one kind of counter of a rank.
//
// A claim is counted, by an atomic instruction, before the first plain
// increment in its slot. So a sum that does not know a slot yet misses only
// increments which a full barrier of their reader, after the sum's look at
// claims, precedes.
func (t *table) sum(kind, rank int) uint64 {
	if c := atomic.LoadUint32(&t.claims); c != t.as {
		t.as, t.owned = c, t.owned[:0]
		for i := range t.stacks {
			if s := &t.stacks[i]; atomic.LoadUintptr(&s.owner) != 0 {
				t.owned = append(t.owned, s)
			}
		}
	}
	var n uint64
	for i := range t.shared {
		n += t.shared[i].n.load(kind, rank)
	}
	for _, s := range t.owned {
		n += s.n.load(kind, rank)
	}
	return n
}

// share returns the shared slot of the caller.
func (t *table) share() *slot {
	var here byte
	return &t.shared[uintptr(unsafe.Pointer(&here))>>stackBlockShift%sharedSlots]
}
