package srcu

import (
	"fmt"
	"runtime"
	"sync/atomic"
)

// Reader is a registered reader: a slot of its own, so that a section costs
// two plain increments and nothing else.
//
// It belongs to one goroutine at a time and may be handed over only with
// synchronisation. Its sections may nest and block, and each ends on the
// Reader it began on. Close gives the slot back; a Reader that is never closed
// costs every grace period a look at its slot, and is named by
// Domain.OpenReaders and Domain.Close.
type Reader struct {
	current *uint32
	locks   *[2]uint64 // of a slot that only this reader increments
	unlocks *[2]uint64
	d       *Domain
	at      *registration
}

// registration is the bookkeeping of one handle slot. It is never freed: a new
// Reader takes a closed one over, counters included.
type registration struct {
	slot   slot
	opener atomic.Uintptr // where the Reader was opened, 0 when it is closed
	next   *registration
}

// Reader registers a reader for the calling goroutine.
func (d *Domain) Reader() *Reader {
	opener, _, _, _ := runtime.Caller(1)
	for at := d.readers.Load(); at != nil; at = at.next {
		if at.opener.CompareAndSwap(0, opener) {
			return d.reader(at)
		}
	}
	at := &registration{}
	at.opener.Store(opener)
	d.slots.list(&at.slot)
	for {
		at.next = d.readers.Load()
		if d.readers.CompareAndSwap(at.next, at) {
			return d.reader(at)
		}
	}
}

func (d *Domain) reader(at *registration) *Reader {
	n := &at.slot.n
	return &Reader{current: &d.current, locks: &n[locked], unlocks: &n[unlocked], d: d, at: at}
}

// ReadLock begins a read-side critical section and returns its ticket.
func (r *Reader) ReadLock() (t Ticket) {
	// A named result keeps this within the compiler's budget for inlining.
	t = Ticket(atomic.LoadUint32(r.current))
	if t > rankBit {
		return r.lockSlowly()
	}
	r.locks[t]++
	return t
}

// ReadUnlock ends the section that t began.
func (r *Reader) ReadUnlock(t Ticket) {
	if t > rankBit {
		r.unlockSlowly(t)
		return
	}
	r.unlocks[t]++
}

//go:noinline
func (r *Reader) lockSlowly() Ticket {
	i := atomic.LoadUint32(r.current)
	if i&hookedBit != 0 {
		r.d.hook(RankFetched)
	}
	r.count(&r.locks[i&rankBit], i)
	if i&hookedBit != 0 {
		r.d.hook(SectionBegun)
	}
	return Ticket(i)
}

//go:noinline
func (r *Reader) unlockSlowly(t Ticket) {
	if t&hookedBit != 0 {
		r.d.hook(SectionEnding)
	}
	r.count(&r.unlocks[t&rankBit], uint32(t))
}

func (r *Reader) count(n *uint64, i uint32) {
	if i&atomicBit == 0 {
		*n++
	} else {
		atomic.AddUint64(n, 1)
	}
}

// Close unregisters the reader, which must not be used again. It panics inside
// a section: the section could never end.
func (r *Reader) Close() {
	if *r.locks != *r.unlocks {
		panic("srcu: Reader closed inside a read-side critical section")
	}
	r.at.opener.Store(0)
	r.locks, r.unlocks = nil, nil
}

// OpenReaders tells for each registered reader that is not closed where it was
// opened, as file:line.
func (d *Domain) OpenReaders() []string {
	var open []string
	for at := d.readers.Load(); at != nil; at = at.next {
		if pc := at.opener.Load(); pc != 0 {
			f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
			open = append(open, fmt.Sprintf("%s:%d", f.File, f.Line))
		}
	}
	return open
}
