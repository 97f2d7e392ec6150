package gate

import (
	"context"
	"fmt"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
)

// Controls test the world before a gate trusts it.
type Controls struct {
	// Hangs is the control that must hang in Storm. Unless Calm is nil, it must not
	// hang in Calm.
	Hangs world.Subject
	Storm workload.Scenario
	Calm  *workload.Scenario
	// Unsafe are the controls that must each be caught as unsafe in one of Readers.
	// The scenarios take turns until that happens.
	Unsafe  []world.Subject
	Readers []workload.Scenario
}

// The maximum number of variations of each scenario.
const (
	calmVariations   = 3
	stormVariations  = 12
	readerVariations = 30
)

// RunControls tests the controls in as few trials as possible.
func RunControls(ctx context.Context, c Controls, seed uint64, ex campaign.Executor) ([]campaign.Check, error) {
	hung := func(r *trial.Result) bool { return r.Hung() }
	unsafe := func(r *trial.Result) bool { return r.Diagnosis == trial.Unsafe }
	type requirement struct {
		fix       world.Subject
		required  string
		scenarios []workload.Scenario
		most      int // number of variations
		happens   func(*trial.Result) bool
		word      string
		must      bool
	}
	requirements := []requirement{{c.Hangs, "hangs in " + c.Storm.Name, []workload.Scenario{c.Storm}, stormVariations, hung, "hung", true}}
	if c.Calm != nil {
		requirements = append(requirements, requirement{c.Hangs, "does not hang in " + c.Calm.Name, []workload.Scenario{*c.Calm}, calmVariations, hung, "hung", false})
	}
	for _, u := range c.Unsafe {
		requirements = append(requirements, requirement{u, "is caught as unsafe", c.Readers, readerVariations, unsafe, "unsafe", true})
	}
	var checks []campaign.Check
	for _, d := range requirements {
		p := &campaign.Plan{Scenarios: d.scenarios, Variations: d.most, Fixes: []world.Subject{d.fix}, Seed: seed}
		trials, seen := 0, 0
		if err := campaign.Each(ctx, p, ex, func(_ world.Spec, r *trial.Result) error {
			trials++
			if d.happens(r) {
				seen++
				return campaign.ErrEnough
			}
			return nil
		}); err != nil {
			return nil, err
		}
		checks = append(checks, campaign.Check{Fix: d.fix.Name, Required: d.required, Passed: (seen > 0) == d.must, Seen: fmt.Sprintf("%s in %d of %d trials", d.word, seen, trials)})
	}
	return checks, nil
}
