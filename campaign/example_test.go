package campaign_test

import (
	"context"
	"fmt"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/fixes/mutant"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// A campaign runs all candidates in the same variations of the same scenarios, in
// one world, on all CPUs of this machine.
func ExampleRun() {
	repro2, _ := workload.Preset("repro2")
	plan := &campaign.Plan{Scenarios: []workload.Scenario{repro2}, Variations: 8, Seed: 1}
	for _, name := range []string{"baseline", "throttle"} {
		fix, err := mutant.Find(name)
		if err != nil {
			fmt.Println(err)
			return
		}
		plan.Fixes = append(plan.Fixes, world.Candidate(fix))
	}
	sum, err := campaign.Run(context.Background(), plan, &campaign.Local{World: kernel.New(mutant.Find)}, campaign.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range sum.Classes[0].Rows {
		fmt.Printf("%s hung in %d of %d trials\n", row.Fix, row.Hung, row.Trials)
	}
	fmt.Println(sum.Invalid())
	// Output:
	// baseline hung in 8 of 8 trials
	// throttle hung in 0 of 8 trials
	// INVALID: (no such control) is caught as unsafe is required; seen: no trial of it
}
