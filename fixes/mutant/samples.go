package mutant

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// samples are bugs in the limits on perf samples.
var samples = []Mutant{
	liveness("never-throttled", "an event with too many samples in a tick goes on", "baseline", in("baseline", always(kernel.EventStops, false))).
		waits(trial.Starved, trial.GPNotNoticed),
	liveness("never-unthrottled", "the tick does not restart a throttled event", "baseline", in("baseline", always(kernel.TickRestarts, false))).
		kernel(trial.Signature{Diagnosis: trial.LostWakeup, Oracle: trial.NeverUnthrottled}),
	liveness("migrated-unthrottled", "an event that was throttled stays so after its task has moved to another CPU", "baseline", in("baseline", always(kernel.MigratedRestarts, false))).
		kernel(trial.Signature{Diagnosis: trial.LostWakeup, Oracle: trial.NeverUnthrottled}),
	liveness("never-resumed", "the tick does not restart a CPU's events when their debt is paid", "throttle", in("throttle", always(kernel.DebtPaidRestarts, false))).
		kernel(trial.Signature{Diagnosis: trial.LostWakeup, Oracle: trial.BudgetNeverResumed}),
	liveness("hrtimer-free", "samples of hrtimer events are not charged to the budget", "throttle", in("throttle", always(kernel.HRTimerSampleCharged, false))).
		costs(trial.UnfairShare),
	liveness("idle-budget", "the budget of samples is nearly all of a tick, so it binds nothing", "throttle", fixes.Fix{Budget: fixes.Budget{Percent: 99}}).
		waits(trial.Starved, trial.WorkerQueued),
}
