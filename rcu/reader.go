package rcu

import "sync/atomic"

// Reader is a registered reader of a Live. It belongs to one goroutine at a time;
// handing it over needs synchronisation.
type Reader struct {
	rec   *record
	epoch *atomic.Uint64
	nest  int
}

// record is a reader's cache line: 0 outside of sections, else the epoch in which
// the outermost section began. Records are never freed, so a grace period can walk
// them at any time; new readers reuse the records of closed ones.
type record struct {
	_     [64]byte // separates the writes of neighbouring readers
	epoch uint64
	taken atomic.Bool
	next  *record
	_     [40]byte
}

// Reader registers a new reader.
func (l *Live) Reader() *Reader {
	for r := l.readers.Load(); r != nil; r = r.next {
		if !r.taken.Load() && r.taken.CompareAndSwap(false, true) {
			return &Reader{rec: r, epoch: &l.epoch}
		}
	}
	r := &record{}
	r.taken.Store(true)
	for {
		r.next = l.readers.Load()
		if l.readers.CompareAndSwap(r.next, r) {
			return &Reader{rec: r, epoch: &l.epoch}
		}
	}
}

// ReadLock begins a read-side critical section. Sections nest. The goroutine may
// be preempted inside and may even block, which delays grace periods.
func (r *Reader) ReadLock() {
	if r.nest == 0 {
		r.rec.store(r.epoch.Load())
	}
	r.nest++
}

// ReadUnlock ends the innermost section. It panics outside of sections.
func (r *Reader) ReadUnlock() {
	if r.nest <= 1 {
		if r.nest == 0 {
			panic("rcu: ReadUnlock outside of a read-side critical section")
		}
		r.rec.store(0)
	}
	r.nest--
}

// Close unregisters the reader; its methods panic afterwards. Close itself panics
// inside a section, for which later grace periods would not wait.
func (r *Reader) Close() {
	if r.rec == nil {
		panic("rcu: Close of a closed Reader")
	}
	if r.nest != 0 {
		panic("rcu: Reader closed inside a read-side critical section")
	}
	r.rec.taken.Store(false)
	r.rec = nil
}
