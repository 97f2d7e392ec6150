package srcu

import (
	"sync/atomic"
	"unsafe"
)

// Ticket is what ReadUnlock needs of its ReadLock: the rank that was counted.
type Ticket uint32

// The bits of Domain.current and of a Ticket: the rank, and whether readers
// take the long way.
const (
	rankBit   = 1
	atomicBit = 2 // counters are incremented by atomic instructions, which are full barriers
	hookedBit = 4 // the domain's hook is called between the steps
)

// A goroutine is told from others by the 2 KiB block that its stack variables
// lie in.
const (
	stackBlockShift = 11
	stackSlotBits   = 8
	stackSlots      = 1 << stackSlotBits
	spread          = 0x9e3779b97f4a7c15 // multiplicative hashing: 2^64 over the golden ratio
)

//go:noinline
func (d *Domain) lockSlowly() Ticket {
	i := atomic.LoadUint32(&d.current)
	if i&hookedBit != 0 {
		d.hook(RankFetched)
	}
	d.countSlowly(locked, i)
	if i&hookedBit != 0 {
		d.hook(SectionBegun)
	}
	return Ticket(i)
}

//go:noinline
func (d *Domain) unlockSlowly(t Ticket) {
	if t&hookedBit != 0 {
		d.hook(SectionEnding)
	}
	d.countSlowly(unlocked, uint32(t))
}

// countAtomically counts on a slot that goroutines may share.
func (d *Domain) countAtomically(kind, rank uint32) {
	var here byte
	block := uintptr(unsafe.Pointer(&here)) >> stackBlockShift
	s := &d.stacks[uint64(block)*spread>>(64-stackSlotBits)]
	if s.listed.Load() != inList && !d.slots.list(s) {
		s = &d.overflow
	}
	atomic.AddUint64(&s.n[kind&1][rank&rankBit], 1)
}
