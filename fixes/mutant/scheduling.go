package mutant

import (
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// scheduling are bugs in how a CPU shares its time between softirqs and tasks.
var scheduling = []Mutant{
	liveness("softirqs-unlimited", "softirqs go on at the exit of an interrupt for as long as some are pending, and ksoftirqd gets none", "callrcu", in("callrcu", always(kernel.SoftirqsGoOn, true))).
		costs(trial.SoftirqsGoOn),
	liveness("lag-not-carried", "a queued task takes its virtual runtime along to another CPU", "baseline", in("baseline", always(kernel.LagKept, false))).
		costs(trial.LagLost),
}
