// Package sched connects the grace-period code of the live core with the Go
// scheduler: work items, parked waiters, callback lists, and a memory barrier on
// every thread. It takes no locks.
package sched

import "sync/atomic"

// Work is a non-reentrant work item: however often it is queued, one goroutine at a
// time owns it, and a run requested during a run follows it. Ownership passes by
// compare-and-swap on one word, so queueing never blocks.
//
// The word is idle (0), running, or running and queued with a delay. No item is
// queued without an owner: the goroutine that queues an idle item provides its
// owner.
type Work struct {
	word atomic.Uint64
}

const (
	running    = 1
	queued     = 2
	delayShift = 2
)

// Queue requests a run after a delay, in the owner's unit; of two pending requests
// the shorter delay counts. It returns true if the item was idle; the caller must
// then start an owner.
func (w *Work) Queue(delay uint64) (start bool) {
	want := running | queued | delay<<delayShift
	for {
		old := w.word.Load()
		if old&queued != 0 && old <= want {
			return false
		}
		if w.word.CompareAndSwap(old, want) {
			return old == 0
		}
	}
}

// TryOwn makes the caller the owner of an idle item.
func (w *Work) TryOwn() bool { return w.word.CompareAndSwap(0, running) }

// Next takes the queued run or, without one, releases the ownership. Only the owner
// may call it.
func (w *Work) Next() (delay uint64, ok bool) {
	for {
		old := w.word.Load()
		if old&queued == 0 {
			if w.word.CompareAndSwap(old, 0) {
				return 0, false
			}
			continue
		}
		if w.word.CompareAndSwap(old, running) {
			return old >> delayShift, true
		}
	}
}

// TryRelease releases the ownership unless a run is queued. Only the owner may call
// it; if it returns false the caller still owns the item.
func (w *Work) TryRelease() bool { return w.word.CompareAndSwap(running, 0) }
