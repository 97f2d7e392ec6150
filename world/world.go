// Package world defines the interface between campaigns and the worlds that run
// their trials: the virtual kernel, the live core and real kernels.
package world

import (
	"context"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
)

// World runs trials. It is safe for concurrent use.
type World interface {
	// Name returns the name of the world, for example "kernel", "live" or "boot".
	// Results files and tokens contain it.
	Name() string
	// Facts describes the quality of the world's results.
	Facts() Facts
	// Subject returns the named subject, or an error of one line that lists the
	// known names and the nearest one.
	Subject(name string) (Subject, error)
	// Run runs one trial and labels its result (Spec.Label). An error is a failure
	// of the world itself, for example a missing emulator, or an unknown subject;
	// it is never a failure of the subject. When ctx ends, Run returns its error as
	// soon as it can.
	Run(ctx context.Context, s Spec, w Want) (trial.Result, error)
}

// Want selects what a trial records beside its outcome, and limits its length.
type Want struct {
	Log   bool `json:"log,omitempty"`   // the console
	Blame bool `json:"blame,omitempty"` // the shares of each close()'s wait
	Draws bool `json:"draws,omitempty"` // the random numbers of the trial, if the world has any
	// MaxSteps is the number of steps after which a trial is cut off
	// (trial.Result.Truncated), if the world counts steps; 0 means no limit.
	MaxSteps uint64 `json:"max_steps,omitempty"`
}

// Subject is a system under test: a candidate, or in a world of real kernels a
// kernel.
type Subject struct {
	Name  string `json:"name"`
	Claim string `json:"claim,omitempty"` // its effect according to its author, in one line
	Loses string `json:"loses,omitempty"` // the guarantee it gives up; empty if none
	Price string `json:"price,omitempty"` // the same in a word or two, for rankings
	// Breaks is the documented guarantee of the kernel that it breaks, if any.
	// Unavailable is the reason why it cannot be used, if there is one.
	Breaks      string `json:"breaks,omitempty"`
	Unavailable string `json:"unavailable,omitempty"`
	Must        Must   `json:"must,omitempty"` // the misbehaviour of a control
	// Base marks the subject that the others are compared with. By default that is
	// the candidate named baseline.
	Base bool `json:"base,omitempty"`
	// Kernel is the argument of --kernel that names a real kernel; empty for a
	// candidate, and in files of older programs.
	Kernel string `json:"kernel,omitempty"`
}

// Must is the misbehaviour of a control without which a campaign is invalid.
type Must string

// The misbehaviours of controls.
const (
	MustHang     Must = "hang"
	MustBeUnsafe Must = "be unsafe"
	// MustAlwaysHang requires a hang in every trial, in any scenario.
	MustAlwaysHang Must = "always hang"
)

// Planted reports whether the subject serves only as a control that must misbehave.
func (s *Subject) Planted() bool { return s.Must == MustBeUnsafe || s.Must == MustAlwaysHang }

// Candidate returns a fix candidate as a subject.
func Candidate(f fixes.Fix) Subject {
	s := Subject{Name: f.Name, Claim: f.Claim, Loses: f.Loses, Price: f.Price, Breaks: f.Breaks(), Unavailable: f.Unavailable}
	switch f.Control {
	case fixes.MustHang:
		s.Must = MustHang
	case fixes.MustBeUnsafe:
		s.Must = MustBeUnsafe
	}
	return s
}

// Failure is a failure of the world, never of the subject: for example a missing
// emulator or a lost worker. It never counts as a hang.
type Failure struct {
	World string
	Err   error
}

// Error returns one line that names the world.
func (e *Failure) Error() string { return "world " + e.World + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Failure) Unwrap() error { return e.Err }
