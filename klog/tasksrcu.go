package klog

import "fmt"

// TasksAge is what RCU Tasks prints of a grace period that is old and not yet
// called a stall (kernel/rcu/tasks.h, rcu_tasks_wait_gp and
// tasks_rcu_exit_srcu_stall).
type TasksAge struct {
	Printer string // the function that prints
	Flavor  string // "rcu_tasks", "rcu_tasks_trace", ...
	Number  uint64
	// SinceBoot: the line says "number 13 (since boot)" and not just "13".
	SinceBoot bool
	State     string // what the kthread does, where the line says it
	Jiffies   uint64
}

func (l *TasksAge) appendTo(b []byte, _ *Text) []byte {
	b = fmt.Appendf(b, "%s: %s grace period ", l.Printer, l.Flavor)
	if l.SinceBoot {
		b = fmt.Appendf(b, "number %d (since boot)", l.Number)
	} else {
		b = fmt.Appendf(b, "%d", l.Number)
	}
	if l.State != "" {
		b = fmt.Appendf(b, " gp_state: %s", l.State)
	}
	return fmt.Appendf(b, " is %d jiffies old.", l.Jiffies)
}

// Lines returns the line.
func (l *TasksAge) Lines() []string { return Lines(l, Text{}) }

func (l *TasksAge) print(p *printer) { p.line(l) }

// tasksAge reads what follows the printer's name.
func (s *scanner) tasksAge(printer string) *TasksAge {
	l := TasksAge{Printer: printer}
	l.Flavor = s.flavor()
	s.need(" grace period ")
	l.SinceBoot = s.word("number ")
	l.Number = s.uint()
	if l.SinceBoot {
		s.need(" (since boot)")
	}
	if s.word(" gp_state: ") {
		l.State = s.token()
	}
	s.need(" is ")
	l.Jiffies = s.uint()
	s.need(" jiffies old.")
	return &l
}

// TasksStall is the line above the tasks that hold up a grace period of RCU
// Tasks: they have not slept for long. It is no stall of a CPU
// (kernel/rcu/tasks.h, check_holdout_task).
type TasksStall struct{ Flavor string }

func (l *TasksStall) appendTo(b []byte, t *Text) []byte {
	return fmt.Appendf(b, "%vINFO: %s detected stalls on tasks:", t.Prefix, l.Flavor)
}
