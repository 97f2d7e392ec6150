package srcu

import (
	"sync/atomic"
	"unsafe"
)

// Ticket passes the rank on which a section was counted from ReadLock to
// ReadUnlock. It has no other meaning.
type Ticket uint32

// FencedReadLock is ReadLock with a full memory barrier after it, for domains with
// a Config.Barrier that fences only the scanning thread (normal and NMI-safe SRCU;
// srcu_read_lock_nmisafe). All readers of such a domain must be fenced. Fenced
// readers are correct, but slower, in every domain.
func (d *Domain) FencedReadLock() Ticket { return d.readLockSlowly(func() {}) }

// FencedReadUnlock ends a section with a full memory barrier before the count.
func (d *Domain) FencedReadUnlock(t Ticket) {
	d.leave(t, nil)
	d.fencedShare().n.add(unlocked, uint32(t)) // an atomic increment is a full barrier
}

// readLockSlowly is FencedReadLock with a call of between at its weakest point: the
// rank is loaded and nothing is counted yet. Torture tests use it.
func (d *Domain) readLockSlowly(between func()) Ticket {
	i := atomic.LoadUint32(&d.current)
	between()
	t := d.enter(Ticket(i), nil)
	d.fencedShare().n.add(locked, i)
	return t
}

// fencedShare returns the slot of a fenced caller.
func (d *Domain) fencedShare() *slot { return &d.fenced[ownBlock()%fencedSlots] }

// ownBlock returns the stack block of the caller, as a number that distributes
// callers over shared slots.
func ownBlock() uintptr {
	var here byte
	return uintptr(unsafe.Pointer(&here)) >> stackBlockShift
}

// Fenced sections have their own slots, so that they do not look like goroutines
// that lack a slot.
const fencedSlots = 8

const (
	// stackBlockShift: the 2 KiB block that contains a goroutine's stack variables
	// distinguishes it from all other goroutines.
	stackBlockShift = 11

	// A table starts with few slots. Larger tables, each four times as large,
	// replace it when goroutines find no free slots.
	minSlots = 1 << 8
	maxSlots = 1 << 14
	growth   = 4

	// In one of claimEvery sections, a goroutine without a slot tries to get one,
	// so that bursts of goroutines that hardly read leave the slots to others.
	claimEvery = 256
)

// table contains slots that goroutines can own. A slot is never freed. Replaced
// tables are kept: a goroutine that was preempted after it loaded the pointer may
// still count in the old one.
type table struct {
	mask   uint16 // the number of slots minus 1
	claims uint32 // slots with an owner
	slots  *[1 << 16]slot

	// Owned by the owner of the grace period.
	older *table
	owned []*slot // the slots with an owner, after this number of claims
	as    uint32
}

func newTable(size int, older *table) *table {
	s := make([]slot, size)
	return &table{mask: uint16(size - 1), slots: (*[1 << 16]slot)(unsafe.Pointer(&s[0])), older: older}
}

func (t *table) size() int { return int(t.mask) + 1 }

// sum sums one kind of counter of a rank, over this table and older ones.
//
// A claim is counted, by an atomic instruction, before the first plain increment in
// its slot. So if a sum does not yet include a slot, it misses only increments that
// follow a full barrier of their reader, which in turn follows the sum's load of
// claims.
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

// sharedSum returns the shared slots' part of the sum.
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
