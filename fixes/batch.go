package fixes

import (
	"sync/atomic"

	"github.com/gpstorm/gpstorm/srcu"
)

// Batched lets one RCU grace period serve the scans of all domains that are ready
// for it. Scans that are posted during one wait for the next, which begins when the
// scans that were just served come back: so domains with different phases
// synchronise and share every later grace period. It takes no lock.
func Batched() srcu.Barrier { return &batch{} }

type batch struct {
	pending atomic.Pointer[posted] // scans without a grace period
	running atomic.Bool            // an RCU callback is pending
}

type posted struct {
	scan *srcu.Scan
	side srcu.Side
	next *posted
}

// Order posts the scan once and waits for a grace period that began afterwards.
func (b *batch) Order(s srcu.Side, scan *srcu.Scan) bool {
	if scan.Expedited {
		return poll(s, scan)
	}
	if scan.First() {
		b.post(&posted{scan: scan, side: s})
	}
	if scan.Elapsed() {
		return true
	}
	b.launch(s)
	return false
}

func (b *batch) post(p *posted) {
	for {
		p.next = b.pending.Load()
		if b.pending.CompareAndSwap(p.next, p) {
			return
		}
	}
}

// launch requests a grace period for all pending scans, unless one is running. It
// does not serve scans that are posted after it has taken the list.
func (b *batch) launch(s srcu.Side) {
	if !b.running.CompareAndSwap(false, true) {
		return
	}
	served := b.pending.Swap(nil)
	if served == nil {
		b.over()
		return
	}
	s.RCU().Call(func() {
		for p := served; p != nil; p = p.next {
			p.scan.Elapse()
			p.side.Requeue(0)
		}
		b.over()
	})
}

// over queues the work of the scans that were posted meanwhile, to run after a
// jiffy: one of them launches the next grace period, unless another scan does so
// before.
func (b *batch) over() {
	b.running.Store(false)
	for p := b.pending.Load(); p != nil; p = p.next {
		p.side.Requeue(1)
	}
}
