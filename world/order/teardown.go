package order

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
)

const (
	tracepointDomain = 0
	tasksTraceDomain = 1
)

// domain is an SRCU domain with the operations of the tracepoint code.
type domain struct {
	s         *session
	id        int
	side      srcu.Side
	machine   srcu.Machine
	callbacks srcu.Callbacks
}

func (d *domain) suffix() string {
	if d.s.lay.domains == 1 {
		return ""
	}
	return [...]string{"@tp", "@tt"}[d.id]
}

func (d *domain) Synchronize() {
	d.Begin()()
	d.s.fence()
}

// snapshot takes a cookie after all earlier operations of the task.
func (d *domain) snapshot() srcu.Cookie {
	d.orderSnapshot()
	return d.machine.Snapshot()
}

// orderSnapshot is the full barrier before a snapshot (that of srcu_read_lock_nmisafe
// in srcu_gp_start_if_needed). A case that drops the snapshot's ordering drops it too.
func (d *domain) orderSnapshot() {
	if d.s.c.Drop != srcu.AccessSnapshot.String() {
		d.s.fence()
	}
}

// Call requests a grace period for fn.
func (d *domain) Call(fn func()) {
	s := d.s
	s.completions++
	id := s.completions
	s.request(rqMark, markRequest, requestOf(id, d.id))
	d.orderSnapshot()
	srcu.Enqueue(d.machine, d.side, &d.callbacks, func() {
		s.request(rqMark, markEnd, requestOf(id, d.id))
		fn()
	}, s.c.Expedited)
}

// requestOf numbers a request for the oracles: its domain is the lowest bit.
func requestOf(id Value, domain int) Value { return id<<1 | Value(domain) }

func (d *domain) Begin() (wait func()) {
	s := d.s
	s.completions++
	id := s.completions
	d.Call(func() { s.request(rqComplete, id, 0) })
	return func() { s.request(rqAwait, id, 0) }
}

func (d *domain) Start() srcu.Cookie {
	c := d.snapshot()
	d.machine.Request(d.side, c, false)
	return c
}

// Expedite requests an expedited grace period. In the kernel srcu_expedite_current
// does that with a callback.
func (d *domain) Expedite() {
	d.machine.Request(d.side, d.snapshot(), true)
}

func (d *domain) Await(c srcu.Cookie) {
	for !d.machine.Done(c) {
		d.s.request(rqSleep, 0, 0)
	}
	d.s.fence()
}

// vanilla is RCU as a domain: its readers disable preemption.
type vanilla struct {
	s       *session
	flavour Value
}

func (v vanilla) Synchronize() { v.s.synchronize(v.flavour) }

func (v vanilla) Call(fn func()) { gracePeriods{v.s, -1}.Call(fn) }

func (v vanilla) Begin() (wait func()) {
	s := v.s
	s.completions++
	id := s.completions
	v.Call(func() { s.request(rqComplete, id, 0) })
	return func() { s.request(rqAwait, id, 0) }
}

// Start takes no cookie: Await waits for a grace period of its own.
func (v vanilla) Start() srcu.Cookie { return 0 }

func (v vanilla) Await(srcu.Cookie) { v.s.synchronize(v.flavour) }

func (v vanilla) Expedite() {}

// emptyDomain is a domain without readers.
type emptyDomain struct{ s *session }

func (n emptyDomain) Synchronize()      { n.s.fence() }
func (emptyDomain) Call(fn func())      { fn() }
func (emptyDomain) Begin() func()       { return func() {} }
func (emptyDomain) Start() srcu.Cookie  { return 0 }
func (emptyDomain) Await(_ srcu.Cookie) {}
func (emptyDomain) Expedite()           {}

// unregistered is the tracepoint after its probe was unhooked.
type unregistered struct {
	s      *session
	cookie srcu.Cookie
	taken  bool
	// deferred counts the deferred functions that have not run.
	deferred int
}

var _ fixes.Unregistered = (*unregistered)(nil)

func (u *unregistered) TasksTrace() fixes.Domain {
	switch {
	case u.s.lay.domains == 1:
		return emptyDomain{u.s}
	case u.s.c.Fix.TasksTrace == fixes.TasksTraceHoldouts:
		return vanilla{u.s, flavourHoldout}
	}
	return u.s.domains[tasksTraceDomain]
}

func (u *unregistered) Tracepoint() fixes.Domain {
	rcu, d := vanilla{u.s, flavourRCU}, u.s.domains[tracepointDomain]
	switch {
	case u.s.vanilla():
		return rcu
	case u.s.c.Fix.Reader == fixes.ReaderAtomic:
		return spinning{rcu, d}
	}
	return d
}

// ReadIn returns the domains whose readers use the object.
func (u *unregistered) ReadIn() fixes.Domains {
	if u.s.lay.domains == 1 {
		return fixes.TracepointDomain
	}
	return fixes.TasksTraceDomain | fixes.TracepointDomain
}

func (u *unregistered) Held() int { return 1 }

// Cookie takes a cookie and requests its grace period, once: when the probe is
// unhooked or, without Case.UnregisterGP, when the teardown first calls it.
func (u *unregistered) Cookie() srcu.Cookie {
	if !u.taken {
		u.taken = true
		u.cookie = u.s.domains[tracepointDomain].Start()
	}
	return u.cookie
}

func (u *unregistered) Clear() { u.s.request(rqStore, locObject, objectCleared) }

func (u *unregistered) Free() {
	u.s.request(rqStore, locObject, objectFreed)
	u.s.request(rqMark, markFreed, 0)
}

// Drop does nothing: this world does not model shared buffers.
func (u *unregistered) Drop() {}

func (u *unregistered) Defer(fn func()) {
	u.deferred++
	u.s.deferred = append(u.s.deferred, func() {
		fn()
		u.deferred--
	})
	u.s.request(rqDefer, 0, 0)
}

// Flush never returns if deferred work is left: the worker needs event_mutex,
// which the closer holds until the teardown returns.
func (u *unregistered) Flush() {
	if u.deferred > 0 {
		u.s.request(rqAwait, neverCompleted, 0)
	}
}

// neverCompleted is a completion that never happens: numbers begin at 1.
const neverCompleted Value = 0
