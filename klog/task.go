package klog

import (
	"fmt"
	"strings"
)

// Task is a task in the form of sched_show_task() (kernel/sched/core.c).
type Task struct {
	Comm string // printed up to 15 bytes, the kernel's limit
	PID  int
	TGID int // printed as PID if 0
	PPID int
	// State is the letter of the task state: R running or runnable, S, D,
	// I (idle kthread) and the others of task_state_to_char().
	State byte
	// Waking means that the letter is R but the task is not running yet: it is
	// being woken (TASK_WAKING), or its state changed during printing.
	Waking bool
	// Free is the number of bytes of the kernel stack that were never used
	// (CONFIG_DEBUG_STACK_USAGE).
	Free uint64
	// TaskFlags are p->flags (PF_*), Flags the thread_info flags.
	TaskFlags uint32
	Flags     uint64
	// Workqueue contains, for a kworker inside a work item, the names of the
	// workqueue and of the work function: "rcu_gp process_srcu"
	// (kernel/workqueue.c, print_worker_info).
	Workqueue string
	// Stack is the call stack, innermost function first.
	Stack Stack
}

// commLen is the length of a task's name in the kernel: TASK_COMM_LEN is 16 with
// the NUL.
const commLen = 15

// states are the letters of task_state_to_char().
const states = "RSDTtXZPI?"

// comm returns the name as truncated by the kernel.
func comm(name string) string { return name[:min(len(name), commLen)] }

// Lines returns the task, its work item and its call trace.
func (t *Task) Lines() []string { return Lines(t, Text{}) }

func (t *Task) print(p *printer) {
	p.line((*TaskLine)(t))
	if t.Workqueue != "" {
		p.line(&Workqueue{t.Workqueue})
	}
	t.Stack.print(p)
}

func (r *reader) task() (t Task) {
	if line, ok := next[*TaskLine](r); ok {
		t = Task(*line)
	} else {
		r.ok = false
	}
	if w, ok := next[*Workqueue](r); ok {
		t.Workqueue = w.Work
	}
	t.Stack = r.stack()
	return t
}

// TaskLine is the first line of sched_show_task(): a Task without its work item and
// stack. TaskText lists its forms.
type TaskLine Task

func (l *TaskLine) appendTo(b []byte, t *Text) []byte {
	tgid := l.TGID
	if tgid == 0 {
		tgid = l.PID
	}
	running := ""
	if l.State == 'R' && !l.Waking {
		running = "  running task    "
	}
	if t.Task == TaskBare {
		b = fmt.Appendf(b, "%-15s %c%s", comm(l.Comm), l.State, running)
		return fmt.Appendf(b, "%5d %5d %6d 0x%08x", l.Free, l.PID, l.PPID, l.Flags)
	}
	b = fmt.Appendf(b, "task:%-15s state:%c%s", comm(l.Comm), l.State, running)
	switch t.Task {
	case TaskRight:
		return fmt.Appendf(b, " stack:%5d pid:%5d ppid:%6d flags:0x%08x", l.Free, l.PID, l.PPID, l.Flags)
	case TaskLeft:
		return fmt.Appendf(b, " stack:%-5d pid:%-5d ppid:%-6d flags:0x%08x", l.Free, l.PID, l.PPID, l.Flags)
	case TaskWithTGID:
		return fmt.Appendf(b, " stack:%-5d pid:%-5d tgid:%-5d ppid:%-6d flags:0x%08x", l.Free, l.PID, tgid, l.PPID, l.Flags)
	}
	return fmt.Appendf(b, " stack:%-5d pid:%-5d tgid:%-5d ppid:%-6d task_flags:0x%04x flags:0x%08x",
		l.Free, l.PID, tgid, l.PPID, l.TaskFlags, l.Flags)
}

func parseTask(text string) (*TaskLine, Text, bool) {
	var l TaskLine
	// A task's name is arbitrary, even " state:", so the last one counts.
	name, rest, ok := cutLast(strings.TrimPrefix(text, "task:"), " state:")
	l.Comm = strings.TrimRight(name, blanks)
	s := scan(rest)
	l.State = s.byte(states)
	if l.State == 'R' {
		l.Waking = !s.word(" running task")
	}
	s.need(" stack:")
	padded := s.blank()
	l.Free = s.uint()
	form := TaskLeft
	s.need(" pid:")
	padded = s.blank() || padded
	l.PID = s.small()
	if s.word(" tgid:") {
		form = TaskWithTGID
		s.blank()
		l.TGID = s.small()
	}
	s.need(" ppid:")
	padded = s.blank() || padded
	l.PPID = s.small()
	if s.word(" task_flags:0x") {
		if form != TaskWithTGID {
			s.fail()
		}
		form = TaskWithFlags
		l.TaskFlags = s.hex32(4)
	}
	s.need(" flags:0x")
	l.Flags = s.hex(8)
	if padded && form == TaskLeft {
		form = TaskRight
	}
	if form <= TaskWithTGID && l.TGID == 0 {
		s.fail()
	}
	t := Text{Task: form}
	return &l, t, ok && s.end() && l.printsAs(text, t)
}

// printsAs reports whether the line prints that text. The blank before a number in
// a column depends on the length of the number, so the line is compared rather than
// parsed.
func (l *TaskLine) printsAs(text string, t Text) bool { return squeeze(Format(l, t)) == squeeze(text) }

// parseBareTask reads the table of kernels before 5.10 from its right end, since
// the name on the left is arbitrary.
func parseBareTask(text string) (*TaskLine, Text, bool) {
	var l TaskLine
	var fields [3]string
	rest := strings.TrimRight(text, blanks)
	for i := len(fields) - 1; i >= 0; i-- {
		cut := strings.LastIndexAny(rest, blanks)
		if cut < 0 {
			return nil, Text{}, false
		}
		fields[i], rest = rest[cut+1:], strings.TrimRight(rest[:cut], blanks)
	}
	pid, ppid, flags := scan(fields[0]), scan(fields[1]), scan(fields[2])
	l.PID, l.PPID = pid.small(), ppid.small()
	flags.need("0x")
	l.Flags = flags.hex(8)
	// A free stack of five digits follows the letter of the state without a blank.
	digits := len(rest)
	for digits > 0 && isDigit(rest[digits-1]) {
		digits--
	}
	free := scan(rest[digits:])
	l.Free = free.uint()
	rest = strings.TrimRight(rest[:digits], blanks)
	ok := pid.end() && ppid.end() && flags.end() && free.end()
	before, running := strings.CutSuffix(rest, "running task")
	rest = strings.TrimRight(before, blanks)
	l.Waking = !running && strings.HasSuffix(rest, "R")
	ok = ok && (!running || strings.HasSuffix(rest, "R"))
	if len(rest) < 3 || !isBlank(rest[len(rest)-2]) || strings.IndexByte(states, rest[len(rest)-1]) < 0 {
		return nil, Text{}, false
	}
	l.State = rest[len(rest)-1]
	l.Comm = strings.TrimRight(rest[:len(rest)-2], blanks)
	t := Text{Task: TaskBare}
	return &l, t, ok && l.printsAs(text, t)
}

func cutLast(s, separator string) (before, after string, ok bool) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(separator):], true
}

// Workqueue is the line about the work item of a kworker (kernel/workqueue.c,
// print_worker_info).
type Workqueue struct{ Work string }

func (w *Workqueue) appendTo(b []byte, _ *Text) []byte {
	return append(append(b, "Workqueue: "...), w.Work...)
}
