package report_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/fixes/mutant"
	"github.com/gpstorm/gpstorm/report"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// A report shows a campaign in several forms. CSV has a line for each scenario and
// candidate.
func ExampleReport_CSV() {
	calm, _ := workload.Preset("calm")
	baseline, err := mutant.Find("baseline")
	if err != nil {
		fmt.Println(err)
		return
	}
	plan := &campaign.Plan{Scenarios: []workload.Scenario{calm}, Variations: 2, Fixes: []world.Subject{world.Candidate(baseline)}, Seed: 1}
	sum, err := campaign.Run(context.Background(), plan, &campaign.Local{World: kernel.New(mutant.Find)}, campaign.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := &report.Report{Summary: sum}
	var b bytes.Buffer
	if err := r.CSV(&b); err != nil {
		fmt.Println(err)
		return
	}
	lines, err := csv.NewReader(&b).ReadAll()
	for _, fields := range lines {
		fmt.Println(fields[:6], "and", len(fields)-6, "columns more")
	}
	fmt.Println(err)
	// Output:
	// [scenario fix hung hang_rate_lo hang_rate_hi trials] and 37 columns more
	// [calm baseline 0 0 0.841886116991581 2] and 37 columns more
	// <nil>
}
