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
	control(side("busted-scan", "a scan compares the sum of unlocks with itself and orders nothing, so that no reader is ever waited for", blind).with(fixes.Fenced).without(fixes.TasksTraceDomain | fixes.TracepointDomain)),
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
	safety("fence-only", "a scan is ordered by a fence alone, so its grace period contains none of RCU", "baseline", nil).with(fixes.Fenced),
	safety("callback-blocks", "the RCU callback waits for another grace period", "callrcu", nil).with(callbackBlocks),
	liveness("lazy-callback", "call_rcu() holds its callback back for 2500 jiffies, as CONFIG_RCU_LAZY does", "callrcu", nil).with(lazyCallback).caught(Liveness, trial.Slow),

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

	teardown("async-unlocked", "frees in the callback, without event_mutex", "asyncfree", asyncUnlocked),
	teardown("async-lost", "the second callback does not hand the freeing on", "asyncfree", asyncLost).caught(Liveness, trial.LostWakeup),
	teardown("keeps-buffers", "never gives up its share of the trace buffers", "baseline", keepsBuffers).caught(Liveness, trial.LostWakeup),
	teardown("flush-under-mutex", "hands the freeing to a work item that takes event_mutex, and flushes it with event_mutex held", "asyncfree", flushUnderMutex).caught(Liveness, trial.Deadlock),
	teardown("flush-itself", "the work item that frees flushes all that was deferred, itself included", "asyncfree", flushItself).caught(Liveness, trial.Deadlock),
	teardown("callback-waits", "a tasks-trace callback waits for tasks-trace", "asyncfree", callbackWaits).caught(Liveness, trial.Deadlock),

	// Vanilla RCU: quiescent states and readers.
	judged("tick-in-reader", "a tick counts as a quiescent state wherever it hits", "revert", always(fixes.TickQS, true)),
	judged("stale-qs", "a quiescent state passed before the CPU noticed the grace period counts", "revert", always(fixes.StaleQS, true)),
	judged("all-idle", "a scan for quiescent states takes every CPU for idle", "revert", always(fixes.IdleQS, true)),
	judged("switched-out", "a reader that is switched out does not hold up the running grace period", "baseline", always(fixes.ReaderHolds, false)),
	judged("switched-out-before", "a reader that was switched out before does not hold up the next grace period", "baseline", always(fixes.ReaderHoldsNext, false)),
	judged("reader-stays", "a reader that was switched out stays on the list after its section", "baseline", always(fixes.ReaderLeaves, false)).
		caught(Liveness, trial.LostWakeup),
	judged("report-lost", "what CPU 0 reports does not reach the node", "baseline", notOn(0, fixes.ReportQS)).caught(Liveness, trial.LostWakeup),
	judged("softirq-unraised", "the tick never raises RCU_SOFTIRQ", "callrcu", always(fixes.RaiseRCU, false)).caught(Liveness, trial.LostWakeup),
	judged("tick-uncounted", "no tick counts as a quiescent state", "baseline", always(fixes.TickQS, false)).caught(Liveness, trial.Slow),

	// Vanilla RCU: grace periods and who waits for them.
	judged("sync-running", "synchronize_rcu() is attached to the grace period that is running", "baseline", always(fixes.SyncNext, false)),
	judged("call-running", "call_rcu() callbacks run at the end of the running grace period", "callrcu", always(fixes.CallNext, false)),
	judged("poll-running", "an RCU cookie is done at the end of the running grace period", "poll", always(fixes.PollNext, false)),
	judged("polled-any", "the polled grace period ends with any other, whether or not that covers it", "poll", always(fixes.EndPolled, true)),
	judged("polled-never", "no grace period ends the polled one", "poll", always(fixes.EndPolled, false)).caught(Liveness, trial.LostWakeup),
	judged("more-forgotten", "a request made during a grace period is forgotten at its end", "baseline", always(fixes.MoreAsked, false)).caught(Liveness, trial.LostWakeup),
	broken("request-unwoken", "one request in four does not wake the grace-period kthread", "baseline").overruling(oneInFour).caught(Liveness, trial.LostWakeup),
	judged("report-unwoken", "the last report does not wake the grace-period kthread, whose next scan repairs it", "baseline", always(fixes.WakeReport, false)).caught(Liveness, trial.OK),
	judged("scan-unarmed", "the grace-period kthread sleeps without a timeout", "baseline", always(fixes.ArmScan, false)).caught(Liveness, trial.LostWakeup),

	// Expedited grace periods.
	judged("exp-in-reader", "a CPU that was interrupted in a reader reports at once", "expedited", always(fixes.ExpWaits, false)),
	judged("exp-switched-out", "readers that were switched out before do not hold up an expedited grace period", "expedited", always(fixes.ExpHoldsNow, false)),
	judged("exp-asks-none", "no CPU is interrupted", "expedited", always(fixes.ExpAsk, false)),
	judged("exp-unwoken", "the last report does not wake the expedited worker, whose stall timeout does", "expedited", always(fixes.ExpWake, false)).caught(Liveness, trial.Slow),
	judged("exp-more-forgotten", "a request made during an expedited grace period is forgotten at its end", "expedited", always(fixes.ExpMore, false)).caught(Liveness, trial.LostWakeup),

	// Readers and openers.
	judged("loads-first", "a reader loads the pointer before it increments", "baseline", always(fixes.LoadInside, false)),
	judged("open-unwaited", "the first user attaches a probe without waiting out the last removal", "asyncfree", always(fixes.OpenWaits, false)),
	side("cpu-unsummed", "the sums leave out the last CPU", lastUnsummed),
	unlocking("unlocks-current", "a reader unlocks the rank that is current then", func(_, current int) int { return current }),

	// The bounds on storms.
	judged("never-throttled", "an event with too many samples in a tick goes on", "baseline", always(fixes.Throttle, false)).caught(Liveness, trial.Starved),
	judged("never-unthrottled", "the tick does not let a throttled event go on", "baseline", always(fixes.Unthrottle, false)).caught(Liveness, trial.LostWakeup),
	judged("never-resumed", "the tick does not let a CPU's events go on when their debt is paid", "throttle", always(fixes.Resume, false)).caught(Liveness, trial.LostWakeup),
	judged("hrtimer-free", "samples of hrtimer events are not charged to the budget", "throttle", always(fixes.ChargeHRTimer, false)).caught(Liveness, trial.Starved),
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

// judged is a candidate with decisions of the virtual kernel overruled.
func judged(name, claim, of string, j fixes.Judge) Mutant {
	return broken(name, claim, of).overruling(func() fixes.Judge { return j })
}

// unlocking is the baseline with readers that unlock another rank than they
// locked.
func unlocking(name, claim string, rank func(locked, current int) int) Mutant {
	m := broken(name, claim, "baseline").caught(Liveness, trial.LostWakeup)
	m.UnlockRank = rank
	return m
}

// broken is a candidate with all that it changes, for something more to be
// changed.
func broken(name, claim, of string) Mutant {
	f, ok := fixes.Lookup(of)
	if !ok {
		panic("mutant: no candidate " + of)
	}
	f.Name, f.Claim, f.Source, f.Control = name, claim, source, fixes.NoControl
	return Mutant{Fix: f, Of: of, Class: Safety, Caught: trial.Unsafe}
}

// overruling overrules decisions by what j makes for each trial.
func (m Mutant) overruling(j func() fixes.Judge) Mutant {
	m.Judge = j
	return m
}

// caught tells what it breaks and the diagnosis it must get.
func (m Mutant) caught(c Class, d trial.Diagnosis) Mutant {
	m.Class, m.Caught = c, d
	return m
}

// without has it give up an RCU grace period inside each of those domains.
func (m Mutant) without(d fixes.Domains) Mutant {
	m.WithoutRCU = d
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
