package klog

import (
	"fmt"
	"time"
)

// Throttle is perf lowering its sample rate because samples take too long
// (kernel/events/core.c, perf_sample_event_took). The kernel prints
// nanoseconds.
type Throttle struct {
	Average time.Duration // decayed average of one sample
	Allowed time.Duration // what was allowed until now
	Rate    int           // the new kernel.perf_event_max_sample_rate
}

// Lines returns the line.
func (t *Throttle) Lines() []string {
	return []string{fmt.Sprintf("perf: interrupt took too long (%d > %d), lowering kernel.perf_event_max_sample_rate to %d",
		t.Average.Nanoseconds(), t.Allowed.Nanoseconds(), t.Rate)}
}

// NMITooLong is an NMI handler that took longer than ever before, and more
// than a millisecond (arch/x86/kernel/nmi.c, nmi_handle).
type NMITooLong struct {
	Handler string // perf_event_nmi_handler if empty
	Took    time.Duration
}

// Lines returns the line.
func (n *NMITooLong) Lines() []string {
	name := n.Handler
	if name == "" {
		name = "perf_event_nmi_handler"
	}
	us := n.Took.Microseconds()
	return []string{fmt.Sprintf("INFO: NMI handler (%s) took too long to run: %d.%03d msecs", name, us/1000, us%1000)}
}

// Lockup is a worker pool with pending work and no progress
// (kernel/workqueue.c, wq_watchdog_timer_fn).
type Lockup struct {
	CPU   int
	Node  int
	Flags uint
	Nice  int
	Stuck time.Duration
}

// Lines returns the line.
func (l *Lockup) Lines() []string {
	return []string{fmt.Sprintf("BUG: workqueue lockup - pool cpus=%d node=%d flags=0x%x nice=%d stuck for %ds!",
		l.CPU, l.Node, l.Flags, l.Nice, int64(l.Stuck/time.Second))}
}
