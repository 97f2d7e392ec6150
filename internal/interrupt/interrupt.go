// Package interrupt interrupts chosen threads of this process at a chosen rate,
// each time for a chosen time.
//
// There are three sources. Perf is a cpu-clock event whose overflow runs a BPF
// program in interrupt context, which spins for the requested time: a real
// interrupt, at an arbitrary instruction. It needs CAP_BPF and CAP_PERFMON. FIFO is
// a real-time thread that takes the target's CPU, to which it binds the target; it
// needs CAP_SYS_NICE. Signals sends the target a signal, whose handler spins, at an
// arbitrary instruction as well; it needs no capability. The last two are threads
// that must get a CPU in time themselves.
package interrupt

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"
)

// Storm describes the requested interrupts: one in each Period of the target's CPU
// time, handlers included, with a duration of Weight. The duration includes entry and
// exit of the interrupt as far as the source can measure them.
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

// Achieved contains the interrupts of a target by one storm.
type Achieved struct {
	Interrupts uint64
	Took       time.Duration // total duration of interrupts; 0 if the source cannot measure it
	From       time.Duration // CPU time of the target when the storm began
	CPU        time.Duration // CPU time of the target since then, handlers included
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
var errUnsupported = errors.New("not available")

// Best returns the first of perf, fifo and signals that works on this machine, or
// nil. The first call tests them.
func Best() Source { s, _ := best(); return s }

// Lacking returns in one line why the sources before Best are not available, and
// what each needs; "" if Best is perf.
func Lacking() string { _, lacking := best(); return lacking }

var best = sync.OnceValues(func() (Source, string) { return choose(sources(), try) })

// choose returns the first source that works, and the errors of those before it.
func choose(all []Source, try func(Source) error) (Source, string) {
	var lacking []string
	for _, s := range all {
		err := try(s)
		if err == nil {
			return s, strings.Join(lacking, "; ")
		}
		lacking = append(lacking, err.Error())
	}
	return nil, strings.Join(lacking, "; ")
}
