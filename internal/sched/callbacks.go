package sched

import (
	"context"
	"sync/atomic"
)

// Callbacks is a list of callbacks, each tagged with a cookie. Any number of
// goroutines may push; one at a time may invoke. A push allocates one node and
// an invocation nothing.
type Callbacks struct {
	fresh   atomic.Pointer[callback] // pushed, newest first
	pushed  atomic.Uint64            // callbacks, counted before they are pushed
	waiters Waiters                  // in Barrier, for a number of callbacks to have ended

	// Written by the invoker.
	begun, ended atomic.Uint64

	// Owned by the invoker: the callbacks it has taken, oldest first.
	first, last *callback
}

type callback struct {
	cookie uint64
	fn     func()
	next   *callback
	tag    bool
}

// Push adds fn under the given cookie.
func (q *Callbacks) Push(cookie uint64, fn func()) { q.PushTagged(cookie, fn, false) }

// PushTagged is Push with a tag for InvokeWith.
func (q *Callbacks) PushTagged(cookie uint64, fn func(), tag bool) {
	q.pushed.Add(1)
	cb := &callback{cookie: cookie, fn: fn, tag: tag}
	for {
		cb.next = q.fresh.Load()
		if q.fresh.CompareAndSwap(cb.next, cb) {
			return
		}
	}
}

// Pending returns the number of callbacks that have not begun.
func (q *Callbacks) Pending() int {
	begun := q.begun.Load() // before pushed, which is never less
	return int(q.pushed.Load() - begun)
}

// Barrier waits until all callbacks that were pushed before it began have ended, or
// until ctx ends, and then returns the error of ctx. A callback must not call it.
//
// It counts, and queues nothing: when as many callbacks have ended as had been counted
// before, those that were pushed by then are among them, since callbacks run in the
// order of pushing.
func (q *Callbacks) Barrier(ctx context.Context) error {
	n := q.pushed.Load()
	if q.past(n) {
		return nil
	}
	return q.waiters.Wait(ctx, n, q.past)
}

// past reports whether n callbacks have ended. When one has begun those before it have
// ended.
func (q *Callbacks) past(n uint64) bool { return q.begun.Load() > n || q.ended.Load() >= n }

// Invoke runs the callbacks that were pushed before it began, in the order of
// pushing, up to the first whose cookie is not done. Continuing behind that one
// would let a callback overtake an older one whose cookie is done a moment later. A
// callback leaves the list before it runs, so one that does not return leaves the
// others in place.
func (q *Callbacks) Invoke(done func(uint64) bool) {
	q.InvokeWith(done, func(fn func(), _ bool) { fn() })
}

// InvokeWith is Invoke with run in place of a plain call.
func (q *Callbacks) InvokeWith(done func(uint64) bool, run func(fn func(), tag bool)) {
	defer func() { // also if a callback panics or ends the goroutine
		q.ended.Store(q.begun.Load())
		q.wake()
	}()
	q.take()
	for end := q.last; q.first != nil; {
		cb := q.first
		if !done(cb.cookie) {
			return
		}
		if q.first = cb.next; q.first == nil {
			q.last = nil
		}
		q.begun.Store(q.begun.Load() + 1)
		q.wake()
		run(cb.fn, cb.tag)
		if cb == end {
			return
		}
	}
}

func (q *Callbacks) wake() {
	if q.waiters.Any() {
		q.waiters.Wake(q.past)
	}
}

// take moves the pushed callbacks behind the others, in the order of pushing.
func (q *Callbacks) take() {
	newest := q.fresh.Swap(nil)
	if newest == nil {
		return
	}
	var oldest *callback
	for cb := newest; cb != nil; {
		next := cb.next
		cb.next, oldest = oldest, cb
		cb = next
	}
	if q.last == nil {
		q.first = oldest
	} else {
		q.last.next = oldest
	}
	q.last = newest
}
