// Command candidate brings a fix of its own and has it judged against the
// baseline: copy it, change the barrier, run it.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/report"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
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
	calm, _ := workload.Preset(campaign.Calm)
	storm, _ := workload.Preset(campaign.ReportStorm)
	plan := campaign.Plan{
		Scenarios:  []workload.Scenario{calm, storm},
		Variations: 6,
		Fixes:      []fixes.Fix{baseline, fenced},
		Seed:       1,
	}
	inKernel := func(sc workload.Scenario, fix fixes.Fix, seed uint64) trial.Result {
		return kernel.Run(sc, fix, seed, kernel.Options{})
	}
	sum, err := campaign.Run(context.Background(), &plan, inKernel, campaign.Options{})
	if err != nil {
		return err
	}
	return report.Text(os.Stdout, sum)
}
