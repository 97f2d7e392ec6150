package interrupt

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// beside calls hit in a separate thread, once per period of the target's CPU time
// if the thread keeps up, until the returned function is called. It first calls
// prepare in that thread.
func beside(tid int, s Storm, prepare func() error, hit func() (took time.Duration, ok bool)) (func() Achieved, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	var stop atomic.Bool
	ready, over := make(chan error, 1), make(chan Achieved, 1)
	go func() {
		// Never unlocked: the thread, with its priority, ends with the goroutine.
		runtime.LockOSThread()
		if err := prepare(); err != nil {
			ready <- err
			return
		}
		var a Achieved
		from := cpuTime(tid)
		ready <- nil
		for next := from + s.Period; !stop.Load(); {
			if wait := next - cpuTime(tid); wait > 0 {
				// The target's CPU time grows no faster than the clock.
				t := unix.NsecToTimespec(int64(wait))
				_ = unix.Nanosleep(&t, nil)
				continue
			}
			if took, ok := hit(); ok {
				a.Interrupts++
				a.Took += took
			}
			next = max(next+s.Period, cpuTime(tid)) // missed periods are not made up for
		}
		a.CPU = max(cpuTime(tid)-from, 0)
		over <- a
	}()
	if err := <-ready; err != nil {
		return nil, err
	}
	return func() Achieved { stop.Store(true); return <-over }, nil
}

// fifo takes the target's last CPU. The time that it takes is not the target's CPU
// time, so it is added to make shares comparable.
type fifo struct{}

func (fifo) Name() string { return "fifo" }

func (fifo) Aim(tid int, s Storm) (func() Achieved, error) {
	stop, err := beside(tid, s, func() error {
		err := unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}, 0)
		if err != nil {
			return fmt.Errorf("fifo: %w: %w", errUnsupported, err)
		}
		return nil
	}, func() (time.Duration, bool) {
		var cpus unix.CPUSet
		cpu, err := lastCPU(tid)
		if err != nil {
			return 0, false
		}
		cpus.Set(cpu)
		if unix.SchedSetaffinity(0, &cpus) != nil {
			return 0, false
		}
		start := time.Now()
		for time.Since(start) < s.Weight {
		}
		return time.Since(start), true
	})
	if err != nil {
		return nil, err
	}
	return func() Achieved { a := stop(); a.CPU += a.Took; return a }, nil
}

// lastCPU returns the CPU on which a thread ran last (field 39 of its stat file).
func lastCPU(tid int) (int, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/stat", tid))
	if err != nil {
		return 0, err
	}
	// The name, in parentheses, may contain spaces.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	const processor = 39 - 3
	if len(fields) <= processor {
		return 0, fmt.Errorf("stat of thread %d: %d fields: want more than %d", tid, len(fields), processor)
	}
	return strconv.Atoi(string(fields[processor]))
}

// signals sends SIGURG, with which the Go runtime preempts goroutines: the thread
// handles it between two instructions. A pending signal is not sent twice, so the
// number of signals sent is an upper bound.
type signals struct{}

func (signals) Name() string { return "signals" }

func (signals) Aim(tid int, s Storm) (func() Achieved, error) {
	pid := unix.Getpid()
	return beside(tid, s, func() error { return nil }, func() (time.Duration, bool) {
		return 0, unix.Tgkill(pid, tid, unix.SIGURG) == nil
	})
}
