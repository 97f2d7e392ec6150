// Package world defines what a campaign needs of a world: something that runs
// trials. The virtual kernel, the live core and real kernels are worlds.
package world

import (
	"context"
	"fmt"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// Spec names one trial. It is data: names, numbers and a scenario. Whoever runs
// it looks the subject up, so that a Spec can be sent to another process.
type Spec struct {
	// Scenario is the scenario before it is varied.
	Scenario workload.Scenario
	// Variation numbers a variation of the scenario; 0 is the scenario itself.
	Variation int
	// Subject is the name of what is judged: a candidate, or in a world of
	// real kernels a kernel.
	Subject string
	Seed    uint64
}

// String names the trial in an error message.
func (s *Spec) String() string {
	return fmt.Sprintf("fix %s, scenario %s, variation %d, seed %d", s.Subject, s.Scenario.Name, s.Variation, s.Seed)
}

// Want says what a trial is asked to record beside its outcome.
type Want struct {
	Log   bool // the console
	Blame bool // the shares of the wait of each close()
}

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
	// Run runs one trial. An error is a failure of the world itself, a missing
	// emulator say, and never one of the subject. When ctx ends, Run returns
	// its error as soon as it can.
	Run(ctx context.Context, s Spec, w Want) (trial.Result, error)
}

// Facts says what the results of a world are worth. Whoever shows or compares
// results decides by these, and never by the name of the world.
type Facts struct {
	// Reproducible: the same Spec gives the same Result, byte for byte. Where
	// it does not, results have no checksum, trials are not run again on
	// resume, and the pairs of a campaign are blocks of like conditions.
	Reproducible bool
	// Virtual: times are virtual, and do not depend on the machine.
	Virtual bool
	// Model is the version of the model that the results depend on; empty if
	// the world models nothing.
	Model string
	// Trial describes one trial to a reader of a report, in one line: what
	// runs, where, at what price.
	Trial string
	// Measures lists what results of this world contain. Whatever a world
	// does not measure is absent from its tables, not zero.
	Measures Measures
}

// Measures is a set of quantities that a trial's result may contain.
type Measures uint16

// The quantities.
const (
	GracePeriods Measures = 1 << iota // vanilla RCU grace periods by kind
	IPIs                              // interprocessor interrupts of grace periods
	WorkerSleep                       // D state of kworkers in process_srcu
	Console                           // hung-task and stall reports
	Blame                             // shares of each wait by cause
	StormShare                        // CPU time that storms took
	ReaderCost                        // cost of a read-side section
)

// Has reports whether all of those quantities are in the set.
func (m Measures) Has(all Measures) bool { return m&all == all }

// Subject is what the trials of a campaign judge.
type Subject struct {
	Name  string
	Claim string // what it says it does, in one line
	Loses string // the guarantee it gives up; empty if none
	Must  Must   // how it must misbehave, if it is a control
}

// Must says how a control must misbehave for its campaign to be valid.
type Must string

// The duties of a control.
const (
	MustHang     Must = "hang"
	MustBeUnsafe Must = "be unsafe"
)

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
