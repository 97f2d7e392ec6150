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

// fencedShare returns the slot of a fenced caller, which counts in it after the flag
// is set.
func (d *Domain) fencedShare() *slot {
	if !d.fences.Load() {
		d.fences.Store(true)
	}
	return &d.fenced[ownBlock()%fencedSlots]
}

// ownBlock returns the stack block of the caller, as a number that distributes
// callers over shared slots.
func ownBlock() uintptr {
	var here byte
	return uintptr(unsafe.Pointer(&here)) / stackBlock
}

// Fenced sections have their own slots, so that they do not look like goroutines
// that lack a slot.
const fencedSlots = 8

const (
	// stackBlock: the 2 KiB block that contains a goroutine's stack variables
	// distinguishes it from all other goroutines.
	stackBlock = 1 << 11

	// slotEach turns an address into the offset of its block's slot, once the bits
	// below a slot are masked.
	slotEach = uintptr(stackBlock / slotSize)

	// A table starts with few slots. Larger tables, each four times as large,
	// replace it when goroutines find no free slots.
	minSlots = 1 << 8
	maxSlots = 1 << 14
	growth   = 4

	// In one of claimEvery sections, a goroutine without a slot tries to get one,
	// so that bursts of goroutines that hardly read leave the slots to others.
	claimEvery = 256
)

const slotSize = unsafe.Sizeof(slot{})

// tables contains the slots that goroutines can own. The newest table is that of
// Domain.slots. A slot is never freed. Replaced tables are kept: a goroutine that was
// preempted after it loaded the pointer may still count in an old one. Only the
// owner of the grace period uses this list.
type tables struct {
	all   [][]slot
	owned []*slot // the slots with an owner, after this number of claims
	as    uint32
}

func (l *tables) newest() []slot { return l.all[len(l.all)-1] }

// addTable makes a new table the newest one. Readers load the mask before the
// pointer: they may combine an old mask with a new, larger table, but not the
// reverse.
func (d *Domain) addTable(size int) {
	slots := make([]slot, size)
	d.tables.all = append(d.tables.all, slots) // before anybody can count in it
	atomic.StorePointer(&d.slots, unsafe.Pointer(&slots[0]))
	atomic.StoreUintptr(&d.mask, uintptr(size-1)*slotSize)
}

// slotSum sums one kind of counter of a rank over all tables.
//
// A claim is counted, by an atomic instruction, before the first plain increment in
// its slot. So if a sum does not yet include a slot, it misses only increments that
// follow a full barrier of their reader, which in turn follows the sum's load of
// claims.
func (d *Domain) slotSum(kind, rank int) (n uint64) {
	l := &d.tables
	if c := atomic.LoadUint32(&d.claims); c != l.as {
		l.as = c
		l.collect()
	}
	for _, s := range l.owned {
		n += s.n.load(kind, rank)
	}
	return n
}

func (l *tables) collect() {
	l.owned = l.owned[:0]
	for _, slots := range l.all {
		for i := range slots {
			if s := &slots[i]; atomic.LoadUintptr(&s.owner) != 0 {
				l.owned = append(l.owned, s)
			}
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

// fencedSum returns the fenced slots' part of the sum. It leaves them out until the
// flag is set.
//
// A caller counts after it has set the flag, or has seen that it is set, and the flag
// stays set. The flag and the counts are accessed with sync/atomic alone, hence in one
// order that all threads agree on. So if a sum finds the flag unset, every fenced count
// comes after that load, as a count comes after the sum's load of its slot that the sum
// has just missed: a lock that is missed in this way was made after the scan had ordered
// the unpublishing, and its reader sees that. An unlock that is missed makes the scan
// retry. And if a sum of unlocks finds the flag set, so does the sum of locks after it.
func (d *Domain) fencedSum(kind, rank int) (n uint64) {
	if !d.fences.Load() {
		return 0
	}
	for i := range d.fenced {
		n += d.fenced[i].n.load(kind, rank)
	}
	return n
}
