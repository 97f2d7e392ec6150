//go:build !amd64 || race || gpstorm_portable

package srcu

// plainCounters is false where the plain form is not proved, and under the
// race detector, which must see the edge from a reader's section to the end of
// the grace period that waited for it. Counters are then incremented by atomic
// instructions, and who shares a slot with whom matters only for speed.
const plainCounters = false

// ReadLock begins a read-side critical section and returns its ticket. It is
// wait-free, allocates nothing and needs no registration. Sections may nest,
// block, and end on another goroutine.
//
// A goroutine that reads a lot is served better by a Reader.
func (d *Domain) ReadLock() Ticket { return d.lockSlowly() }

// ReadUnlock ends the section that t began.
func (d *Domain) ReadUnlock(t Ticket) { d.unlockSlowly(t) }

func (d *Domain) countSlowly(kind, i uint32) { d.countAtomically(kind, i) }

func newPSlots() []slot { return nil }
