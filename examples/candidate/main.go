// Command candidate brings a fix of its own and has it judged against the
// baseline: copy it, change the barrier, run it.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/fixes/mutant"
	"github.com/gpstorm/gpstorm/report"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// fenced orders a scan by interrupting every CPU instead of waiting for RCU.
var fenced = fixes.Fix{
	Name:   "fenced",
	Claim:  "interrupt every CPU between the two sums of a scan",
	Source: "this example",
	Barrier: func() srcu.Barrier {
		return srcu.BarrierFunc(func(s srcu.Side, _ *srcu.Scan) bool {
			s.FenceAll()
			return true
		})
	},
}

func main() {
	if err := judge(); err != nil {
		fmt.Fprintln(os.Stderr, "candidate:", err)
		os.Exit(1)
	}
}

func judge() error {
	baseline, _ := fixes.Lookup(campaign.Baseline)
	busted, _ := mutant.Find("busted-scan")
	plan := campaign.Plan{
		Variations: 8,
		// The controls show that the campaign can see a hang and a
		// use-after-free; without them it is invalid.
		Fixes: []fixes.Fix{baseline, fenced, busted},
		Seed:  1,
	}
	for _, name := range []string{campaign.Calm, "medium", "extreme", campaign.ReportStorm} {
		sc, ok := workload.Preset(name)
		if !ok {
			return fmt.Errorf("scenario %q: no such preset", name)
		}
		plan.Scenarios = append(plan.Scenarios, sc)
	}
	inKernel := func(sc workload.Scenario, fix fixes.Fix, seed uint64) trial.Result {
		return kernel.Run(sc, fix, seed, kernel.Options{})
	}
	sum, err := campaign.Run(context.Background(), &plan, inKernel, campaign.Options{})
	if err != nil {
		return err
	}
	facts := world.Facts{
		Reproducible: true, Virtual: true,
		Trial:    "one scenario in a virtual kernel, in virtual time",
		Measures: world.GracePeriods | world.IPIs | world.WorkerSleep | world.Console | world.Blame | world.StormShare,
	}
	return (&report.Report{Summary: sum, World: facts}).Text(os.Stdout)
}
