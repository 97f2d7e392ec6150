// Package interrupt interrupts chosen threads of this process at a chosen rate,
// each time for a chosen time.
//
// There are three sources. Perf is a cpu-clock event whose overflow runs a BPF
// program in interrupt context, which spins for the requested time: a real
// interrupt, at an arbitrary instruction. It needs CAP_BPF and CAP_PERFMON. FIFO is
// a real-time thread that takes the target's CPU; it needs CAP_SYS_NICE. Signals
// sends the target SIGURG, which the Go runtime handles; it needs no capability,
// and cannot control the duration.
package interrupt

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
)

// Storm describes the requested interrupts: one in each Period of the target's CPU
// time, with a duration of Weight. The duration includes entry and exit of the
// interrupt as far as the source can measure them.
type Storm struct {
	Period, Weight time.Duration
}

// The limits of a storm.
const (
	MinPeriod = 50 * time.Microsecond // a shorter period leaves a virtual machine's CPU no time for anything else
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

// Achieved contains the interrupts of a target.
type Achieved struct {
	Interrupts uint64
	Took       time.Duration // total duration of interrupts; 0 if the source cannot measure it
	CPU        time.Duration // CPU time of the target meanwhile, handlers included
}

// Add adds the interrupts of another target.
func (a *Achieved) Add(b Achieved) {
	a.Interrupts += b.Interrupts
	a.Took += b.Took
	a.CPU += b.CPU
}

// Rate returns the interrupts per second of CPU time.
func (a Achieved) Rate() float64 {
	if a.CPU <= 0 {
		return 0
	}
	return float64(a.Interrupts) / a.CPU.Seconds()
}

// Share returns the share of the target's CPU time that interrupts took.
func (a Achieved) Share() float64 {
	if a.CPU <= 0 {
		return 0
	}
	return float64(a.Took) / float64(a.CPU)
}

// Spin keeps the CPU for about n nanoseconds: the same time for the same n, but for
// interrupts.
func Spin(n int) {
	x := uint64(n)
	for range n {
		x = x*6364136223846793005 + 1
	}
	runtime.KeepAlive(x)
}

// Source is a way to interrupt threads.
type Source interface {
	// Name returns "perf", "fifo" or "signals".
	Name() string
	// Aim begins to interrupt the thread with the given ID, as gettid(2) returns
	// it, until stop is called, once.
	Aim(tid int, s Storm) (stop func() Achieved, err error)
}

// errUnsupported is the error of a source that is not available on this machine or
// to this user.
var errUnsupported = errors.New("interrupts of this kind are not available")

// Best returns the first of perf, fifo and signals that works on this machine, or
// nil. The first call tests them.
func Best() Source { return best() }

var best = sync.OnceValue(func() Source {
	for _, s := range sources() {
		if try(s) == nil {
			return s
		}
	}
	return nil
})
