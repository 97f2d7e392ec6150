// Package interrupt interrupts chosen threads of this process: at a chosen rate,
// and for a chosen time each.
//
// There are three sources. Perf is a cpu-clock event whose overflow runs a BPF
// program in interrupt context, which keeps the CPU for the time asked: a real
// interrupt, at an instruction that nobody chose. It needs CAP_BPF and
// CAP_PERFMON. FIFO is a real-time thread that takes the CPU of the target away;
// it needs CAP_SYS_NICE. Signals sends the target SIGURG, which the Go runtime
// handles; it needs nothing, and has no say in how long that takes.
package interrupt

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// Storm is what is asked for: one interrupt in each Period of the target's CPU
// time, which takes Weight, what it takes to enter and leave the interrupt
// included as far as the source can measure that.
type Storm struct {
	Period, Weight time.Duration
}

// The bounds of a storm.
const (
	MinPeriod = 50 * time.Microsecond // less leaves a virtual machine's CPU no time for anything else
	MaxWeight = 5 * time.Millisecond  // the CPU takes no other interrupt meanwhile
)

func (s Storm) check() error {
	switch {
	case s.Period < MinPeriod || s.Period > time.Second:
		return fmt.Errorf("storm: period: %v: want %v to %v", s.Period, MinPeriod, time.Second)
	case s.Weight < 0 || s.Weight > MaxWeight:
		return fmt.Errorf("storm: weight: %v: want 0 to %v", s.Weight, MaxWeight)
	}
	return nil
}

// Achieved is what a target got.
type Achieved struct {
	Interrupts uint64
	Took       time.Duration // by interrupts; 0 if the source cannot measure it
	CPU        time.Duration // that the target used meanwhile, handlers included
}

// Add adds what another target got.
func (a *Achieved) Add(b Achieved) {
	a.Interrupts += b.Interrupts
	a.Took += b.Took
	a.CPU += b.CPU
}

// Rate is interrupts a second of CPU time.
func (a Achieved) Rate() float64 {
	if a.CPU <= 0 {
		return 0
	}
	return float64(a.Interrupts) / a.CPU.Seconds()
}

// Share is the share of the target's CPU time that interrupts took.
func (a Achieved) Share() float64 {
	if a.CPU <= 0 {
		return 0
	}
	return float64(a.Took) / float64(a.CPU)
}

// Source is a way to interrupt threads.
type Source interface {
	// Name is "perf", "fifo" or "signals".
	Name() string
	// Aim begins to interrupt the thread of that number, as gettid(2) returns
	// it, until stop is called, once.
	Aim(tid int, s Storm) (stop func() Achieved, err error)
}

// errUnsupported is in the error of a source that this machine or user lacks.
var errUnsupported = errors.New("interrupts of this kind are not available")

// Best returns the first source of perf, fifo and signals that works here, nil if
// none does. The first call tries them.
func Best() Source { return best() }

var best = sync.OnceValue(func() Source {
	for _, s := range sources() {
		if try(s) == nil {
			return s
		}
	}
	return nil
})
