//go:build !(amd64 && gc && go1.26 && !go1.27) || race || msan || asan || libfuzzer || gpstorm_portable || gpstorm_debug

package srcu

import "sync/atomic"

// This file implements the read side with atomic instructions, for: architectures,
// compilers and Go versions for which nobody has verified the argument in plain.go;
// the race detector, which must see the edge from a reader's section to the end of
// the grace period that waited for it; the sanitizers; and the debug build.

const (
	plainCounters = false
	sharedSlots   = 64
)

// ReadLock begins a read-side critical section and returns its ticket. It is
// wait-free, does not allocate, and needs no registration. Sections may nest,
// block, and end on another goroutine.
//
// A goroutine that reads often should use a Reader.
func (d *Domain) ReadLock() Ticket {
	i := atomic.LoadUint32(&d.current)
	t := d.enter(Ticket(i), nil)
	d.share().n.add(locked, i)
	return t
}

// ReadUnlock ends the section that t began.
func (d *Domain) ReadUnlock(t Ticket) {
	d.leave(t, nil)
	d.share().n.add(unlocked, uint32(t))
}

// ReadLock begins a read-side critical section and returns its ticket.
func (r *Reader) ReadLock() Ticket {
	i := atomic.LoadUint32(r.current)
	t := r.d.enter(Ticket(i), r)
	r.n.add(locked, i)
	if atomic.LoadUint32(&r.marked) == 0 {
		atomic.OrUint64(r.used, r.bit)
		atomic.StoreUint32(&r.marked, 1)
	}
	return t
}

// ReadUnlock ends the section that t began.
func (r *Reader) ReadUnlock(t Ticket) {
	r.d.leave(t, r)
	r.n.add(unlocked, uint32(t))
}

// share returns the caller's shared slot, in which it must count with atomic
// instructions. The choice of slots affects only speed.
func (d *Domain) share() *slot { return &d.shared[ownBlock()%sharedSlots] }
