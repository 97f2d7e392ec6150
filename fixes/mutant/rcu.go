package mutant

import (
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// quiescentStates are bugs in how vanilla RCU learns that readers have left.
var quiescentStates = []Mutant{
	safety("tick-in-reader", "every tick counts as a quiescent state, wherever it interrupts", "revert", in("revert", always(kernel.TickQuiescent, true))).
		kernel(trial.Unsafe, byRCUGracePeriod),
	safety("stale-qs", "a quiescent state counts that was passed before the CPU noticed the grace period", "revert", in("revert", always(kernel.EarlierQuiescent, true))).
		kernel(trial.Unsafe, byRCUGracePeriod),
	safety("all-idle", "a scan for quiescent states takes every CPU for idle", "revert", in("revert", always(kernel.CPUIdle, true))).
		kernel(trial.Unsafe, byRCUGracePeriod),
	safety("switched-out", "a reader that is switched out does not block the running grace period", "baseline", in("baseline", always(kernel.SwitchedOutBlocks, false))).
		kernel(trial.Unsafe, byRCUGracePeriod),
	safety("switched-out-before", "a reader that was switched out before does not block the next grace period", "baseline", in("baseline", always(kernel.SwitchedOutBlocksNext, false))).
		kernel(trial.Unsafe, byRCUGracePeriod),
	liveness("reader-stays", "a reader that was switched out stays on the list of those that block after its section", "baseline", in("baseline", always(kernel.UnlockUnblocks, false))).
		kernel(trial.LostWakeup, "^RCU > \\S+ > holds up a grace period though it has left its section"),
	liveness("report-lost", "what CPU 0 reports does not reach the rcu_node", "baseline", in("baseline", deciding(loseReports))).
		kernel(trial.LostWakeup, "^RCU > CPU 0 > owes a quiescent state that it takes for reported$"),
	liveness("softirq-unraised", "the tick never raises RCU_SOFTIRQ", "callrcu", in("callrcu", always(kernel.TickRaisesSoftirq, false))).
		kernel(trial.LostWakeup, bySleep),
	liveness("tick-uncounted", "no tick counts as a quiescent state", "baseline", in("baseline", always(kernel.TickQuiescent, false))).
		kernel(trial.Slow, `^RCU > CPU \d+ > no quiescent state$`),
}

// loseReports loses the reports of CPU 0.
func loseReports(d kernel.Decision, cpu int, decision bool) bool {
	return decision && !(d == kernel.ReportReachesNode && cpu == 0)
}

// gracePeriods are bugs in the grace periods of vanilla RCU and in who waits for
// which.
var gracePeriods = []Mutant{
	safety("sync-running", "synchronize_rcu() waits for the grace period that is running", "baseline", in("baseline", always(kernel.SyncWaitsForNext, false))).
		kernel(trial.Unsafe, `^synchronize_rcu\(\) was over without an RCU grace period`),
	safety("call-running", "call_rcu() callbacks run at the end of the running grace period", "callrcu", in("callrcu", always(kernel.CallbackWaitsForNext, false))).
		kernel(trial.Unsafe, "^an RCU callback was given a grace period that ran when it was posted$"),
	safety("poll-running", "an RCU cookie is done at the end of the running grace period", "poll", in("poll", always(kernel.CookieWaitsForNext, false))).
		kernel(trial.Unsafe, byPolled),
	safety("polled-any", "the polled grace period ends with any other, whether or not that covers it", "poll", in("poll", always(kernel.PolledEnds, true))).
		kernel(trial.Unsafe, byPolled),
	liveness("polled-never", "no grace period ends the polled one", "poll", in("poll", always(kernel.PolledEnds, false))).
		kernel(trial.LostWakeup, `^\S+ > grace periods end, and the cookie is never done$`),
	liveness("more-forgotten", "a request made during a grace period is forgotten at its end", "baseline", in("baseline", always(kernel.NextNeeded, false))).
		kernel(trial.LostWakeup, "^RCU > a grace period is needed, and the grace-period kthread has no request$"),
	liveness("request-unwoken", "one request in four does not wake the grace-period kthread", "baseline", in("baseline", kernel.Overrides{Decide: wakeThreeInFour})).
		kernel(trial.LostWakeup, "^RCU > a grace period is requested, and nothing will wake the grace-period kthread$"),
	liveness("report-unwoken", "the last report does not wake the grace-period kthread, whose next scan repairs it", "baseline", in("baseline", always(kernel.LastReportWakes, false))).
		kernel(trial.OK, ""),
	liveness("scan-unarmed", "the grace-period kthread sleeps without a timeout", "baseline", in("baseline", always(kernel.ScanTimed, false))).
		kernel(trial.LostWakeup, "^RCU > the grace-period kthread sleeps past the time of its next scan, and nothing will wake it$"),
}

// wakeThreeInFour loses every fourth wakeup for a request.
func wakeThreeInFour() kernel.Decider {
	n := 0
	return func(d kernel.Decision, _ int, decision bool) bool {
		if d != kernel.RequestWakes {
			return decision
		}
		n++
		return n%4 != 0
	}
}

// expedited are bugs in expedited grace periods of vanilla RCU.
var expedited = []Mutant{
	safety("exp-in-reader", "a CPU that was interrupted in a reader reports at once", "expedited", in("expedited", always(kernel.ExpReportDeferred, false))).
		kernel(trial.Unsafe, byRCUGracePeriod),
	safety("exp-switched-out", "readers that were switched out before do not block an expedited grace period", "expedited", in("expedited", always(kernel.SwitchedOutBlocksNextExp, false))).
		kernel(trial.Unsafe, byRCUGracePeriod),
	safety("exp-asks-none", "no CPU is interrupted", "expedited", in("expedited", always(kernel.ExpInterrupts, false))).
		kernel(trial.Unsafe, byRCUGracePeriod),
	liveness("exp-unwoken", "the last report does not wake the expedited worker, whose stall timeout does", "expedited", in("expedited", always(kernel.ExpLastReportWakes, false))).
		kernel(trial.Slow, "^RCU, expedited > expedited worker asleep$"),
	liveness("exp-more-forgotten", "a request made during an expedited grace period is forgotten at its end", "expedited", in("expedited", always(kernel.ExpNextNeeded, false))).
		kernel(trial.LostWakeup, "^RCU, expedited > an expedited grace period is needed, and the expedited worker has no request$"),
}
