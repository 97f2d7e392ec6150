package fixes

import "github.com/gpstorm/gpstorm/srcu"

// Domain is a grace-period domain as used by the tracepoint and perf code.
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
	// Await sleeps, a jiffy at a time, until the cookie's grace period has ended.
	// It requests none.
	Await(srcu.Cookie)
	// Expedite makes the rest of the current grace period, and the next one,
	// expedited (srcu_expedite_current). It does not shorten a wait for RCU in
	// which a worker already sleeps. It has no effect if the readers are not those
	// of an SRCU domain.
	Expedite()
}

// Unregistered is a tracepoint whose last perf probe has just been removed
// (perf_trace_event_unreg after class->reg(PERF_UNREGISTER)): new readers do not
// find the probe, older ones may still run it. Teardown runs with event_mutex held.
type Unregistered interface {
	// TasksTrace is the domain of probes that may sleep (Tasks-Trace RCU).
	TasksTrace() Domain
	// Tracepoint is the domain of all other probes: tracepoint_srcu, or
	// vanilla RCU where readers disable preemption.
	Tracepoint() Domain
	// ReadIn returns the domains in whose sections the probe was called: that of
	// Tasks-Trace RCU for a faultable tracepoint, otherwise the tracepoint domain.
	ReadIn() Domains
	// Held returns the number of closed events, this one included, that have not
	// been freed.
	Held() int
	// Cookie returns the tracepoint domain's cookie that unregistering took after
	// it removed the probe (tracepoint_remove_func).
	Cookie() srcu.Cookie

	// Clear sets the event's list pointer to NULL
	// (tp_event->perf_events = NULL).
	Clear()
	// Free frees the event's per-CPU lists.
	Free()
	// Drop releases this event's reference to the trace buffers, which are freed
	// with the last one (--total_ref_count).
	Drop()
	// Defer runs fn later in a worker that may block, with event_mutex held.
	Defer(fn func())
	// Flush blocks until all functions that this teardown has deferred so far have
	// run (flush_work). The worker needs event_mutex.
	Flush()
}

// Teardown waits until no reader can be inside and frees the memory that readers
// use.
type Teardown func(Unregistered)

// Serial waits for Tasks-Trace and then for the tracepoint domain
// (tracepoint_synchronize_unregister).
func Serial(u Unregistered) {
	u.TasksTrace().Synchronize()
	u.Tracepoint().Synchronize()
	release(u)
}

// Overlap starts the tracepoint domain's grace period before it waits for
// Tasks-Trace, and then waits only for the remaining time. That grace period begins
// after the probe was removed.
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

// Deferred does not wait: callbacks of both domains, one after the other, pass the
// freeing to a worker.
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

// ReadingDomain waits only for the domain in whose sections the probe was called.
func ReadingDomain(u Unregistered) {
	for _, d := range reading(u) {
		d.Synchronize()
	}
	release(u)
}

// reading returns the domains in whose sections the probe was called.
func reading(u Unregistered) (ds []Domain) {
	if u.ReadIn()&TasksTraceDomain != 0 {
		ds = append(ds, u.TasksTrace())
	}
	if u.ReadIn()&TracepointDomain != 0 {
		ds = append(ds, u.Tracepoint())
	}
	return ds
}

// Expediting is Serial with both domains expedited. It expedites each wait after
// posting it: only grace periods requested before become expedited.
func Expediting(u Unregistered) {
	for _, d := range []Domain{u.TasksTrace(), u.Tracepoint()} {
		wait := d.Begin()
		d.Expedite()
		wait()
	}
	release(u)
}

// mostHeld limits the closed events that Links leaves to its callbacks.
const mostHeld = 64

// Links frees as BPF links do, without waiting. Beyond mostHeld unfreed events it
// waits itself.
func Links(u Unregistered) {
	if u.Held() > mostHeld {
		ReadingDomain(u)
		return
	}
	FreeLater(u)
}

// FreeLater uses callbacks of the domains in whose sections the probe was called to
// pass the freeing to a worker (bpf_link_free).
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
