package mutant

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world/kernel"
	"github.com/gpstorm/gpstorm/world/order"
)

// teardowns are bugs in how close() waits and frees.
var teardowns = []Mutant{
	safety("free-first", "frees before it waits", "baseline", fixes.Fix{Teardown: freeFirst}).
		unsafe(trial.ListsGoneInUse),
	safety("tasks-trace-only", "waits for tasks-trace alone", "baseline", fixes.Fix{Teardown: tasksTraceOnly}).
		unsafe(trial.ListsGoneInUse).
		order(order.SC, order.NullPointer).with(bothDomains),
	safety("tracepoint-only", "waits for tracepoint_srcu alone", "baseline", fixes.Fix{Teardown: tracepointOnly}).
		unsafe(trial.ListsGoneInUse),
	safety("clear-first", "sets the list pointer to NULL before the grace periods", "baseline", fixes.Fix{Teardown: nullFirst}).
		unsafe(trial.ListsGoneInUse).
		order(order.SC, order.NullPointer),
	safety("drop-first", "gives up the trace buffers before the grace periods", "baseline", fixes.Fix{Teardown: dropFirst}).
		unsafe(trial.ListsGoneInUse),
	safety("overlap-unfinished", "starts the tracepoint grace period and never waits for it", "overlap", fixes.Fix{Teardown: overlapUnfinished}).
		unsafe(trial.ListsGoneInUse),
	safety("earlier-cookie", "waits for the tracepoint grace period before the one that unregistering started", "cookie", fixes.Fix{Teardown: awaitEarlier}).
		unsafe(trial.ListsGoneInUse),
	safety("async-one-domain", "frees after the tasks-trace callback alone", "asyncfree", fixes.Fix{Teardown: asyncOneDomain}).
		unsafe(trial.ListsGoneInUse),
	safety("async-one-completion", "starts both domains, and the first to finish frees", "asyncfree", fixes.Fix{Teardown: asyncOneCompletion}).
		unsafe(trial.ListsGoneInUse),
	safety("async-drop-first", "gives up the trace buffers before the callbacks", "asyncfree", fixes.Fix{Teardown: asyncDropFirst}).
		unsafe(trial.ListsGoneInUse),
	safety("async-free-twice", "frees in the callback of each domain", "asyncfree", fixes.Fix{Teardown: asyncFreeTwice}).
		unsafe(trial.DoubleFree),
	safety("async-unlocked", "frees in the callback, without event_mutex", "asyncfree", fixes.Fix{Teardown: asyncUnlocked}).
		unsafe(trial.WithoutEventMutex),
	liveness("async-lost", "the second callback does not hand the freeing on", "asyncfree", fixes.Fix{Teardown: asyncLost}).
		waits(trial.LostWakeup, trial.NeverFreed),
	liveness("keeps-buffers", "never gives up its share of the trace buffers", "baseline", fixes.Fix{Teardown: keepsBuffers}).
		waits(trial.LostWakeup, trial.NeverFreed),
	liveness("mutex-to-last", "event_mutex is passed to the task that came last", "baseline", in("baseline", always(kernel.LockInOrder, false))).
		costs(trial.Overtaken),
	liveness("flush-under-mutex", "hands the freeing to a work item that takes event_mutex, and flushes it with event_mutex held", "asyncfree", fixes.Fix{Teardown: flushUnderMutex}).
		deadlock("closer-a -> perf_trace_free_work -> kworker -> event_mutex -> closer-a").
		order(order.SC, order.LostWakeup),
	liveness("flush-itself", "the work item that frees flushes all that was deferred, itself included", "asyncfree", fixes.Fix{Teardown: flushItself}).
		deadlock("kworker -> perf_trace_free_work -> kworker"),
	liveness("callback-waits", "a tasks-trace callback waits for tasks-trace", "asyncfree", fixes.Fix{Teardown: callbackWaits}).
		deadlock("kworker -> rcu_tasks_trace_srcu_struct -> srcu_invoke_callbacks -> kworker"),
}

// release frees the memory that readers use, as a teardown does when no reader can
// be inside.
func release(u fixes.Unregistered) {
	u.Clear()
	u.Free()
	u.Drop()
}

// freeFirst frees before it waits.
func freeFirst(u fixes.Unregistered) {
	release(u)
	u.TasksTrace().Synchronize()
	u.Tracepoint().Synchronize()
}

// tasksTraceOnly does not wait for the tracepoint domain.
func tasksTraceOnly(u fixes.Unregistered) {
	u.TasksTrace().Synchronize()
	release(u)
}

// tracepointOnly does not wait for the domain of probes that may sleep.
func tracepointOnly(u fixes.Unregistered) {
	u.Tracepoint().Synchronize()
	release(u)
}

// nullFirst sets the list pointer to NULL before the grace periods.
func nullFirst(u fixes.Unregistered) {
	u.Clear()
	u.TasksTrace().Synchronize()
	u.Tracepoint().Synchronize()
	u.Free()
	u.Drop()
}

// dropFirst releases the trace buffers before the grace periods.
func dropFirst(u fixes.Unregistered) {
	u.Drop()
	u.TasksTrace().Synchronize()
	u.Tracepoint().Synchronize()
	u.Clear()
	u.Free()
}

// overlapUnfinished starts the tracepoint grace period and never waits for it.
func overlapUnfinished(u fixes.Unregistered) {
	u.Tracepoint().Begin()
	u.TasksTrace().Synchronize()
	release(u)
}

// awaitEarlier waits for the grace period before that of unregistering.
func awaitEarlier(u fixes.Unregistered) {
	u.TasksTrace().Synchronize()
	u.Tracepoint().Await(u.Cookie() - gracePeriod)
	release(u)
}

// asyncOneDomain frees after the tasks-trace callback alone.
func asyncOneDomain(u fixes.Unregistered) {
	u.TasksTrace().Call(func() {
		u.Defer(func() { release(u) })
	})
}

// asyncOneCompletion starts both domains, and the first to finish frees.
func asyncOneCompletion(u fixes.Unregistered) {
	done := false
	free := func() {
		if !done {
			done = true
			u.Defer(func() { release(u) })
		}
	}
	u.TasksTrace().Call(free)
	u.Tracepoint().Call(free)
}

// asyncDropFirst releases the trace buffers before the callbacks.
func asyncDropFirst(u fixes.Unregistered) {
	u.Drop()
	u.TasksTrace().Call(func() {
		u.Tracepoint().Call(func() {
			u.Defer(func() {
				u.Clear()
				u.Free()
			})
		})
	})
}

// asyncFreeTwice frees in the callback of each domain.
func asyncFreeTwice(u fixes.Unregistered) {
	free := func() { u.Defer(func() { release(u) }) }
	u.TasksTrace().Call(free)
	u.Tracepoint().Call(free)
}

// asyncUnlocked frees in the callback itself.
func asyncUnlocked(u fixes.Unregistered) {
	u.TasksTrace().Call(func() {
		u.Tracepoint().Call(func() { release(u) })
	})
}

// asyncLost waits for both domains and frees nothing.
func asyncLost(u fixes.Unregistered) {
	u.TasksTrace().Call(func() {
		u.Tracepoint().Call(func() {})
	})
}

// keepsBuffers waits and frees the lists, but not the buffers.
func keepsBuffers(u fixes.Unregistered) {
	u.TasksTrace().Synchronize()
	u.Tracepoint().Synchronize()
	u.Clear()
	u.Free()
}

// flushUnderMutex holds event_mutex while it waits for work that needs it.
func flushUnderMutex(u fixes.Unregistered) {
	u.TasksTrace().Synchronize()
	u.Tracepoint().Synchronize()
	u.Defer(func() { release(u) })
	u.Flush()
}

// flushItself waits in the deferred work for all deferred work.
func flushItself(u fixes.Unregistered) {
	u.TasksTrace().Call(func() {
		u.Tracepoint().Call(func() {
			u.Defer(func() {
				u.Flush()
				release(u)
			})
		})
	})
}

// callbackWaits waits in a callback of tasks-trace for tasks-trace, whose
// callbacks the same work item runs.
func callbackWaits(u fixes.Unregistered) {
	u.TasksTrace().Call(func() {
		u.TasksTrace().Synchronize()
		u.Tracepoint().Call(func() {
			u.Defer(func() { release(u) })
		})
	})
}
