package mutant

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// samples are bugs in what bounds perf samples.
var samples = []Mutant{
	liveness("never-throttled", "an event with too many samples in a tick goes on", "baseline", in("baseline", always(kernel.EventStops, false))).
		kernel(trial.Starved, byStorm),
	liveness("never-unthrottled", "the tick does not restart a throttled event", "baseline", in("baseline", always(kernel.TickRestarts, false))).
		kernel(trial.LostWakeup, `^an event of CPU \d+ has been throttled for \d+ ticks, and nobody will unthrottle it$`),
	liveness("never-resumed", "the tick does not restart a CPU's events when their debt is paid", "throttle", in("throttle", always(kernel.DebtPaidRestarts, false))).
		kernel(trial.LostWakeup, `^the events of CPU \d+ are stopped though their budget is paid back, and nobody will let them go on$`),
	liveness("hrtimer-free", "samples of hrtimer events are not charged to the budget", "throttle", in("throttle", always(kernel.HRTimerSampleCharged, false))).
		kernel(trial.Starved, byStorm),
	liveness("idle-budget", "the budget of samples is nearly all of a tick, so it binds nothing", "throttle", fixes.Fix{Budget: fixes.Budget{Percent: 99}}).
		kernel(trial.Starved, byStorm),
}
