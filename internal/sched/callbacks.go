package sched

import "sync/atomic"

// Callbacks is a list of callbacks, each tagged with a cookie. Any number of
// goroutines may push; one at a time may invoke. A push allocates one node and
// an invocation nothing.
type Callbacks struct {
	fresh   atomic.Pointer[callback] // pushed, newest first
	pending atomic.Int64

	// Owned by the invoker: those it has taken, oldest first.
	first, last *callback
}

type callback struct {
	cookie uint64
	fn     func()
	next   *callback
}

// Push adds fn under the given cookie.
func (q *Callbacks) Push(cookie uint64, fn func()) {
	q.pending.Add(1)
	cb := &callback{cookie: cookie, fn: fn}
	for {
		cb.next = q.fresh.Load()
		if q.fresh.CompareAndSwap(cb.next, cb) {
			return
		}
	}
}

// Pending is the number of callbacks that have not been begun.
func (q *Callbacks) Pending() int { return int(q.pending.Load()) }

// Invoke runs, oldest first, those callbacks pushed before it began whose
// cookie is done. A callback is off the list before it runs, so one that does
// not return leaves the others in place.
func (q *Callbacks) Invoke(done func(uint64) bool) {
	q.take()
	end := q.last
	var before *callback // the last one kept so far
	for cb := q.first; cb != nil; {
		last := cb == end
		if done(cb.cookie) {
			q.unlink(before, cb)
			q.pending.Add(-1)
			cb.fn()
		} else {
			before = cb
		}
		if last {
			return
		}
		cb = cb.next
	}
}

// unlink removes cb, which follows before; nil stands for the list's head.
func (q *Callbacks) unlink(before, cb *callback) {
	if before == nil {
		q.first = cb.next
	} else {
		before.next = cb.next
	}
	if q.last == cb {
		q.last = before
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
