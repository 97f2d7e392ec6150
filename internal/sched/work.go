// Package sched connects the grace-period code of the live core with the Go
// scheduler: work items, parked waiters, callback lists, and a memory
// barrier on every thread. Nothing in it takes a lock.
package sched

import "sync/atomic"

// Work is a non-reentrant work item: however often it is queued, one goroutine
// at a time owns it, and a run requested during a run follows it. Ownership
// passes by compare-and-swap on one word, so nobody waits to queue.
//
// The word is idle (0), running, or running and queued with a delay. There is
// no queued-but-unowned state: who queues an idle item provides its owner.
type Work struct {
	word atomic.Uint64
}

const (
	running    = 1
	queued     = 2
	delayShift = 2
)

// Queue requests a run after the given delay, in whatever unit the owner
// understands; of two outstanding requests the shorter delay counts. When it
// returns true the item was idle and the caller must start an owner.
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

// Next takes the queued run, or, if there is none, gives the ownership up. Only
// the owner may call it.
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

// TryRelease gives the ownership up unless a run is queued. Only the owner may
// call it; when it returns false the caller still owns the item.
func (w *Work) TryRelease() bool { return w.word.CompareAndSwap(running, 0) }
