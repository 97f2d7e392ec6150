// Package worldtest makes worlds of functions, for tests of what uses worlds.
package worldtest

import (
	"context"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

// Func is a world named "test" whose trials are calls of the function. It is
// reproducible if the function is.
type Func func(world.Spec) trial.Result

// Name is "test".
func (Func) Name() string { return "test" }

// Facts are those of a model, of which every quantity is measured.
func (Func) Facts() world.Facts {
	return world.Facts{
		Reproducible: true, Virtual: true, Model: "1", Trial: "a call of a function",
		Measures: world.GracePeriods | world.IPIs | world.WorkerSleep | world.Console | world.Blame | world.StormShare | world.ReaderCost,
	}
}

// Subject finds a subject by any name.
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
