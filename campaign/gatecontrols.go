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

const (
	hangVariations   = 3  // of Storm and Calm
	unsafeVariations = 30 // of Readers, at most
)

// RunGateControls judges the controls in as few trials as it can.
func RunGateControls(ctx context.Context, c GateControls, seed uint64, run Runner) ([]Check, error) {
	storm, calm := c.Storm, c.Calm
	hangs := &Plan{
		Scenarios:  []workload.Scenario{calm, storm},
		Variations: hangVariations, Fixes: []fixes.Fix{c.Hangs}, Seed: seed,
	}
	var hung [2]int
	if err := hangs.until(ctx, run, func(i int, r *trial.Result) bool {
		if r.Hung() {
			hung[i%2]++
		}
		return false
	}); err != nil {
		return nil, err
	}
	trials, caught := 0, 0
	readers := &Plan{Scenarios: c.Readers, Variations: unsafeVariations, Fixes: []fixes.Fix{c.Unsafe}, Seed: seed}
	if err := readers.until(ctx, run, func(_ int, r *trial.Result) bool {
		trials++
		if r.Diagnosis == trial.Unsafe {
			caught++
		}
		return caught > 0
	}); err != nil {
		return nil, err
	}
	seen := func(n int) string { return fmt.Sprintf("hung in %d of %d trials", n, hangVariations) }
	return []Check{
		{c.Hangs.Name, dutyHang, hung[1] > 0, seen(hung[1])},
		{c.Hangs.Name, dutyNoHang, hung[0] == 0, seen(hung[0])},
		{c.Unsafe.Name, dutyUnsafe, caught > 0, fmt.Sprintf("unsafe in %d of %d trials", caught, trials)},
	}, nil
}

var errEnough = errors.New("enough")

// until runs the plan's trials in order until one is enough.
func (p *Plan) until(ctx context.Context, run Runner, enough func(i int, r *trial.Result) bool) error {
	if err := p.Validate(); err != nil {
		return &InputError{err}
	}
	i := 0
	err := execute(p, run).run(ctx, 0, runtime.GOMAXPROCS(0), func(o outcome) error {
		i++
		if enough(i-1, &o.result) {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}
