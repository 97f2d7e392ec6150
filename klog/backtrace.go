package klog

import "fmt"

// Backtrace shows the execution on a CPU when the stall detector ran
// (kernel/sched/core.c, dump_cpu_task): the detecting CPU prints its own registers,
// the others get an NMI (lib/nmi_backtrace.c, nmi_trigger_cpumask_backtrace).
type Backtrace struct {
	CPU, By int // By is not printed if it equals CPU
	Comm    string
	PID     int
	Build   Build
	Preempt string // preemption model as printed: "PREEMPT(full)"
	At      Frame  // position in the kernel
	// User is the address of an instruction in user mode; there is no stack then.
	User  uint64
	Stack Stack // the callers
}

// Lines returns the dump, without register contents.
func (b *Backtrace) Lines() []string { return Lines(b, Text{}) }

func (b *Backtrace) print(p *printer) {
	if b.CPU != b.By {
		p.line(&SendNMI{By: b.By, CPUs: fmt.Sprint(b.CPU)})
		p.line(&NMIBacktrace{CPU: b.CPU})
	}
	p.line(&CPULine{CPU: b.CPU, HasUID: true, PID: b.PID, Comm: b.Comm, Build: b.Build, Preempt: b.Preempt})
	if b.User != 0 {
		p.line(&RIP{CS: 0x33, User: b.User})
		return
	}
	p.line(&RIP{CS: 0x10, At: b.At})
	b.Stack.print(p)
}

func (r *reader) backtraceAhead() bool {
	_, sent := peek[*SendNMI](r)
	_, self := peek[*CPULine](r)
	return sent || self
}

func (r *reader) backtrace() *Backtrace {
	send, sent := next[*SendNMI](r)
	other := -1
	if sent {
		n := need[*NMIBacktrace](r)
		if n != nil {
			other = n.CPU
		}
	}
	c, rip := need[*CPULine](r), need[*RIP](r)
	if !r.ok || !c.HasUID || c.UID != 0 {
		r.ok = false
		return &Backtrace{}
	}
	b := Backtrace{CPU: c.CPU, By: c.CPU, Comm: c.Comm, PID: c.PID, Build: c.Build, Preempt: c.Preempt}
	switch {
	case rip.CS == 0x33 && rip.At == (Frame{}) && rip.User != 0:
		b.User = rip.User
	case rip.CS == 0x10 && rip.At.Func != "":
		b.At, b.Stack = rip.At, r.stack()
	default:
		r.ok = false
		return &Backtrace{}
	}
	if sent {
		b.By = send.By
		r.ok = other == c.CPU && send.CPUs == fmt.Sprint(c.CPU) && send.By != c.CPU
	}
	return &b
}

// SendNMI is the line of a CPU that requests backtraces from others.
type SendNMI struct {
	By   int
	CPUs string // a CPU list
}

func (l *SendNMI) appendTo(b []byte, _ *Text) []byte {
	return fmt.Appendf(b, "Sending NMI from CPU %d to CPUs %s:", l.By, l.CPUs)
}

func (s *scanner) sendNMI() *SendNMI {
	var l SendNMI
	l.By = s.small()
	s.need(" to CPUs ")
	l.CPUs = s.while(func(c byte) bool { return isDigit(c) || c == '-' || c == ',' })
	s.need(":")
	return &l
}

// NMIBacktrace is the first line of such a CPU's backtrace (lib/nmi_backtrace.c,
// nmi_cpu_backtrace).
type NMIBacktrace struct {
	CPU int
	// Idle is the function in which the CPU was idle; no further lines follow then.
	Idle string
}

func (l *NMIBacktrace) appendTo(b []byte, _ *Text) []byte {
	b = fmt.Appendf(b, "NMI backtrace for cpu %d", l.CPU)
	if l.Idle != "" {
		b = fmt.Appendf(b, " skipped: idling at %s", l.Idle)
	}
	return b
}

func (s *scanner) nmiBacktrace() *NMIBacktrace {
	var l NMIBacktrace
	l.CPU = s.small()
	if s.word(" skipped: idling at ") {
		l.Idle = s.token()
	}
	return &l
}

// CPULine names the task on a CPU and the kernel (lib/dump_stack.c,
// dump_stack_print_info).
type CPULine struct {
	CPU    int
	HasUID bool // since 6.11
	UID    uint64
	PID    int
	Comm   string
	Build  Build
	// Preempt is the preemption model after the version, since 6.14.
	Preempt string
}

func (l *CPULine) appendTo(b []byte, _ *Text) []byte {
	b = fmt.Appendf(b, "CPU: %d", l.CPU)
	if l.HasUID {
		b = fmt.Appendf(b, " UID: %d", l.UID)
	}
	b = l.Build.appendWords(fmt.Appendf(b, " PID: %d Comm: %s ", l.PID, comm(l.Comm)))
	if l.Preempt != "" {
		b = append(append(b, ' '), l.Preempt...)
	}
	return b
}

func (s *scanner) cpuLine() *CPULine {
	var l CPULine
	l.CPU = s.small()
	if l.HasUID = s.word(" UID: "); l.HasUID {
		l.UID = s.uint()
	}
	s.need(" PID: ")
	l.PID = s.small()
	s.need(" Comm: ")
	l.Comm = s.comm("Not tainted", "Tainted: ")
	l.Build = s.build()
	l.Preempt = s.remainder()
	return &l
}

// RIP is the address of the current instruction (arch/x86/kernel/process_64.c,
// __show_regs).
type RIP struct {
	CS uint64 // 0x10 in the kernel, 0x33 in user mode
	At Frame
	// User is the address of an instruction in user mode.
	User uint64
}

func (r *RIP) appendTo(b []byte, t *Text) []byte {
	b = fmt.Appendf(b, "RIP: %04x:", r.CS)
	if r.At.Func == "" {
		return fmt.Appendf(b, "0x%x", r.User)
	}
	return append(b, r.At.appendTo(nil, t)[1:]...)
}

func (s *scanner) rip() *RIP {
	var r RIP
	r.CS = s.hex(4)
	s.need(":")
	if s.word("0x") {
		r.User = s.hex(1)
		return &r
	}
	if s.ok {
		at, ok := parseFrame(s.rest())
		s.failIf(!ok || isBlank(s.text[s.at]))
		r.At, s.at = at, len(s.text)
	}
	return &r
}

// TaskDump is the line above a running task on a CPU without NMI backtraces
// (kernel/sched/core.c, dump_cpu_task).
type TaskDump struct{ CPU int }

func (l *TaskDump) appendTo(b []byte, _ *Text) []byte {
	return fmt.Appendf(b, "Task dump for CPU %d:", l.CPU)
}

func (s *scanner) taskDump() *TaskDump {
	l := TaskDump{s.small()}
	s.need(":")
	return &l
}
