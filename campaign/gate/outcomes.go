package gate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gpstorm/gpstorm/campaign"
)

// Outcome is the outcome of one run of any program that passes or fails.
type Outcome struct {
	Failed bool
	// Skipped runs tested nothing, and are in no figure.
	Skipped bool
	// Latency is the run's own figure, in place of the slowest close().
	Latency time.Duration
	// Again is the command line that runs it again.
	Again string
}

// maxSkipped limits the number of successive skipped runs.
const maxSkipped = 100

// ErrNothingTested reports that too many successive runs, or all runs of a control, were
// skipped.
var ErrNothingTested = errors.New("want runs that test something")

// Outcomes gates any program that passes or fails, with the tests and error rates
// of Run: MaxHangRate limits the share of runs that fail, MaxP99 their latency. The
// policy must have no margin, and NoUnsafe has no effect. Outcomes calls run for
// the runs 0, 1 and so on, one after the other; an error of run ends the gate. Runs
// must be independent of each other.
func Outcomes(ctx context.Context, name string, policy Policy, run func(ctx context.Context, i int) (Outcome, error)) (*Result, error) {
	policy.NoUnsafe = false
	if err := policy.Validate(); err != nil {
		return nil, &campaign.InputError{Err: err}
	}
	if !policy.Margin.IsZero() {
		return nil, campaign.Inputf("min margin: %v: want none for what is not a trial", policy.Margin)
	}
	g := newGating(name, policy)
	var happens []func(Outcome) bool
	if policy.MaxHangRate > 0 {
		happens = append(happens, func(o Outcome) bool { return o.Failed })
		g.gate.Tests[0].Name = fmt.Sprintf("fails in less than %g%% of runs", 100*policy.MaxHangRate)
	}
	if policy.MaxP99 > 0 {
		// A run that failed may have ended before it was slow.
		happens = append(happens, func(o Outcome) bool { return o.Failed || o.Latency > policy.MaxP99 })
		g.gate.Tests[len(happens)-1].Name = fmt.Sprintf("fails or takes over %v in less than 1%% of runs", policy.MaxP99)
	}
	skipped := 0
	for i := 0; g.gate.Trials < policy.Budget; i++ {
		o, err := run(ctx, i)
		if err != nil {
			return nil, err
		}
		if o.Skipped {
			if skipped++; skipped == maxSkipped {
				return nil, fmt.Errorf("runs: %d skipped one after the other: %w", skipped, ErrNothingTested)
			}
			continue
		}
		skipped = 0
		g.gate.Trials++
		for j, happened := range happens {
			t := &g.gate.Tests[j]
			t.Of++
			if happened(o) {
				if t.Seen++; t.First == "" {
					t.First = o.Again
				}
			}
		}
		if g.decided(false) {
			break
		}
	}
	g.conclude()
	return &g.gate, nil
}

// controlRuns is the number of runs in which a control must fail once.
const controlRuns = 12

// MustFail runs a control until it fails, which shows that the gate can detect a
// failure. A control that tests nothing is an error.
func MustFail(ctx context.Context, name string, run func(ctx context.Context, i int) (Outcome, error)) (campaign.Check, error) {
	c := campaign.Check{Fix: name, Required: "fails"}
	runs := 0
	for i := 0; i < controlRuns && !c.Passed; i++ {
		o, err := run(ctx, i)
		if err != nil {
			return c, err
		}
		if o.Skipped {
			continue
		}
		runs++
		c.Passed = o.Failed
	}
	if runs == 0 {
		return c, fmt.Errorf("runs: %d skipped one after the other: %w", controlRuns, ErrNothingTested)
	}
	seen := 0
	if c.Passed {
		seen = 1
	}
	c.Seen = fmt.Sprintf("failed in %d of %d runs", seen, runs)
	return c, nil
}
