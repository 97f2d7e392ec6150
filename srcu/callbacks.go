package srcu

import "github.com/gpstorm/gpstorm/internal/sched"

// Callbacks is a domain's list of callbacks, each tagged with the cookie of its
// grace period. Enqueue adds a callback: it is lock-free, allocates one node, and
// is safe for concurrent use. Invoke must not run concurrently with itself.
type Callbacks struct {
	list sched.Callbacks
}

// Pending returns the number of callbacks that have not begun.
func (q *Callbacks) Pending() int { return q.list.Pending() }

// Push adds a callback that needs the grace period that ends at c. The caller requests it.
func (q *Callbacks) Push(c Cookie, fn func()) { q.list.Push(uint64(c), fn) }

// Invoke runs the callbacks in the order of pushing, up to the first whose cookie
// is not done (srcu_invoke_callbacks; the kernel's segmented lists also keep the
// order). A callback may push others. It leaves the list before it runs: one that
// does not return leaves the others in place.
func (q *Callbacks) Invoke(done func(Cookie) bool) {
	q.list.Invoke(func(c uint64) bool { return done(Cookie(c)) })
}

// Enqueue queues fn to run after a full grace period of m and requests that grace
// period (srcu_gp_start_if_needed). It returns the cookie.
func Enqueue(m Machine, s Side, q *Callbacks, fn func(), expedited bool) Cookie {
	return enqueue(m, s, q, fn, false, expedited)
}

func enqueue(m Machine, s Side, q *Callbacks, fn func(), tag, expedited bool) Cookie {
	c := m.Snapshot()
	q.list.PushTagged(uint64(c), fn, tag)
	m.Request(s, c, expedited)
	if m.Done(c) {
		// The grace period ended between the snapshot and the push, due to another
		// request, and its end did not find fn.
		s.Ended(0)
	}
	return c
}
