package mutant

import (
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// quiescentStates are bugs in how vanilla RCU detects that readers have left.
var quiescentStates = []Mutant{
	safety("tick-in-reader", "every tick counts as a quiescent state, wherever it interrupts", "revert", in("revert", always(kernel.TickQuiescent, true))).
		unsafe(trial.RCUGracePeriodTooShort),
	safety("stale-qs", "a quiescent state counts that was passed before the CPU noticed the grace period", "revert", in("revert", always(kernel.EarlierQuiescent, true))).
		unsafe(trial.RCUGracePeriodTooShort),
	safety("all-idle", "a scan for quiescent states takes every CPU for idle", "revert", in("revert", always(kernel.CPUIdle, true))).
		unsafe(trial.RCUGracePeriodTooShort),
	safety("switched-out", "a reader that is switched out does not block the running grace period", "baseline", in("baseline", always(kernel.SwitchedOutBlocks, false))).
		unsafe(trial.ReaderUnqueued),
	safety("switched-out-before", "a reader that was switched out before does not block the next grace period", "baseline", in("baseline", always(kernel.SwitchedOutBlocksNext, false))).
		unsafe(trial.RCUGracePeriodTooShort),
	liveness("reader-stays", "a reader that was switched out stays on the list of those that block after its section", "baseline", in("baseline", always(kernel.UnlockUnblocks, false))).
		waits(trial.LostWakeup, trial.ReaderNotRemoved),
	liveness("report-lost", "what CPU 0 reports does not reach the rcu_node", "baseline", in("baseline", deciding(loseReports))).
		waits(trial.LostWakeup, trial.ReportLost),
	liveness("softirq-unraised", "the tick never raises RCU_SOFTIRQ", "callrcu", in("callrcu", always(kernel.TickRaisesSoftirq, false))).
		waits(trial.LostWakeup, trial.NeverWoken),
	liveness("boost-stays", "a reader keeps the priority with which RCU boosted its section", "baseline", in("baseline", always(kernel.SectionDeboosts, false))).
		costs(trial.BoostKept),
	liveness("switch-no-qs", "a context switch is no quiescent state, which a later tick repairs as a rule", "baseline", in("baseline", always(kernel.SwitchQuiescent, false))).
		costs(trial.SwitchIgnored),
	liveness("tick-uncounted", "no tick counts as a quiescent state", "baseline", in("baseline", always(kernel.TickQuiescent, false))).
		waits(trial.Slow, trial.NoQuiescentState),
}

// loseReports loses the reports of CPU 0.
func loseReports(d kernel.Decision, cpu int, decision bool) bool {
	return decision && !(d == kernel.ReportReachesNode && cpu == 0)
}

// gracePeriods are bugs in the grace periods of vanilla RCU and in the waits for
// them.
var gracePeriods = []Mutant{
	safety("sync-running", "synchronize_rcu() waits for the grace period that is running", "baseline", in("baseline", always(kernel.SyncWaitsForNext, false))).
		unsafe(trial.RCUWaitTooShort),
	safety("call-running", "call_rcu() callbacks run at the end of the running grace period", "callrcu", in("callrcu", always(kernel.CallbackWaitsForNext, false))).
		unsafe(trial.CallbackTooEarly),
	safety("poll-running", "an RCU cookie is done at the end of the running grace period", "poll", in("poll", always(kernel.CookieWaitsForNext, false))).
		unsafe(trial.RCUWaitTooShort),
	safety("polled-any", "the polled grace period ends with any other, whether or not that covers it", "poll", in("poll", always(kernel.PolledEnds, true))).
		unsafe(trial.RCUWaitTooShort),
	liveness("polled-never", "no grace period ends the polled one", "poll", in("poll", always(kernel.PolledEnds, false))).
		waits(trial.LostWakeup, trial.CookieNeverDone),
	liveness("more-forgotten", "a request made during a grace period is forgotten at its end", "baseline", in("baseline", always(kernel.NextNeeded, false))).
		waits(trial.LostWakeup, trial.GPNotRequested),
	liveness("request-unwoken", "one request in four does not wake the grace-period kthread", "baseline", in("baseline", kernel.Overrides{Decide: wakeThreeInFour})).
		waits(trial.LostWakeup, trial.KthreadNotWoken),
	liveness("sixth-unwoken", "only the first five callers of synchronize_rcu() are woken", "baseline", in("baseline", always(kernel.RestWoken, false))).
		kernel(trial.Signature{Diagnosis: trial.LostWakeup, Oracle: trial.WaiterForgotten}),
	liveness("report-unwoken", "the last report does not wake the grace-period kthread, whose next scan repairs it", "baseline", in("baseline", always(kernel.LastReportWakes, false))).
		kernel(trial.Signature{Diagnosis: trial.OK}),
	liveness("scan-unarmed", "the grace-period kthread sleeps without a timeout", "baseline", in("baseline", always(kernel.ScanTimed, false))).
		waits(trial.LostWakeup, trial.ScanNotArmed),
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
		unsafe(trial.RCUGracePeriodTooShort),
	safety("exp-switched-out", "readers that were switched out before do not block an expedited grace period", "expedited", in("expedited", always(kernel.SwitchedOutBlocksNextExp, false))).
		unsafe(trial.RCUGracePeriodTooShort),
	safety("exp-asks-none", "no CPU is interrupted", "expedited", in("expedited", always(kernel.ExpInterrupts, false))).
		unsafe(trial.RCUGracePeriodTooShort),
	liveness("exp-unwoken", "the last report does not wake the expedited worker, whose stall timeout does", "expedited", in("expedited", always(kernel.ExpLastReportWakes, false))).
		waits(trial.Slow, trial.ExpWorkerAsleep),
	liveness("exp-deferred-dropped", "the end of a section drops the report that an expedited grace period waits for, and the next context switch repairs that", "expedited", in("expedited", always(kernel.SectionReportsExp, false))).
		costs(trial.ReportDropped),
	liveness("switched-out-both", "a reader that is switched out blocks a grace period of each kind if it blocks one of them", "baseline", in("baseline", kernel.Overrides{Decide: blockBoth})).
		costs(trial.BlocksTooMuch),
	liveness("exp-more-forgotten", "a request made during an expedited grace period is forgotten at its end", "expedited", in("expedited", always(kernel.ExpNextNeeded, false))).
		waits(trial.LostWakeup, trial.ExpNotRequested),
}

// blockBoth lets a reader that blocks a normal grace period block an expedited one.
func blockBoth() kernel.Decider {
	blocks := false
	return func(d kernel.Decision, _ int, decision bool) bool {
		switch d {
		case kernel.SwitchedOutBlocks:
			blocks = decision
		case kernel.SwitchedOutBlocksExp:
			return decision || blocks
		}
		return decision
	}
}
