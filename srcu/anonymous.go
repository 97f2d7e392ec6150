package srcu

import (
	"sync/atomic"
	"unsafe"
)

// Ticket carries the rank that a section was counted on from ReadLock to
// ReadUnlock. It has no other meaning.
type Ticket uint32

// FencedReadLock is ReadLock with a full memory barrier after it, for domains
// whose Config.Barrier is a fence of the scanning thread alone (normal and
// NMI-safe SRCU; srcu_read_lock_nmisafe). All readers of such a domain must be
// fenced. A fenced reader is correct in every domain, and slower.
func (d *Domain) FencedReadLock() Ticket { return d.readLockSlowly(func() {}) }

// FencedReadUnlock ends a section with a full memory barrier before the count.
func (d *Domain) FencedReadUnlock(t Ticket) {
	d.leave(t, nil)
	d.fencedShare().n.add(unlocked, uint32(t)) // an atomic increment is a full barrier
}

// readLockSlowly is FencedReadLock that calls between at its weakest point: the
// rank is loaded and nothing is counted yet. Torture tests use it.
func (d *Domain) readLockSlowly(between func()) Ticket {
	i := atomic.LoadUint32(&d.current)
	between()
	t := d.enter(Ticket(i), nil)
	d.fencedShare().n.add(locked, i)
	return t
}

// fencedShare returns the slot of the caller when it is fenced.
func (d *Domain) fencedShare() *slot { return &d.fenced[ownBlock()%fencedSlots] }

// ownBlock is the stack block of the caller, as good as any number for sharing.
func ownBlock() uintptr {
	var here byte
	return uintptr(unsafe.Pointer(&here)) >> stackBlockShift
}

// fencedSlots are apart from the others, so that fenced sections do not look
// like goroutines that lack a slot of their own.
const fencedSlots = 8

const (
	// stackBlockShift: a goroutine is distinguished from all others by the
	// 2 KiB block that its stack variables lie in.
	stackBlockShift = 11

	// A table begins with few slots and is replaced by larger ones, each four
	// times as large, when goroutines do not get a slot of their own.
	minSlots = 1 << 8
	maxSlots = 1 << 14
	growth   = 4

	// One in claimEvery sections of a goroutine without a slot of its own
	// tries to get one: bursts of goroutines that hardly read leave the slots
	// to others.
	claimEvery = 256
)

// table holds slots for goroutines to own. A slot gets an owner once and keeps
// it. Tables that have been replaced are kept: a goroutine that was preempted
// after it loaded the pointer may still count in the old one.
type table struct {
	mask   uint16 // the number of slots less 1
	claims uint32 // slots that have got an owner
	slots  *[1 << 16]slot

	// Owned by the owner of the grace period.
	older *table
	owned []*slot // the slots with an owner, as of so many claims
	as    uint32
}

func newTable(size int, older *table) *table {
	s := make([]slot, size)
	return &table{mask: uint16(size - 1), slots: (*[1 << 16]slot)(unsafe.Pointer(&s[0])), older: older}
}

func (t *table) size() int { return int(t.mask) + 1 }

// sum adds up one kind of counter of a rank, over this table and older ones.
//
// A claim is counted, by an atomic instruction, before the first plain
// increment in its slot. So a sum that does not include a slot yet misses only
// increments which a full barrier of their reader, after the sum's look at
// claims, precedes.
func (t *table) sum(kind, rank int) (n uint64) {
	for ; t != nil; t = t.older {
		if c := atomic.LoadUint32(&t.claims); c != t.as {
			t.as = c
			t.collect()
		}
		for _, s := range t.owned {
			n += s.n.load(kind, rank)
		}
	}
	return n
}

func (t *table) collect() {
	t.owned = t.owned[:0]
	for i := range t.size() {
		if s := &t.slots[i]; atomic.LoadUintptr(&s.owner) != 0 {
			t.owned = append(t.owned, s)
		}
	}
}

// sharedSum is the part of the sum that the shared slots hold.
func (d *Domain) sharedSum(kind, rank int) (n uint64) {
	for i := range d.shared {
		n += d.shared[i].n.load(kind, rank)
	}
	return n
}

func (d *Domain) fencedSum(kind, rank int) (n uint64) {
	for i := range d.fenced {
		n += d.fenced[i].n.load(kind, rank)
	}
	return n
}
