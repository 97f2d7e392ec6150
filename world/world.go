// Package world defines what a campaign needs of a world: something that runs
// trials. The virtual kernel, the live core and real kernels are worlds.
package world

import (
	"context"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
)

// World runs trials. A World may be used by many goroutines at once.
type World interface {
	// Name is the word for the world: "kernel", "live", "boot". Results files
	// and tokens carry it.
	Name() string
	// Facts says what the results of this world are worth.
	Facts() Facts
	// Subject returns the subject of that name, or an error of one line that
	// names what is known and the nearest name.
	Subject(name string) (Subject, error)
	// Run runs one trial and labels its result (Spec.Label). An error is a
	// failure of the world itself, a missing emulator say, or a subject that
	// does not exist; it is never a failure of the subject. When ctx ends, Run
	// returns its error as soon as it can.
	Run(ctx context.Context, s Spec, w Want) (trial.Result, error)
}

// Want says what a trial records beside its outcome.
type Want struct {
	Log   bool // the console
	Blame bool // the shares of the wait of each close()
	Draws bool // the numbers that the trial draws, where the world draws any
}

// Subject is what the trials of a campaign judge: a candidate, or in a world of
// real kernels a kernel.
type Subject struct {
	Name  string `json:"name"`
	Claim string `json:"claim,omitempty"` // what it says it does, in one line
	Loses string `json:"loses,omitempty"` // the guarantee it gives up; empty if none
	// Breaks is the documented guarantee of the kernel that it breaks, and
	// Unavailable why nobody can have it; empty if it breaks none, or one can.
	Breaks      string `json:"breaks,omitempty"`
	Unavailable string `json:"unavailable,omitempty"`
	Must        Must   `json:"must,omitempty"` // how it must misbehave, if it is a control
	// Base: the others are compared with it. Where no subject is marked so, that
	// is the candidate named baseline.
	Base bool `json:"base,omitempty"`
}

// Must says how a control must misbehave for its campaign to be valid.
type Must string

// What a control must do.
const (
	MustHang     Must = "hang"
	MustBeUnsafe Must = "be unsafe"
	// MustAlwaysHang is that of a control that hangs in every trial, whatever
	// the scenario.
	MustAlwaysHang Must = "always hang"
)

// Candidate is a fix candidate as a subject.
func Candidate(f fixes.Fix) Subject {
	s := Subject{Name: f.Name, Claim: f.Claim, Loses: f.Loses, Breaks: f.Breaks(), Unavailable: f.Unavailable}
	switch f.Control {
	case fixes.MustHang:
		s.Must = MustHang
	case fixes.MustBeUnsafe:
		s.Must = MustBeUnsafe
	}
	return s
}

// Failure is a failure of the world, never of the subject: an emulator that is
// missing, a worker that was lost. It never counts as a hang.
type Failure struct {
	World string
	Err   error
}

// Error is one line that names the world.
func (e *Failure) Error() string { return "world " + e.World + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Failure) Unwrap() error { return e.Err }
