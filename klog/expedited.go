package klog

import (
	"fmt"
	"strings"
)

// ExpStall is a report of an expedited grace period that takes too long
// (kernel/rcu/tree_exp.h, synchronize_rcu_expedited_stall).
type ExpStall struct {
	Flavor  string
	Jiffies int64
	Seq     uint64 // the expedited sequence number
	Tasks   []Task // preempted inside readers
	CPUs    []ExpCPU
	QSMask  uint64 // the root node's expmask
	Nodes   []ExpNode
}

// ExpCPU is a CPU that has not answered.
type ExpCPU struct {
	CPU     int
	Offline bool // O
	NotNow  bool // o: not in the mask at its start
	NotNext bool // N: not in the mask for the next
	NeedQS  bool // D: the CPU still has to report
}

// ExpNode is a node below the root that blocks.
type ExpNode struct {
	Level, Low, High int
	Mask             uint64
	Tasks            bool
}

// Lines returns the report with the stacks of the tasks that block.
func (e *ExpStall) Lines() []string {
	var b strings.Builder
	fmt.Fprintf(&b, rcu+"INFO: %s detected expedited stalls on CPUs/tasks: {", flavor(e.Flavor))
	for i := range e.Tasks {
		fmt.Fprintf(&b, " P%d", e.Tasks[i].PID)
	}
	for _, c := range e.CPUs {
		fmt.Fprintf(&b, " %d-%c%c%c%c", c.CPU, letter(c.Offline, 'O'), letter(c.NotNow, 'o'), letter(c.NotNext, 'N'), letter(c.NeedQS, 'D'))
	}
	fmt.Fprintf(&b, " } %d jiffies s: %d root: %#x/%c", e.Jiffies, e.Seq, e.QSMask, letter(len(e.Tasks) > 0, 'T'))
	nodes := rcu + "blocking rcu_node structures (internal RCU debug):"
	for _, n := range e.Nodes {
		nodes += fmt.Sprintf(" l=%d:%d-%d:%#x/%c", n.Level, n.Low, n.High, n.Mask, letter(n.Tasks, 'T'))
	}
	lines := []string{b.String(), nodes}
	for i := range e.Tasks {
		lines = append(lines, e.Tasks[i].Show()...)
	}
	return lines
}
