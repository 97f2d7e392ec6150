package sched

import (
	"context"
	"sync/atomic"
)

// Waiters parks goroutines until a monotone condition holds for their cookie.
// It is a lock-free stack; no wakeup is lost because a waiter looks at the
// condition after it is on the stack, and whoever makes the condition true
// looks at the stack afterwards.
type Waiters struct {
	head    atomic.Pointer[waiter]
	dropped atomic.Int32 // waiters that left before they were woken
}

type waiter struct {
	cookie uint64
	ready  chan struct{}
	gone   atomic.Bool
	next   *waiter
}

// sweepAfter is how many abandoned waiters may pile up before one that leaves
// clears the stack.
const sweepAfter = 32

// Wait parks the caller until done(cookie) or until ctx ends, whose error it
// then returns. A nil error means that done(cookie) held.
func (q *Waiters) Wait(ctx context.Context, cookie uint64, done func(uint64) bool) error {
	w := &waiter{cookie: cookie, ready: make(chan struct{})}
	q.push(w)
	if done(cookie) {
		q.leave(w, done)
		return nil
	}
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
		q.leave(w, done)
		return ctx.Err()
	}
}

// Wake releases every waiter whose condition holds.
func (q *Waiters) Wake(done func(uint64) bool) {
	for q.head.Load() != nil && q.wake(done) {
	}
}

// wake goes over the stack once. It reports whether a waiter that was put back
// has become ready meanwhile: its waker may have found the stack empty.
func (q *Waiters) wake(done func(uint64) bool) (again bool) {
	var kept *waiter
	for w := q.head.Swap(nil); w != nil; {
		next := w.next
		switch {
		case w.gone.Load():
			q.dropped.Add(-1)
		case done(w.cookie):
			close(w.ready)
		default:
			w.next, kept = kept, w
		}
		w = next
	}
	for kept != nil {
		w := kept
		kept = kept.next
		cookie := w.cookie // w is another's as soon as it is pushed
		q.push(w)
		again = again || done(cookie)
	}
	return again
}

func (q *Waiters) push(w *waiter) {
	for {
		w.next = q.head.Load()
		if q.head.CompareAndSwap(w.next, w) {
			return
		}
	}
}

func (q *Waiters) leave(w *waiter, done func(uint64) bool) {
	w.gone.Store(true)
	if q.dropped.Add(1) >= sweepAfter {
		q.Wake(done)
	}
}
