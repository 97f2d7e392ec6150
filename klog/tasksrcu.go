package klog

import (
	"fmt"
	"strings"
)

// TasksAge is the line of RCU Tasks about a grace period that is old but not yet
// called a stall (kernel/rcu/tasks.h, rcu_tasks_wait_gp and
// tasks_rcu_exit_srcu_stall).
type TasksAge struct {
	Printer string // the function that prints
	Flavor  string // "rcu_tasks", "rcu_tasks_trace", ...
	Number  uint64
	// SinceBoot means that the line has "number 13 (since boot)" instead of "13".
	SinceBoot bool
	State     string // state of the kthread, if the line has it
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

// tasksAge reads the text after the printer's name.
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

// TasksStall is the line above the tasks that block a grace period of RCU Tasks
// because they have not slept for long. It is not a CPU stall (kernel/rcu/tasks.h,
// check_holdout_task).
type TasksStall struct{ Flavor string }

func (l *TasksStall) appendTo(b []byte, t *Text) []byte {
	return fmt.Appendf(b, "%vINFO: %s detected stalls on tasks:", t.Prefix, l.Flavor)
}

// TasksHoldout is the line about a task that blocks a grace period of RCU Tasks;
// the task itself follows (kernel/rcu/tasks.h, check_holdout_task).
type TasksHoldout struct {
	Address string // of the task, hashed, or "(____ptrval____)"
	Idle    bool   // it is an idle task
	// NoHzFull means that its CPU runs without ticks (nohz_full).
	NoHzFull bool
	// Then and Now count its voluntary context switches: at the start of the grace
	// period and in the report.
	Then, Now uint64
	Holdout   int
	// IdleCPU is the CPU on which it was in user mode without ticks, or -1.
	IdleCPU, CPU int
}

func (l *TasksHoldout) appendTo(b []byte, _ *Text) []byte {
	return fmt.Appendf(b, "%s: %c%c nvcsw: %d/%d holdout: %d idle_cpu: %d/%d",
		l.Address, letter(l.Idle, 'I'), letter(l.NoHzFull, 'N'), l.Then, l.Now, l.Holdout, l.IdleCPU, l.CPU)
}

// noAddress is printed for an address that the kernel cannot hash yet.
const noAddress = "(____ptrval____)"

// addressAhead reports whether the line begins with an address.
func addressAhead(text string) bool {
	if strings.HasPrefix(text, noAddress+": ") {
		return true
	}
	digits := len(text) - len(strings.TrimLeft(text, "0123456789abcdef"))
	return (digits == 8 || digits == 16) && strings.HasPrefix(text[digits:], ": ")
}

func (s *scanner) tasksHoldout() *TasksHoldout {
	var l TasksHoldout
	l.Address = s.until(": ")
	l.Idle, l.NoHzFull = s.flag('I'), s.flag('N')
	s.need(" nvcsw: ")
	l.Then = s.uint()
	s.need("/")
	l.Now = s.uint()
	s.need(" holdout: ")
	l.Holdout = s.small()
	s.need(" idle_cpu: ")
	l.IdleCPU = s.small()
	s.need("/")
	l.CPU = s.small()
	return &l
}

// TraceHoldout is the line about a task that blocks a grace period of RCU Tasks
// Trace; the task itself follows (kernel/rcu/tasks.h, show_stalled_task_trace, up
// to 6.19).
type TraceHoldout struct {
	PID int
	// Letters are, in this order: I an interrupt to it is pending, i it is an idle
	// task, N its CPU runs without ticks, B it blocked inside the reader (since
	// 6.1). A running task has only the first two, and until 5.17 only the second.
	Letters string
	// Rest means that more than the letters follows. Need is a letter for the need
	// of the grace period, and since 5.19 a second one.
	Rest    bool
	Nesting int
	Need    string
	CPU     int
	Offline bool
}

func (l *TraceHoldout) appendTo(b []byte, _ *Text) []byte {
	b = fmt.Appendf(b, "P%d: %s", l.PID, l.Letters)
	if !l.Rest {
		return b
	}
	b = fmt.Appendf(b, " nesting: %d%s cpu: %d", l.Nesting, l.Need, l.CPU)
	if l.Offline {
		b = append(b, "(offline)"...)
	}
	return b
}

// pidAhead reports whether the line begins with "P" and a number.
func pidAhead(text string) bool {
	digits, ok := strings.CutPrefix(text, "P")
	rest := strings.TrimLeft(digits, "0123456789")
	return ok && len(rest) < len(digits) && strings.HasPrefix(rest, ": ")
}

func (s *scanner) traceHoldout() *TraceHoldout {
	var l TraceHoldout
	s.need("P")
	l.PID = s.small()
	s.need(": ")
	l.Letters = s.while(func(c byte) bool { return strings.IndexByte(".IiNB", c) >= 0 })
	places := "IiNB"
	if len(l.Letters) == 1 {
		places = "i"
	}
	for i := range len(l.Letters) {
		s.failIf(i >= len(places) || l.Letters[i] != '.' && l.Letters[i] != places[i])
	}
	l.Rest = s.word(" nesting: ")
	s.failIf(l.Rest != (len(l.Letters) > 2))
	if !l.Rest {
		return &l
	}
	l.Nesting = s.small()
	for s.ok && len(l.Need) < 2 && s.at < len(s.text) && strings.IndexByte("!CN?", s.text[s.at]) >= 0 {
		l.Need += s.text[s.at : s.at+1]
		s.at++
	}
	s.need(" cpu: ")
	l.CPU = s.small()
	l.Offline = s.word("(offline)")
	return &l
}
