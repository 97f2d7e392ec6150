package klog

import "fmt"

// Backtrace is what a CPU was doing when the stall detector looked
// (dump_cpu_task): the detecting CPU shows its own registers, the others are
// sent an NMI.
type Backtrace struct {
	CPU, By int
	Comm    string
	PID     int
	Build   Build
	Preempt string // preemption model as printed: "PREEMPT(full)"
	At      string // the function that was executing
	Stack   Stack  // its callers
}

// Lines returns the dump, without the registers' contents.
func (b *Backtrace) Lines() []string {
	var lines []string
	if b.CPU != b.By {
		lines = append(lines,
			fmt.Sprintf("Sending NMI from CPU %d to CPUs %d:", b.By, b.CPU),
			fmt.Sprintf("NMI backtrace for cpu %d", b.CPU))
	}
	lines = append(lines,
		fmt.Sprintf("CPU: %d UID: 0 PID: %d Comm: %.15s %s %s %s %s", b.CPU, b.PID, b.Comm, b.Build.Taint, b.Build.Release, b.Build.Version, b.Preempt),
		fmt.Sprintf("RIP: 0010:%s+0x0/0x0", b.At))
	return append(lines, b.Stack.Trace()...)
}
