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
	// Await sleeps, a jiffy at a time, until the cookie's grace period has
	// ended. It requests nothing.
	Await(srcu.Cookie)
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

func release(u Unregistered) {
	u.Clear()
	u.Free()
	u.Drop()
}
