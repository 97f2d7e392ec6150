package kernel

import (
	"context"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
)

// Name is the name of this world in results and tokens.
const Name = "kernel"

// ModelVersion is the version of the model. Raise it with every change that changes
// the result of any trial: results of two versions are not mixed.
const ModelVersion = "10"

// World is the world of the virtual kernel.
type World struct {
	find func(name string) (fixes.Fix, error)
}

var _ world.World = (*World)(nil)

// New returns the virtual kernel. find returns the candidate with a given name.
func New(find func(name string) (fixes.Fix, error)) *World { return &World{fixes.In(Name, find)} }

// Name returns "kernel".
func (*World) Name() string { return Name }

// Facts declares that the same Spec gives the same Result on every machine, in
// virtual time.
func (*World) Facts() world.Facts {
	return world.Facts{
		Reproducible: true, Virtual: true, Model: ModelVersion,
		Trial:    "one scenario in a virtual kernel, in virtual time: the same on every machine",
		Measures: world.GracePeriods | world.IPIs | world.WorkerSleep | world.Console | world.Blame | world.StormShare | world.ReaderCost,
	}
}

// Subject returns the candidate with this name.
func (w *World) Subject(name string) (world.Subject, error) {
	f, err := w.find(name)
	if err != nil {
		return world.Subject{}, err
	}
	return world.Candidate(f), nil
}

// Run runs one trial. It finishes a trial that has begun even when ctx ends: a trial
// takes milliseconds, or seconds at most.
func (w *World) Run(ctx context.Context, s world.Spec, want world.Want) (trial.Result, error) {
	if err := ctx.Err(); err != nil {
		return trial.Result{}, err
	}
	f, err := w.find(s.Subject)
	if err != nil {
		return trial.Result{}, err
	}
	vary := seed.NewDraws(s.Seed, s.Draws...)
	sc := workload.VaryBy(s.Scenario, s.Variation, vary)
	r := Run(sc, f, s.Seed, Options{Log: want.Log, Blame: want.Blame, MaxSteps: want.MaxSteps, Draws: s.Draws, keepDraws: want.Draws})
	if want.Draws {
		r.Draws = append(vary.Used(), r.Draws...)
	}
	s.Label(&r)
	return r, nil
}
