package srcu

import "sync/atomic"

// Callbacks is a domain's list of callbacks, each tagged with the cookie of
// the grace period it waits for. Push is lock-free and may be called by any
// number of threads; Invoke must not run twice at once.
type Callbacks struct {
	fresh   atomic.Pointer[callback] // pushed, newest first
	waiting []callback               // owned by Invoke, oldest first
	pending atomic.Int64
}

type callback struct {
	cookie Cookie
	fn     func()
	next   *callback
}

// Push adds a callback to be run when c's grace period has ended.
func (q *Callbacks) Push(c Cookie, fn func()) {
	q.pending.Add(1)
	cb := &callback{cookie: c, fn: fn}
	for {
		cb.next = q.fresh.Load()
		if q.fresh.CompareAndSwap(cb.next, cb) {
			return
		}
	}
}

// Pending is the number of callbacks that have not been run yet.
func (q *Callbacks) Pending() int { return int(q.pending.Load()) }

// Invoke runs, oldest first, every callback whose cookie is done
// (srcu_invoke_callbacks). A callback may push others.
func (q *Callbacks) Invoke(done func(Cookie) bool) {
	q.take()
	ready := q.waiting
	q.waiting = nil
	for i, cb := range ready {
		if !done(cb.cookie) {
			q.waiting = append(q.waiting, ready[i])
			continue
		}
		q.pending.Add(-1)
		cb.fn()
	}
}

// take moves the pushed callbacks behind the waiting ones, in push order.
func (q *Callbacks) take() {
	from := len(q.waiting)
	for cb := q.fresh.Swap(nil); cb != nil; cb = cb.next {
		q.waiting = append(q.waiting, callback{cookie: cb.cookie, fn: cb.fn})
	}
	for i, j := from, len(q.waiting)-1; i < j; i, j = i+1, j-1 {
		q.waiting[i], q.waiting[j] = q.waiting[j], q.waiting[i]
	}
}

// Enqueue queues fn to run after a full grace period of m and makes sure that
// the grace period happens (srcu_gp_start_if_needed). It returns the cookie.
func Enqueue(m Machine, s Side, q *Callbacks, fn func(), expedited bool) Cookie {
	c := m.Snapshot()
	q.Push(c, fn)
	m.Request(s, c, expedited)
	if m.Done(c) {
		// It ended between the snapshot and the push, for somebody else;
		// nobody but us knows of fn.
		s.Ended(0)
	}
	return c
}
