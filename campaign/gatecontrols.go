package campaign

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// GateControls are what a gate shows its world before it trusts it.
type GateControls struct {
	// Hangs is the control that must hang in Storm and must not in Calm.
	Hangs       fixes.Fix
	Storm, Calm workload.Scenario
	// Unsafe is the control that must be caught as unsafe somewhere in
	// Readers, which take turns until it is.
	Unsafe  fixes.Fix
	Readers []workload.Scenario
}

// The most situations that are made of each scenario.
const (
	calmVariations   = 3
	stormVariations  = 12
	readerVariations = 30
)

// RunGateControls judges the controls in as few trials as it can.
func RunGateControls(ctx context.Context, c GateControls, seed uint64, run Runner) ([]Check, error) {
	hung := func(r *trial.Result) bool { return r.Hung() }
	unsafe := func(r *trial.Result) bool { return r.Diagnosis == trial.Unsafe }
	var checks []Check
	for _, d := range []struct {
		fix       fixes.Fix
		duty      string
		scenarios []workload.Scenario
		most      int // variations
		happens   func(*trial.Result) bool
		word      string
		must      bool
	}{
		{c.Hangs, dutyHang, []workload.Scenario{c.Storm}, stormVariations, hung, "hung", true},
		{c.Hangs, dutyNoHang, []workload.Scenario{c.Calm}, calmVariations, hung, "hung", false},
		{c.Unsafe, dutyUnsafe, c.Readers, readerVariations, unsafe, "unsafe", true},
	} {
		p := &Plan{Scenarios: d.scenarios, Variations: d.most, Fixes: []fixes.Fix{d.fix}, Seed: seed}
		trials, seen := 0, 0
		if err := p.until(ctx, run, func(r *trial.Result) bool {
			trials++
			if d.happens(r) {
				seen++
			}
			return seen > 0
		}); err != nil {
			return nil, err
		}
		checks = append(checks, Check{d.fix.Name, d.duty, (seen > 0) == d.must, fmt.Sprintf("%s in %d of %d trials", d.word, seen, trials)})
	}
	return checks, nil
}

var errEnough = errors.New("enough")

// until runs the plan's trials in order until one is enough.
func (p *Plan) until(ctx context.Context, run Runner, enough func(*trial.Result) bool) error {
	if err := p.Validate(); err != nil {
		return &InputError{err}
	}
	return execute(p, run).until(ctx, enough)
}

// until runs the trials in order until one is enough.
func (e *execution) until(ctx context.Context, enough func(*trial.Result) bool) error {
	err := e.run(ctx, 0, runtime.GOMAXPROCS(0), func(o outcome) error {
		if enough(&o.result) {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}
