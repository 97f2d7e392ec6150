package main

import (
	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// inKernel runs trials in the virtual kernel, with or without its console.
func inKernel(log bool) campaign.Runner {
	return func(sc workload.Scenario, fix fixes.Fix, seed uint64) trial.Result {
		return kernel.Run(sc, fix, seed, kernel.Options{Log: log})
	}
}
