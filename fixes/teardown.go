package fixes

import "github.com/gpstorm/gpstorm/srcu"

// Domain is a grace-period domain as the tracepoint and perf code uses it.
type Domain interface {
	// Synchronize blocks for a full grace period.
	Synchronize()
	// Call runs fn after a full grace period, in a context that must not
	// block.
	Call(fn func())
	// Begin posts a callback that completes after a full grace period from
	// now and returns a function that blocks until it has run.
	Begin() (wait func())
	// Start requests a full grace period from now, and returns its cookie
	// (start_poll_synchronize_srcu). It does not block.
	Start() srcu.Cookie
	// Await sleeps, a jiffy at a time, until the cookie's grace period has
	// ended. It requests nothing.
	Await(srcu.Cookie)
	// Expedite makes what is left of the grace period in progress, and the next
	// one, expedited (srcu_expedite_current). A wait for RCU in which a worker
	// sleeps already is not cut short. It does nothing where readers are not
	// those of an SRCU domain.
	Expedite()
}

// Unregistered is a tracepoint whose last perf probe has just been unhooked
// (perf_trace_event_unreg after class->reg(PERF_UNREGISTER)): no new reader
// finds the probe, old ones may be inside. Teardown runs with event_mutex held.
type Unregistered interface {
	// TasksTrace is the domain of probes that may sleep (Tasks-Trace RCU).
	TasksTrace() Domain
	// Tracepoint is the domain of all other probes: tracepoint_srcu, or
	// vanilla RCU where readers disable preemption.
	Tracepoint() Domain
	// ReadIn is the set of domains in whose sections the probe was called: that
	// of Tasks-Trace RCU if the tracepoint is a faultable one, the tracepoint
	// domain otherwise.
	ReadIn() Domains
	// Held is how many closed events, this one included, have not been freed.
	Held() int
	// Cookie is the tracepoint domain's cookie that unregistering took
	// after it unhooked the probe (tracepoint_remove_func).
	Cookie() srcu.Cookie

	// Clear sets the event's list pointer to NULL
	// (tp_event->perf_events = NULL).
	Clear()
	// Free frees the event's per-CPU lists.
	Free()
	// Drop gives up this event's share of the trace buffers, which go with
	// the last one (--total_ref_count).
	Drop()
	// Defer runs fn later in a worker that may block, with event_mutex held.
	Defer(fn func())
	// Flush blocks until all that this teardown has deferred so far has run
	// (flush_work). The worker needs event_mutex.
	Flush()
}

// Teardown waits until no reader can be inside and frees what readers use.
type Teardown func(Unregistered)

// Serial waits for Tasks-Trace and then for the tracepoint domain
// (tracepoint_synchronize_unregister).
func Serial(u Unregistered) {
	u.TasksTrace().Synchronize()
	u.Tracepoint().Synchronize()
	release(u)
}

// Overlap starts the tracepoint domain's grace period before it waits for
// Tasks-Trace, and then waits only for the rest of it. That grace period begins
// after the probe was unhooked.
func Overlap(u Unregistered) {
	wait := u.Tracepoint().Begin()
	u.TasksTrace().Synchronize()
	wait()
	release(u)
}

// Reuse waits for the grace period that unregistering has started.
func Reuse(u Unregistered) {
	u.TasksTrace().Synchronize()
	u.Tracepoint().Await(u.Cookie())
	release(u)
}

// Deferred waits for nothing: callbacks of both domains, one after the other,
// hand the freeing to a worker.
func Deferred(u Unregistered) {
	u.TasksTrace().Call(func() {
		u.Tracepoint().Call(func() {
			u.Defer(func() { release(u) })
		})
	})
}

// StartFirst takes a cookie of the tracepoint domain, waits for Tasks-Trace, and then
// polls the cookie.
func StartFirst(u Unregistered) {
	c := u.Tracepoint().Start()
	u.TasksTrace().Synchronize()
	u.Tracepoint().Await(c)
	release(u)
}

// ReadingDomain waits for the domain alone in whose sections the probe was called.
func ReadingDomain(u Unregistered) {
	for _, d := range reading(u) {
		d.Synchronize()
	}
	release(u)
}

// reading are the domains in whose sections the probe was called.
func reading(u Unregistered) (ds []Domain) {
	if u.ReadIn()&TasksTraceDomain != 0 {
		ds = append(ds, u.TasksTrace())
	}
	if u.ReadIn()&TracepointDomain != 0 {
		ds = append(ds, u.Tracepoint())
	}
	return ds
}

// Expediting is Serial that makes both domains go on expedited. It does so after
// it has posted each wait: only grace periods requested before become expedited.
func Expediting(u Unregistered) {
	for _, d := range []Domain{u.TasksTrace(), u.Tracepoint()} {
		wait := d.Begin()
		d.Expedite()
		wait()
	}
	release(u)
}

// mostHeld bounds the closed events that Links leaves to its callbacks.
const mostHeld = 64

// Links frees as BPF links do, and nobody waits. Beyond mostHeld unfreed events it
// waits itself.
func Links(u Unregistered) {
	if u.Held() > mostHeld {
		ReadingDomain(u)
		return
	}
	FreeLater(u)
}

// FreeLater lets callbacks of the domains in whose sections the probe was called hand
// the freeing to a worker (bpf_link_free).
func FreeLater(u Unregistered) {
	then := func() { u.Defer(func() { release(u) }) }
	for _, d := range reading(u) {
		next := then
		then = func() { d.Call(next) }
	}
	then()
}

func release(u Unregistered) {
	u.Clear()
	u.Free()
	u.Drop()
}
