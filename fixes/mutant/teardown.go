package mutant

import "github.com/gpstorm/gpstorm/fixes"

// release frees what readers use, as a teardown does once nobody can be inside.
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

// tasksTraceOnly forgets the tracepoint domain.
func tasksTraceOnly(u fixes.Unregistered) {
	u.TasksTrace().Synchronize()
	release(u)
}

// tracepointOnly forgets the domain of probes that may sleep.
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

// dropFirst gives up the trace buffers before the grace periods.
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

// awaitEarlier waits for the grace period before the one of unregistering.
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

// asyncDropFirst gives up the trace buffers before the callbacks.
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

// keepsBuffers waits, frees the lists and forgets the buffers.
func keepsBuffers(u fixes.Unregistered) {
	u.TasksTrace().Synchronize()
	u.Tracepoint().Synchronize()
	u.Clear()
	u.Free()
}

// flushUnderMutex waits, with event_mutex held, for work that needs it.
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
