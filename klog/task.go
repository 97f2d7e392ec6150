package klog

import (
	"fmt"
	"time"
)

// Task is a task as sched_show_task() prints it (kernel/sched/core.c).
type Task struct {
	Comm string // printed up to 15 bytes, as the kernel keeps no more
	PID  int
	TGID int // PID if 0
	PPID int
	// State is the letter of the task state: R running or runnable, S, D,
	// I (idle kthread).
	State byte
	// TaskFlags are p->flags (PF_*), Flags the thread_info flags.
	TaskFlags uint32
	Flags     uint32
	// Workqueue is, for a kworker inside a work item, the name of the
	// workqueue and of the work function: "rcu_gp process_srcu".
	Workqueue string
	// Stack is where the task is, innermost function first.
	Stack Stack
}

// comm is the name as the kernel keeps it: TASK_COMM_LEN is 16 with the NUL.
func (t *Task) comm() string { return t.Comm[:min(len(t.Comm), 15)] }

// Show returns the lines of sched_show_task(): the task, its work item, its
// call trace.
func (t *Task) Show() []string {
	tgid := t.TGID
	if tgid == 0 {
		tgid = t.PID
	}
	running := ""
	if t.State == 'R' {
		running = "  running task    "
	}
	lines := []string{fmt.Sprintf("task:%-15.15s state:%c%s stack:%-5d pid:%-5d tgid:%-5d ppid:%-6d task_flags:0x%04x flags:0x%08x",
		t.Comm, t.State, running, 0, t.PID, tgid, t.PPID, t.TaskFlags, t.Flags)}
	if t.Workqueue != "" {
		lines = append(lines, "Workqueue: "+t.Workqueue)
	}
	return append(lines, t.Stack.Trace()...)
}

// Owner is a task named in passing.
type Owner struct {
	Comm string
	PID  int
}

// Hung is one report of the hung-task detector (kernel/hung_task.c,
// check_hung_task).
type Hung struct {
	Task Task
	// Blocked is how long ago the detector first saw the task asleep; whole
	// seconds are printed.
	Blocked time.Duration
	// Owner is who holds the mutex the task waits for, if it waits for one
	// and CONFIG_DETECT_HUNG_TASK_BLOCKER is set.
	Owner *Owner
}

// Lines returns the report.
func (h *Hung) Lines(b Build) []string {
	lines := []string{
		fmt.Sprintf("INFO: task %s:%d blocked for more than %d seconds.", h.Task.comm(), h.Task.PID, int64(h.Blocked/time.Second)),
		fmt.Sprintf("      %s %s %s", b.Taint, b.Release, b.Version),
		`"echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.`,
	}
	lines = append(lines, h.Task.Show()...)
	if o := h.Owner; o != nil {
		lines = append(lines, fmt.Sprintf("INFO: task %s:%d is blocked on a mutex likely owned by task %s:%d.",
			h.Task.comm(), h.Task.PID, o.Comm[:min(len(o.Comm), 15)], o.PID))
	}
	return lines
}
