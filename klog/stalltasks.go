package klog

import (
	"fmt"
)

// BlockedTask is one task preempted inside an RCU reader (rcu_print_task_stall).
type BlockedTask struct {
	Task Task
	// OnCPU means that the task was running when the kernel inspected it; then the
	// kernel prints only its number, and dumps an old stack.
	OnCPU   bool
	Nesting int  // rcu_read_lock() nesting
	Blocked bool // b: preempted inside the reader
	NeedQS  bool // q
	ExpHint bool // e
	OnList  bool // l: on the node's list of blocked tasks
	// Since 7.4 the kernel also inspects running tasks and prints two more letters.
	// Boosted is 'B', '?' if the lock that lends the priority was taken, or 0.
	Running bool
	Boosted byte
}

func (b *BlockedTask) mark() TaskMark {
	if b.OnCPU {
		return TaskMark{PID: b.Task.PID, OnCPU: true}
	}
	return TaskMark{b.Task.PID, false, b.Nesting, b.Blocked, b.NeedQS, b.ExpHint, b.OnList, b.Running, b.Boosted}
}

// TaskMark is a task in the line of the tasks that block a node; BlockedTask
// explains the letters.
type TaskMark struct {
	PID                              int
	OnCPU                            bool
	Nesting                          int
	Blocked, NeedQS, ExpHint, OnList bool
	Running                          bool
	Boosted                          byte
}

func (m *TaskMark) append(b []byte, t *Text) []byte {
	if m.OnCPU {
		return fmt.Appendf(b, " P%d", m.PID)
	}
	b = fmt.Appendf(b, " P%d/%d:%c%c%c%c", m.PID, m.Nesting,
		letter(m.Blocked, 'b'), letter(m.NeedQS, 'q'), letter(m.ExpHint, 'e'), letter(m.OnList, 'l'))
	if t.Tasks == TasksSix {
		boosted := m.Boosted
		if boosted == 0 {
			boosted = '.'
		}
		b = append(b, letter(m.Running, 'R'), boosted)
	}
	return b
}

// taskMark reads the text after " P".
func (s *scanner) taskMark(t *Text) (m TaskMark) {
	m.PID = s.small()
	if !s.word("/") {
		m.OnCPU = true
		return m
	}
	m.Nesting = s.small()
	s.need(":")
	m.Blocked, m.NeedQS, m.ExpHint, m.OnList = s.flag('b'), s.flag('q'), s.flag('e'), s.flag('l')
	if s.ok && s.at < len(s.text) && !isBlank(s.text[s.at]) {
		t.Tasks = TasksSix
		m.Running = s.flag('R')
		if m.Boosted = s.byte("B?."); m.Boosted == '.' {
			m.Boosted = 0
		}
	}
	return m
}

// StallTasks is the line of the tasks that block one leaf node
// (rcu_print_task_stall).
type StallTasks struct {
	Level, Low, High int
	Tasks            []TaskMark
}

func (l *StallTasks) appendTo(b []byte, t *Text) []byte {
	b = fmt.Appendf(b, "%v\tTasks blocked on level-%d rcu_node (CPUs %d-%d):", t.Prefix, l.Level, l.Low, l.High)
	for i := range l.Tasks {
		b = l.Tasks[i].append(b, t)
	}
	return b
}

func (s *scanner) stallTasks() (*StallTasks, Text) {
	var l StallTasks
	var text Text
	l.Level = s.small()
	s.need(" rcu_node (CPUs ")
	l.Low = s.small()
	s.need("-")
	l.High = s.small()
	s.need("):")
	letters := 0
	for s.ok && s.word(" P") {
		before := text.Tasks
		text.Tasks = TasksFour
		m := s.taskMark(&text)
		if !m.OnCPU {
			letters++
			s.failIf(letters > 1 && text.Tasks != before)
		} else {
			text.Tasks = before
		}
		l.Tasks = append(l.Tasks, m)
	}
	return &l, text
}
