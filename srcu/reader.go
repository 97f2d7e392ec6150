package srcu

import (
	"fmt"
	"math/bits"
	"runtime"
	"sync/atomic"
)

// Reader is a registered reader with its own counters: a section costs two plain
// increments and the test of a flag beside them.
//
// It belongs to one goroutine at a time; handing it over needs synchronisation. Its
// sections may nest and block, and each must end on the Reader on which it began.
// Close it when it is no longer needed. Domain.OpenReaders and Domain.Close list
// the open Readers. An idle Reader costs grace periods next to nothing.
type Reader struct {
	n       counters
	current *uint32 // nil once closed, to make ReadLock panic
	used    *uint64 // the marks of its chunk
	bit     uint64  // its bit in the marks
	marked  uint32  // the reader's view of its mark
	_       [4]byte

	d      *Domain
	opener uintptr // program counter of the caller of Domain.Reader
	at     place
	next   *Reader  // in the list of free places
	_      [24]byte // pads to a size class of whole cache lines
}

// readers contains the places of all Readers of a domain. Places are never freed: a
// new Reader reuses the place of a closed one, so that the number of places is
// close to the maximum number of Readers open at once.
//
// A sum reads only the places that are marked as used. An unmarked Reader marks its
// place after its lock count and before it reads anything. So the mark is a part of
// the lock count: if a sum misses the mark it misses the lock, and the argument
// about missed locks applies. Only the owner of the grace period removes marks; see
// Domain.unmarkIdle.
type readers struct {
	groups atomic.Pointer[group]
	last   atomic.Pointer[chunk]  // the chunk with unused places
	free   atomic.Pointer[Reader] // closed Readers, each with a free place
}

const (
	chunkSize = 64 // the bits of a word of marks
	groupSize = 64
)

// group contains the marks of many chunks side by side, because a grace period
// reads all of them.
type group struct {
	used   [groupSize]uint64
	chunks [groupSize]atomic.Pointer[chunk]
	taken  atomic.Int32 // chunks assigned; may exceed groupSize
	next   *group
}

// chunk contains places.
type chunk struct {
	closed [chunkSize]counters // sums over the closed Readers of each place; first, as 32-bit machines align only that for atomic access
	used   *uint64             // its marks
	open   [chunkSize]atomic.Pointer[Reader]
	taken  atomic.Int32 // places used at least once; may exceed chunkSize

	// Owned by the owner of the grace period.
	seen [chunkSize]uint64 // sections begun, at the last check for idle Readers
}

type place struct {
	c *chunk
	i int
}

// Reader registers a reader for the calling goroutine.
func (d *Domain) Reader() *Reader {
	at := d.readers.place()
	r := &Reader{current: &d.current, used: at.c.used, bit: 1 << at.i, d: d, at: at}
	r.opener, _, _, _ = runtime.Caller(1)
	at.c.open[at.i].Store(r)
	return r
}

// place returns a place without an open Reader.
func (l *readers) place() place {
	for r := l.free.Load(); r != nil; r = l.free.Load() {
		// r was pushed once and is not pushed again, so the exchange succeeds only
		// if r.next is still its successor.
		if l.free.CompareAndSwap(r, r.next) {
			r.checkClosed()
			return r.at
		}
	}
	for {
		c := l.last.Load()
		if c != nil {
			if i := int(c.taken.Add(1)) - 1; i < chunkSize {
				return place{c, i}
			}
		}
		l.last.CompareAndSwap(c, l.chunk())
	}
}

// checkClosed panics if a section has ended on a closed Reader. A check in ReadUnlock
// would cost every section time; this one is made when another Reader takes the place,
// and when the domain is closed.
func (r *Reader) checkClosed() {
	if n := r.n.snapshot(); !n.balanced() {
		panic("srcu: ReadUnlock on a closed Reader, which was opened at " + r.openedAt())
	}
}

// chunk returns a new chunk, whose marks the sums already read.
func (l *readers) chunk() *chunk {
	for {
		g := l.groups.Load()
		if g != nil {
			if i := int(g.taken.Add(1)) - 1; i < groupSize {
				c := &chunk{used: &g.used[i]}
				g.chunks[i].Store(c)
				return c
			}
		}
		l.groups.CompareAndSwap(g, &group{next: g})
	}
}

// Close unregisters the reader; ReadLock and Close panic afterwards. After a
// ReadUnlock the Domain.Reader that takes the place of the Reader panics, or
// Domain.Close; if the place was taken before, nothing does. Close itself panics
// inside a section, which could never end, and if more sections have ended than have
// begun.
//
// The counts of the Reader remain in the sums, in the counters of its place.
// Because of the order of the three steps, a concurrent sum may count a lock twice
// or an unlock not at all; the scan then finds the rank not empty and retries. It
// never misses a lock or counts an unlock twice.
func (r *Reader) Close() {
	if r.current == nil {
		panic("srcu: Close of a closed Reader")
	}
	if !r.n.balanced() {
		panic("srcu: Close of a Reader inside a read-side critical section, or that has ended more sections than it began")
	}
	r.current = nil
	closed := &r.at.c.closed[r.at.i]
	closed.addAll(locked, &r.n)
	r.at.c.open[r.at.i].Store(nil)
	closed.addAll(unlocked, &r.n)
	for {
		r.next = r.d.readers.free.Load()
		if r.d.readers.free.CompareAndSwap(r.next, r) {
			return
		}
	}
}

// sum sums one kind of counter over the places that are marked as used.
func (l *readers) sum(kind, rank int) (n uint64) {
	for g := l.groups.Load(); g != nil; g = g.next {
		for i := range g.used {
			if used := atomic.LoadUint64(&g.used[i]); used != 0 {
				n += g.chunks[i].Load().sumOf(used, kind, rank)
			}
		}
	}
	return n
}

func (c *chunk) sumOf(used uint64, kind, rank int) (n uint64) {
	for ; used != 0; used &= used - 1 {
		n += c.sum(bits.TrailingZeros64(used), kind, rank)
	}
	return n
}

// sum reads the counters of a place in the order that Close requires: for locks the
// open Reader first, for unlocks the closed ones.
func (c *chunk) sum(i, kind, rank int) (n uint64) {
	if kind == unlocked {
		n = c.closed[i].load(kind, rank)
	}
	if r := c.open[i].Load(); r != nil {
		n += r.n.load(kind, rank)
	}
	if kind == locked {
		n += c.closed[i].load(kind, rank)
	}
	return n
}

// marked returns the number of places that are marked as used.
func (l *readers) marked() (n int) {
	for g := l.groups.Load(); g != nil; g = g.next {
		for i := range g.used {
			n += bits.OnesCount64(atomic.LoadUint64(&g.used[i]))
		}
	}
	return n
}

// each calls f for every open Reader.
func (l *readers) each(f func(*Reader)) {
	for g := l.groups.Load(); g != nil; g = g.next {
		for i := range g.chunks {
			c := g.chunks[i].Load()
			if c == nil {
				continue
			}
			for i := range c.open {
				if r := c.open[i].Load(); r != nil {
					f(r)
				}
			}
		}
	}
}

// openedAt returns the place where the Reader was opened, as file:line.
func (r *Reader) openedAt() string {
	f, _ := runtime.CallersFrames([]uintptr{r.opener}).Next()
	return fmt.Sprintf("%s:%d", f.File, f.Line)
}

// OpenReaders returns the places where the open Readers were opened, as file:line.
func (d *Domain) OpenReaders() []string {
	var open []string
	d.readers.each(func(r *Reader) { open = append(open, r.openedAt()) })
	return open
}
