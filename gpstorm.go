// Package gpstorm judges a fix candidate for the SRCU-fast tracepoint teardown
// hang of Linux 7.0-rc1, from a Go test or any other program. Judge runs the
// candidate, beside the kernel as it was reported and beside two controls, through
// the same interrupt storms in a virtual kernel, and returns a Verdict.
//
// The command line has more: package command makes a program with every command
// of gpstorm for candidates of one's own.
package gpstorm

import (
	"context"
	"fmt"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/fixes/mutant"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// Options bound what Judge runs. The zero value is 8 variations of every preset.
type Options struct {
	// Scenarios are the storms; all presets if it is empty. The scenarios of
	// the controls are always added. None may have the name of a preset and
	// other contents.
	Scenarios []workload.Scenario
	// Variations is how many variations of each scenario run; 8 if it is 0.
	Variations int
	// Seed is the seed of the campaign. The same Options give the same Verdict.
	Seed uint64
	// Parallel is how many trials run at once, up to 4096; 0 is one for each CPU.
	Parallel int
}

const (
	defaultVariations = 8
	// maxParallel bounds the memory: each trial that runs takes some.
	maxParallel = 4096
)

// Judge runs a campaign about one candidate. An error means that there is no
// verdict: the candidate or the options are wrong, the context ended, or a control
// did not misbehave as it must, so that the trials show nothing. The name must not
// be one of gpstorm's own candidates.
func Judge(ctx context.Context, fix fixes.Fix, o Options) (*Verdict, error) {
	catalogue, err := mutant.Catalogue(fix)
	if err != nil {
		return nil, err
	}
	plan := &campaign.Plan{Scenarios: o.Scenarios, Variations: o.Variations, Seed: o.Seed, Fixes: []world.Subject{world.Candidate(fix)}}
	if len(plan.Scenarios) == 0 {
		plan.Scenarios = workload.Presets()
	}
	for i, sc := range plan.Scenarios {
		if err := sc.Validate(); err != nil {
			return nil, fmt.Errorf("scenarios[%d] %q: %w", i, sc.Name, err)
		}
	}
	if o.Parallel < 0 || o.Parallel > maxParallel {
		return nil, fmt.Errorf("parallel: %d: want 0 to %d", o.Parallel, maxParallel)
	}
	if plan.Variations == 0 {
		plan.Variations = defaultVariations
	}
	for _, f := range catalogue.All() {
		if f.Control == fixes.NoControl {
			continue
		}
		if _, err := plan.AddControls(world.Candidate(f)); err != nil {
			return nil, err
		}
	}
	w := kernel.New(catalogue.Find)
	sum, err := campaign.Run(ctx, plan, &campaign.Local{World: w, Parallel: o.Parallel}, campaign.Options{})
	if err != nil {
		return nil, err
	}
	if sum.CutShort {
		return nil, fmt.Errorf("cut short after %d of %d trials: %w", sum.Trials, sum.Head.Trials(), context.Cause(ctx))
	}
	if err := sum.Invalid(); err != nil {
		return nil, err
	}
	v := verdictOn(fix.Name, sum)
	v.Failures, err = failures(ctx, w, fix.Name, sum)
	if err != nil {
		return nil, err
	}
	return v, nil
}

// failures runs the smallest failed trial of each cause again, to say what went
// wrong in it.
func failures(ctx context.Context, w world.World, fix string, sum *campaign.Summary) (all []Failure, err error) {
	for _, c := range sum.Clusters {
		if c.Fix != fix {
			continue
		}
		token, err := trial.ParseToken(c.Smallest)
		if err != nil {
			return nil, err
		}
		spec, err := world.FromToken(token)
		if err != nil {
			return nil, err
		}
		r, err := w.Run(ctx, spec, world.Want{})
		if err != nil {
			return nil, err
		}
		all = append(all, Failure{c, r.Why()})
	}
	return all, nil
}
