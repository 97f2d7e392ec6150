//go:build !amd64 || race || msan || asan || gpstorm_portable

package srcu

import "sync/atomic"

// This file has the read side in atomic instructions: for architectures on
// which the plain form is not proved, and for the race detector, which must
// see the edge from a reader's section to the end of the grace period that
// waited for it. Who shares counters with whom matters only for speed.

const sharedSlots = 64

// ReadLock begins a read-side critical section and returns its ticket. It is
// wait-free, allocates nothing and needs no registration. Sections may nest,
// block, and end on another goroutine.
//
// A goroutine that reads a lot is served better by a Reader.
func (d *Domain) ReadLock() Ticket {
	i := atomic.LoadUint32(&d.current)
	d.anonymous.share().n.add(locked, i)
	return Ticket(i)
}

// ReadUnlock ends the section that t began.
func (d *Domain) ReadUnlock(t Ticket) { d.anonymous.share().n.add(unlocked, uint32(t)) }

// ReadLock begins a read-side critical section and returns its ticket.
func (r *Reader) ReadLock() Ticket {
	i := atomic.LoadUint32(r.current)
	r.n.add(locked, i)
	return Ticket(i)
}

// ReadUnlock ends the section that t began.
func (r *Reader) ReadUnlock(t Ticket) { r.n.add(unlocked, uint32(t)) }
