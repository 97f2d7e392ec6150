package mutant

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
)

const source = "planted bug"

// all is the table of planted bugs of the virtual kernel.
var all = []Mutant{
	// The scans of the SRCU core.
	control(side("busted-scan", "a scan compares the sum of unlocks with itself and orders nothing, so that no reader is ever waited for", blind).with(fixes.Fenced)),
	side("rcu-only", "a scan is only its RCU grace period: the counters are not looked at", blind),
	side("skip-scan-2", "the grace period ends right after the flip", blindSecond),
	side("no-flip", "the ranks are never exchanged: both scans look at the idle one", unflipped),
	side("wrong-rank", "the second scan looks at the rank of the new readers", wrongRank),
	side("frozen-rank", "scans take rank 0 for the current one, whatever is", frozenRank),
	side("locks-first", "a scan sums the locks before the unlocks", reversed).
		tearing(fixes.Deferred).breaking("asyncfree"),
	side("gives-up", "after three attempts a scan takes its rank for empty", givesUp),
	safety("expedited-blind", "an expedited grace period does not look for readers", "baseline",
		machine(func(gp *srcu.GracePeriod) srcu.Machine { return &expeditedBlind{GracePeriod: gp} })),

	// The sequence numbers of the SRCU core.
	safety("short-snap", "a grace period that is running counts as a full one", "asyncfree",
		machine(func(gp *srcu.GracePeriod) srcu.Machine { return shortSnap{gp} })),
	safety("done-before", "a cookie is done when the grace period before its own is", "baseline",
		machine(func(gp *srcu.GracePeriod) srcu.Machine { return doneBefore{gp} })),
	safety("narrow-cookie", "cookies are kept in 32 bits", "baseline",
		machine(func(gp *srcu.GracePeriod) srcu.Machine { return narrow{gp} })),
	safety("zero-done", "cookie 0 counts as one that was never set, so it is done", "baseline",
		machine(func(gp *srcu.GracePeriod) srcu.Machine { return zeroDone{gp} })),
	safety("plain-done", "cookies are compared without regard to wrapping", "baseline",
		machine(func(gp *srcu.GracePeriod) srcu.Machine { return plainCompare{gp} })),
	liveness("zero-unasked", "a request for cookie 0 counts as none", "baseline",
		machine(func(gp *srcu.GracePeriod) srcu.Machine { return zeroUnasked{gp} })),
	liveness("plain-needed", "what is needed is compared without regard to wrapping", "baseline",
		machine(func(gp *srcu.GracePeriod) srcu.Machine { return &plainNeeded{GracePeriod: gp} })),

	// The work item of the SRCU core.
	liveness("blocked-forgotten", "a scan that finds readers inside does not queue the work again", "baseline",
		machine(func(gp *srcu.GracePeriod) srcu.Machine { return blockedForgotten{gp} })),
	liveness("end-forgotten", "the end of a grace period begins the next one and queues no work for it", "baseline",
		machine(func(gp *srcu.GracePeriod) srcu.Machine { return endForgotten{gp} })),
	liveness("busy-forgotten", "a request that finds a grace period running is dropped", "baseline",
		machine(func(gp *srcu.GracePeriod) srcu.Machine { return busyForgotten{gp} })),
	liveness("short-request", "a request that finds a grace period running asks for the end of that one", "baseline",
		machine(func(gp *srcu.GracePeriod) srcu.Machine { return shortRequest{gp} })),
	liveness("expedited-unqueued", "an expedited request queues no work", "baseline",
		machine(func(gp *srcu.GracePeriod) srcu.Machine { return expeditedUnqueued{gp} })),
	liveness("expedited-mute", "the callbacks of an expedited grace period are not scheduled", "baseline", nil).on(muteExpedited),
	liveness("stale-unlocks", "the unlocks are summed once a scan, not for each attempt", "baseline", nil).on(stale),

	// The barriers of the candidates.
	liveness("get-state", "the polled cookie is get_state_synchronize_rcu(): nobody asks for its grace period", "poll", nil).with(getState),
	liveness("poll-once", "a poll that fails a second time does not queue the work again", "poll", nil).with(pollOnce),
	liveness("poll-further", "the poll waits for the grace period after the one it has asked for", "poll", nil).with(pollFurther),
	liveness("no-resume", "the RCU callback marks the scan and does not queue the work", "callrcu", nil).with(noResume),
	liveness("late-flag", "the RCU callback queues the work only if a flag is set, which is set after posting it", "callrcu", nil).with(lateFlag),
	liveness("one-head", "all domains share one rcu_head: a scan that finds it posted does not post it", "callrcu", nil).with(oneHead),
	liveness("wake-one", "a scan joins the grace period of another domain's scan, and only that domain's work is queued", "batch", nil).with(wakeOne),

	// The teardown of perf.
	teardown("free-first", "frees before it waits", "baseline", freeFirst),
	teardown("tasks-trace-only", "waits for tasks-trace alone", "baseline", tasksTraceOnly),
	teardown("tracepoint-only", "waits for tracepoint_srcu alone", "baseline", tracepointOnly),
	teardown("clear-first", "sets the list pointer to NULL before the grace periods", "baseline", nullFirst),
	teardown("drop-first", "gives up the trace buffers before the grace periods", "baseline", dropFirst),
	teardown("overlap-unfinished", "starts the tracepoint grace period and never waits for it", "overlap", overlapUnfinished),
	teardown("earlier-cookie", "waits for the tracepoint grace period before the one that unregistering started", "cookie", awaitEarlier),
	teardown("async-one-domain", "frees after the tasks-trace callback alone", "asyncfree", asyncOneDomain),
	teardown("async-one-completion", "starts both domains, and the first to finish frees", "asyncfree", asyncOneCompletion),
	teardown("async-drop-first", "gives up the trace buffers before the callbacks", "asyncfree", asyncDropFirst),
	teardown("async-free-twice", "frees in the callback of each domain", "asyncfree", asyncFreeTwice),

	// The bound on storms.
	{
		Fix: fixes.Fix{Name: "idle-budget", Claim: "the budget of samples is nearly all of a tick, so it binds nothing",
			Source: source, Budget: fixes.Budget{Percent: 99}},
		Of: "throttle", Class: Liveness, Caught: trial.Starved,
	},
}

type machineMaker = func(srcu.Barrier, srcu.Pace) srcu.Machine

func safety(name, claim, of string, m machineMaker) Mutant {
	return Mutant{Fix: fixes.Fix{Name: name, Claim: claim, Source: source, Machine: m}, Of: of, Class: Safety, Caught: trial.Unsafe}
}

func liveness(name, claim, of string, m machineMaker) Mutant {
	return Mutant{Fix: fixes.Fix{Name: name, Claim: claim, Source: source, Machine: m}, Of: of, Class: Liveness, Caught: trial.LostWakeup}
}

func side(name, claim string, s func(srcu.Side) srcu.Side) Mutant {
	return safety(name, claim, "baseline", nil).on(s)
}

func teardown(name, claim, of string, td fixes.Teardown) Mutant {
	return safety(name, claim, of, nil).tearing(td)
}

func control(m Mutant) Mutant {
	m.Control = fixes.MustBeUnsafe
	return m
}

// on has the machine work on a broken side.
func (m Mutant) on(s func(srcu.Side) srcu.Side) Mutant {
	m.Side = s
	return m
}

// with orders the scans by another barrier.
func (m Mutant) with(b func() srcu.Barrier) Mutant {
	m.Barrier = b
	return m
}

// tearing tears down in another way.
func (m Mutant) tearing(td fixes.Teardown) Mutant {
	m.Teardown = td
	return m
}

// breaking tells which candidate it breaks.
func (m Mutant) breaking(of string) Mutant {
	m.Of = of
	return m
}
