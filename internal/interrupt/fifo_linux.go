package interrupt

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// fifo takes the CPU of the target.
type fifo struct{}

func (fifo) Name() string { return "fifo" }

func (fifo) Aim(tid int, s Storm) (func() Achieved, error) {
	b, err := bind(tid)
	if err != nil {
		return nil, fmt.Errorf("fifo: %w: %w", errUnsupported, err)
	}
	stop, err := beside(s, &preempted{bound: b})
	if err != nil {
		return nil, err
	}
	return stop, nil
}

// preempted is a target that a real-time thread preempts on the CPU to which both are
// bound.
type preempted struct {
	*bound
	schedstat *os.File      // of the target
	last      time.Duration // what the last hit took of the CPU
	delayed   time.Duration // delay of the target before it
	n         uint64
	took      time.Duration
}

func (v *preempted) prepare() error {
	refused := func(what string, err error) error {
		return fmt.Errorf("fifo: %w: %s: %w: want root, or CAP_SYS_NICE", errUnsupported, what, err)
	}
	var one unix.CPUSet
	one.Set(v.cpu)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return refused("affinity", err)
	}
	// Interrupts do not wait for other real-time threads, those of tests among them.
	fifo := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 2}
	if err := unix.SchedSetAttr(0, &fifo, 0); err != nil {
		return refused("SCHED_FIFO", err)
	}
	f, err := os.Open(fmt.Sprintf("/proc/self/task/%d/schedstat", v.tid))
	if err != nil {
		return fmt.Errorf("fifo: %w: %w: want a kernel with CONFIG_SCHED_INFO", errUnsupported, err)
	}
	v.schedstat = f
	return nil
}

// hit keeps the CPU.
func (v *preempted) hit(weight time.Duration) {
	v.settle()
	v.delayed = v.delay()
	self := unix.Gettid()
	for from := cpuTime(self); v.last < weight; {
		v.last = cpuTime(self) - from
	}
	v.taken.Add(int64(v.last))
}

// settle counts the last hit, if the target could have run meanwhile: it lost the time
// for which it waited to run, as far as the hit took it.
func (v *preempted) settle() {
	if v.last == 0 {
		return
	}
	lost := min(max(v.delay()-v.delayed, 0), v.last)
	v.taken.Add(int64(lost - v.last))
	if lost > 0 {
		v.n++
		v.took += lost
	}
	v.last = 0
}

// delay returns the time for which the target has waited to run, up to the moment when
// it ran last.
func (v *preempted) delay() time.Duration {
	var b [64]byte
	n, _ := v.schedstat.ReadAt(b[:], 0)
	var ran, waited int64
	if _, err := fmt.Sscan(string(b[:n]), &ran, &waited); err != nil {
		return v.delayed // the thread has ended
	}
	return time.Duration(waited)
}

func (v *preempted) total() (uint64, time.Duration) {
	v.settle()
	return v.n, v.took
}

func (v *preempted) release() {
	if v.schedstat != nil {
		_ = v.schedstat.Close()
	}
	v.unbind()
}
