package sched

import "sync/atomic"

// Callbacks is a list of callbacks, each tagged with a cookie. Any number of
// goroutines may push; one at a time may invoke. A push allocates one node and
// an invocation nothing.
type Callbacks struct {
	fresh   atomic.Pointer[callback] // pushed, newest first
	pending atomic.Int64

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
	q.pending.Add(1)
	cb := &callback{cookie: cookie, fn: fn, tag: tag}
	for {
		cb.next = q.fresh.Load()
		if q.fresh.CompareAndSwap(cb.next, cb) {
			return
		}
	}
}

// Pending returns the number of callbacks that have not begun.
func (q *Callbacks) Pending() int { return int(q.pending.Load()) }

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
	q.take()
	for end := q.last; q.first != nil; {
		cb := q.first
		if !done(cb.cookie) {
			return
		}
		if q.first = cb.next; q.first == nil {
			q.last = nil
		}
		q.pending.Add(-1)
		run(cb.fn, cb.tag)
		if cb == end {
			return
		}
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
