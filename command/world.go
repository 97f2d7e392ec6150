package command

import (
	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// kernelFacts are those of the virtual kernel.
var kernelFacts = world.Facts{
	Reproducible: true, Virtual: true, Model: "1",
	Trial:    "one scenario in a virtual kernel, in virtual time: the same on every machine",
	Measures: world.GracePeriods | world.IPIs | world.WorkerSleep | world.Console | world.Blame | world.StormShare | world.ReaderCost,
}

// inKernel runs trials in the virtual kernel. In detail means with its console
// and with the blame of every close().
func inKernel(detail bool) campaign.Runner {
	return func(sc workload.Scenario, fix fixes.Fix, seed uint64) trial.Result {
		return kernel.Run(sc, fix, seed, kernel.Options{Log: detail, Blame: detail})
	}
}
