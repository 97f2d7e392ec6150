package srcu

import "github.com/gpstorm/gpstorm/internal/sched"

// Callbacks is a domain's list of callbacks, each tagged with the cookie of
// the grace period it waits for. Enqueue adds one: it is lock-free, allocates one
// node, and may be called by any number of threads. Invoke must not run twice at
// once.
type Callbacks struct {
	list sched.Callbacks
}

// Pending is the number of callbacks that have not been run yet.
func (q *Callbacks) Pending() int { return q.list.Pending() }

// Invoke runs the callbacks in the order of pushing, up to the first whose
// cookie is not done (srcu_invoke_callbacks; the kernel's segmented lists keep
// the order too). A callback may push others. A callback is off the list before
// it runs: one that does not return leaves the others in place.
func (q *Callbacks) Invoke(done func(Cookie) bool) {
	q.list.Invoke(func(c uint64) bool { return done(Cookie(c)) })
}

// Enqueue queues fn to run after a full grace period of m and makes sure that
// the grace period happens (srcu_gp_start_if_needed). It returns the cookie.
func Enqueue(m Machine, s Side, q *Callbacks, fn func(), expedited bool) Cookie {
	return enqueue(m, s, q, fn, false, expedited)
}

func enqueue(m Machine, s Side, q *Callbacks, fn func(), tag, expedited bool) Cookie {
	c := m.Snapshot()
	q.list.PushTagged(uint64(c), fn, tag)
	m.Request(s, c, expedited)
	if m.Done(c) {
		// The grace period ended between the snapshot and the push, for
		// another request: its end did not see fn.
		s.Ended(0)
	}
	return c
}
