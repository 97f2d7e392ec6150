package klog

import (
	"fmt"
)

// Stall is one report of RCU's stall detector (kernel/rcu/tree_stall.h):
// print_other_cpu_stall(), or print_cpu_stall() if Self is set.
type Stall struct {
	Flavor string // "rcu_preempt", or "rcu_sched" without preemption
	Self   bool   // the detecting CPU itself owes a quiescent state
	By     int    // the detecting CPU; not printed if Self
	// Jiffies is the age of the grace period, GP its sequence number, Queued the
	// number of waiting callbacks, NCPUs the number of online CPUs.
	Jiffies int64
	GP      int64
	Queued  uint64
	NCPUs   int
	// CPUs owe a quiescent state. Tasks were preempted inside readers and block the
	// leaf node of CPUs Low to High.
	CPUs      []StalledCPU
	Tasks     []BlockedTask
	Low, High int
	// Leaves are the leaf nodes of a machine with several, in order. Tasks are then in
	// the order of their leaves, and Low and High are not used.
	Leaves []StallLeaf
	// Activity is printed if nothing blocks the grace period any more.
	Activity Activity
	// Backtraces are of the CPUs that owe a quiescent state.
	Backtraces []Backtrace
}

// StallLeaf is a leaf node with some of a stall's CPUs and tasks.
type StallLeaf struct {
	Level, Low, High int
	Tasks            int // number of tasks that block it
}

// leaves returns the leaf nodes, also of a machine with a single one.
func (s *Stall) leaves() []StallLeaf {
	if len(s.Leaves) > 0 {
		return s.Leaves
	}
	return []StallLeaf{{Low: s.Low, High: s.High, Tasks: len(s.Tasks)}}
}

// maxTasks is the maximum number of blocked tasks that the kernel lists per leaf
// node.
const maxTasks = 8

// Lines returns the report, including the stacks of the blocking tasks.
func (s *Stall) Lines() []string { return Lines(s, Text{}) }

func (s *Stall) print(p *printer) {
	p.line(&StallLine{Flavor: s.Flavor, Self: s.Self})
	var listed []BlockedTask
	cpus, tasks := s.CPUs, s.Tasks
	for _, leaf := range s.leaves() {
		for len(cpus) > 0 && (len(s.Leaves) == 0 || cpus[0].CPU <= leaf.High) {
			p.line(&cpus[0])
			cpus = cpus[1:]
		}
		if s.Self {
			continue
		}
		node := StallTasks{Level: leaf.Level, Low: leaf.Low, High: leaf.High}
		for i := range tasks[:min(leaf.Tasks, maxTasks)] {
			node.Tasks = append(node.Tasks, tasks[i].mark())
			listed = append(listed, tasks[i])
		}
		if tasks = tasks[leaf.Tasks:]; len(node.Tasks) > 0 {
			p.line(&node)
		}
	}
	for i := range cpus {
		p.line(&cpus[i])
	}
	p.line(&StallEnd{Self: s.Self, By: s.By, Jiffies: s.Jiffies, GP: s.GP, Queued: s.Queued, NCPUs: s.NCPUs})
	for i := range s.Backtraces {
		s.Backtraces[i].print(p)
	}
	for i := range listed {
		listed[i].Task.print(p)
	}
	if !s.Self && len(s.CPUs) == 0 && len(listed) == 0 {
		p.line(&AllSeen{Flavor: s.Flavor, Activity: s.Activity})
	}
}

func (r *reader) stall() *Stall {
	first := need[*StallLine](r)
	if !r.ok {
		return nil
	}
	s := Stall{Flavor: first.Flavor, Self: first.Self}
	var nodes []*StallTasks
	for {
		if c, ok := next[*StalledCPU](r); ok {
			s.CPUs = append(s.CPUs, *c)
			r.ok = r.ok && (len(nodes) == 0 || nodes[0].Level != 0)
			continue
		}
		n, ok := next[*StallTasks](r)
		if !ok {
			break
		}
		nodes = append(nodes, n)
		r.ok = r.ok && len(n.Tasks) <= maxTasks && (n.Level != 0 || len(nodes) == 1)
	}
	end := need[*StallEnd](r)
	if !r.ok || end.Self != s.Self || s.Self && len(nodes) > 0 {
		r.ok = false
		return nil
	}
	s.By, s.Jiffies, s.GP, s.Queued, s.NCPUs = end.By, end.Jiffies, end.GP, end.Queued, end.NCPUs
	for r.ok && r.backtraceAhead() {
		s.Backtraces = append(s.Backtraces, *r.backtrace())
	}
	for _, node := range nodes {
		if node.Level == 0 {
			s.Low, s.High = node.Low, node.High
		} else {
			s.Leaves = append(s.Leaves, StallLeaf{node.Level, node.Low, node.High, len(node.Tasks)})
		}
		for _, m := range node.Tasks {
			t := BlockedTask{r.task(), m.OnCPU, m.Nesting, m.Blocked, m.NeedQS, m.ExpHint, m.OnList, m.Running, m.Boosted}
			if t.Task.PID != m.PID {
				r.ok = false
			}
			s.Tasks = append(s.Tasks, t)
		}
	}
	if !s.Self && len(s.CPUs) == 0 && len(nodes) == 0 {
		if a := need[*AllSeen](r); r.ok && a.Flavor == s.Flavor {
			s.Activity = a.Activity
		} else {
			r.ok = false
		}
	}
	return &s
}

// StallLine is the first line of a stall report.
type StallLine struct {
	Flavor string
	Self   bool
}

func (l *StallLine) appendTo(b []byte, t *Text) []byte {
	words := "detected stalls on CPUs/tasks:"
	if l.Self {
		words = "self-detected stall on CPU"
	}
	return fmt.Appendf(b, "%vINFO: %s %s", t.Prefix, l.Flavor, words)
}

// flavor reads the name of an RCU flavour.
func (s *scanner) flavor() string {
	return s.while(func(c byte) bool { return 'a' <= c && c <= 'z' || c == '_' })
}

// rcuInfo reads the text after "INFO: " in lines of kernel/rcu.
func (s *scanner) rcuInfo() (Line, Text) {
	for when, words := range endedWords {
		if s.word(words) {
			return &StallEnded{Ended(when)}, Text{}
		}
	}
	flavor := s.flavor()
	switch {
	case s.word(" self-detected stall on CPU"):
		return &StallLine{Flavor: flavor, Self: true}, Text{}
	case s.word(" detected stalls on CPUs/tasks:"):
		return &StallLine{Flavor: flavor}, Text{}
	case s.word(" detected stalls on tasks:"):
		return &TasksStall{Flavor: flavor}, Text{}
	case s.word(" detected expedited stalls on CPUs/tasks: {"):
		return s.expedited(flavor)
	}
	s.fail()
	return nil, Text{}
}
