package sched

import (
	"context"
	"sync/atomic"
)

// Waiters parks goroutines until a monotone condition holds for their cookie. It is
// a lock-free stack. No wakeup is lost: a waiter checks the condition after it has
// entered the stack, and a waker walks the stack after it has made the condition
// true.
type Waiters struct {
	head    atomic.Pointer[waiter]
	dropped atomic.Int32 // waiters that have left but are still on the stack
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

// sweepAfter is the number of abandoned waiters after which a leaving one sweeps
// the stack.
const sweepAfter = 32

// Wait parks the caller until done(cookie) holds or ctx ends, and then returns the
// error of ctx. A nil error means that done(cookie) held.
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

// Any reports whether somebody may wait.
func (q *Waiters) Any() bool { return q.head.Load() != nil }

// Wake releases every waiter whose condition holds.
func (q *Waiters) Wake(done func(uint64) bool) {
	for q.Any() && q.wake(done) {
	}
}

// wake walks the stack once. It reports whether a waiter that was put back has
// become ready meanwhile: its waker may have found the stack empty.
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
		cookie := w.cookie // a pushed w belongs to others
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

// leave takes the waiter out, unless it has been woken already. It sweeps the stack
// when many waiters that have left are still on it.
func (q *Waiters) leave(w *waiter, done func(uint64) bool) {
	if w.state.CompareAndSwap(waiting, left) && q.dropped.Add(1) >= sweepAfter {
		q.Wake(done)
	}
}
