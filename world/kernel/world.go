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

// ModelVersion is the version of the model. Raise it with every change by which
// any trial comes out differently: results of two versions are not mixed.
const ModelVersion = "7"

// World is the virtual kernel as a world.
type World struct {
	find func(name string) (fixes.Fix, error)
}

var _ world.World = (*World)(nil)

// New returns the virtual kernel with the candidates that find finds by name.
func New(find func(name string) (fixes.Fix, error)) *World { return &World{fixes.In(Name, find)} }

// Name is "kernel".
func (*World) Name() string { return Name }

// Facts says that the same Spec gives the same Result on every machine, in
// virtual time.
func (*World) Facts() world.Facts {
	return world.Facts{
		Reproducible: true, Virtual: true, Model: ModelVersion,
		Trial:    "one scenario in a virtual kernel, in virtual time: the same on every machine",
		Measures: world.GracePeriods | world.IPIs | world.WorkerSleep | world.Console | world.Blame | world.StormShare | world.ReaderCost,
	}
}

// Subject returns the candidate of that name.
func (w *World) Subject(name string) (world.Subject, error) {
	f, err := w.find(name)
	if err != nil {
		return world.Subject{}, err
	}
	return world.Candidate(f), nil
}

// Run runs one trial. A trial that has begun is finished even when ctx ends: it
// takes milliseconds, seconds at most.
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
