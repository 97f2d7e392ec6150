package srcu

import (
	"fmt"
	"runtime"
	"sync/atomic"
)

// Reader is a registered reader: counters of its own, so that a section costs
// two plain increments and nothing else.
//
// It belongs to one goroutine at a time and may be handed over only with
// synchronisation. Its sections may nest and block, and each ends on the
// Reader it began on. A Reader that is never closed costs every grace period a
// look at its counters; Domain.OpenReaders and Domain.Close name it.
type Reader struct {
	n       counters
	current *uint32 // nil once closed
	d       *Domain
	opener  uintptr // the program counter behind the call of Domain.Reader
	next    atomic.Pointer[Reader]
	closed  atomic.Bool
	_       [56]byte // up to a size that is allocated on lines of its own
}

// readers is the list of registered readers. Anyone may push; only the owner
// of the grace period takes out.
type readers struct {
	head   atomic.Pointer[Reader]
	closed atomic.Int32 // readers that wait to be taken out
}

// Reader registers a reader for the calling goroutine.
func (d *Domain) Reader() *Reader {
	r := &Reader{current: &d.current, d: d}
	r.opener, _, _, _ = runtime.Caller(1)
	// The push is a full barrier: a sum that misses the reader is followed,
	// here, by loads that see all that preceded the sum.
	for {
		head := d.readers.head.Load()
		r.next.Store(head)
		if d.readers.head.CompareAndSwap(head, r) {
			return r
		}
	}
}

// Close unregisters the reader, which must not be used again: ReadLock then
// panics. Inside a section Close itself panics, for the section could never
// end.
func (r *Reader) Close() {
	if r.n[locked] != r.n[unlocked] {
		panic("srcu: Reader closed inside a read-side critical section")
	}
	r.current = nil
	r.closed.Store(true)
	r.d.readers.closed.Add(1)
}

func (l *readers) sum(kind, rank int) uint64 {
	var n uint64
	for r := l.head.Load(); r != nil; r = r.next.Load() {
		n += r.n.load(kind, rank)
	}
	return n
}

// prune takes the closed readers out. It must not come between the sums of a
// scan: what the first counted the second would miss.
func (l *readers) prune() {
	if l.closed.Load() == 0 {
		return
	}
	var before *Reader
	for r := l.head.Load(); r != nil; {
		next := r.next.Load()
		switch {
		case !r.closed.Load():
			before = r
		case before != nil:
			before.next.Store(next)
			l.closed.Add(-1)
		case l.head.CompareAndSwap(r, next):
			l.closed.Add(-1)
		default:
			before = r // others were pushed before it; the next time
		}
		r = next
	}
}

// OpenReaders tells for each registered reader that is not closed where it was
// opened, as file:line.
func (d *Domain) OpenReaders() []string {
	var open []string
	for r := d.readers.head.Load(); r != nil; r = r.next.Load() {
		if !r.closed.Load() {
			f, _ := runtime.CallersFrames([]uintptr{r.opener}).Next()
			open = append(open, fmt.Sprintf("%s:%d", f.File, f.Line))
		}
	}
	return open
}
