// Package worldtest makes worlds from functions, for tests.
package worldtest

import (
	"context"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

// Func is a world named "test" whose trials call the function. It is as
// reproducible as the function.
type Func func(world.Spec) trial.Result

// Name returns "test".
func (Func) Name() string { return "test" }

// Facts claims a reproducible model that measures every quantity.
func (Func) Facts() world.Facts {
	return world.Facts{
		Reproducible: true, Virtual: true, Model: "1", Trial: "a call of a function",
		Measures: world.GracePeriods | world.IPIs | world.WorkerSleep | world.Console | world.Blame | world.StormShare | world.ReaderCost,
	}
}

// Subject accepts any name.
func (Func) Subject(name string) (world.Subject, error) { return world.Subject{Name: name}, nil }

// Run calls the function.
func (f Func) Run(ctx context.Context, s world.Spec, _ world.Want) (trial.Result, error) {
	if err := ctx.Err(); err != nil {
		return trial.Result{}, err
	}
	r := f(s)
	s.Label(&r)
	return r, nil
}
