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
	dropped atomic.Int32 // waiters that have left and not been taken off
}

type waiter struct {
	cookie uint64
	ready  chan struct{}
	state  atomic.Uint32
	next   *waiter
}

// A waiter leaves or is woken, whichever comes first.
const (
	waiting = iota
	woken
	left
)

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
		case w.state.Load() == left:
			q.dropped.Add(-1)
		case done(w.cookie):
			if w.state.CompareAndSwap(waiting, woken) {
				close(w.ready)
			} else {
				q.dropped.Add(-1)
			}
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

// leave takes the waiter out, unless it has been woken and is out already. The
// stack is swept when many that have left are still on it.
func (q *Waiters) leave(w *waiter, done func(uint64) bool) {
	if w.state.CompareAndSwap(waiting, left) && q.dropped.Add(1) >= sweepAfter {
		q.Wake(done)
	}
}
