package kernel

import (
	"github.com/gpstorm/gpstorm/klog"
	"github.com/gpstorm/gpstorm/workload"
)

// where is what a task sleeps in: it decides which stack the console shows.
type where uint8

const (
	nowhere where = iota
	inMutex
	inSRCUWait // close() in __synchronize_srcu
	inSyncRCU  // synchronize_rcu_normal
	inCallRCU  // a completion behind call_rcu
	inSyncExp
	inExpWait
	inFenceAll
	inPollWait
	inTasksTrace
	inFlush    // flush_work
	inRCUTasks // synchronize_rcu_tasks
	inRude     // schedule_on_each_cpu
	inGPWait
	inFQSWait
)

// inSyncSRCU is the wait of synchronize_srcu.
const inSyncSRCU = inSRCUWait

// stack is where the task is, as the console shows it.
func (t *task) stack() klog.Stack {
	worker := t.item != nil && t.item.name == "process_srcu"
	opens := !t.kernel && t.closing == nil // an event, before it closes it again
	switch t.where {
	case inMutex:
		switch {
		case t.item != nil:
			return klog.WorkerInEventMutex()
		case opens:
			return klog.OpenInEventMutex()
		}
		return klog.InEventMutex()
	case inSRCUWait, inPollWait, inCallRCU:
		if opens {
			return klog.OpenInSRCU()
		}
		return klog.InSRCU()
	case inFlush, inRude:
		return klog.InFlush()
	case inTasksTrace, inRCUTasks:
		return klog.InTasksTrace()
	case inSyncRCU:
		switch {
		case worker:
			return klog.WorkerInRCU()
		case t.name == "rcu_tasks_trace":
			return klog.TasksTraceKthreadInRCU()
		case t.closing != nil:
			return klog.InRCU()
		}
		return klog.TaskInRCU()
	case inSyncExp, inFenceAll:
		if worker {
			return klog.WorkerInExpedited()
		}
		return klog.TaskInExpedited()
	case inExpWait:
		return klog.ExpWorker()
	case inGPWait, inFQSWait:
		return klog.GPKthread()
	}
	switch {
	case t.loop == nil || t.loop.inUser():
		return klog.PreemptedUser()
	case t.loop.reader != nil:
		return klog.PreemptedTracepoint()
	}
	return klog.PreemptedReader(t.systemCall())
}

// systemCall is the one in which a reader reads; loops called getppid do nothing
// else.
func (t *task) systemCall() int {
	if t.group == "getppid" {
		return 0
	}
	return t.pid
}

// executing is what a CPU executes, the innermost first, as another CPU finds it by
// NMI, or as its own tick does. It is nothing in user mode.
func (c *cpu) executing(ownTick bool) klog.Stack {
	t := c.cur
	switch {
	case c.hrLeft > 0 && !ownTick && c.hr.device:
		return klog.InDeviceIRQ()
	case c.hrLeft > 0 && !ownTick:
		return klog.InSample()
	case c.softActive:
		return klog.InSoftirq()
	case t.loop != nil && t.loop.inUser():
		return nil
	case t.loop != nil && t.loop.reader != nil:
		return klog.InTracepoint()
	case t.loop != nil:
		return klog.InReader(t.systemCall())
	case t.item != nil:
		return klog.InWorker(t.item.name)
	case t.kernel:
		return klog.InKthread()
	}
	return klog.InClose()
}

// userText is where programs execute that the console finds in user mode.
const userText = 0x401000

// nmiPatience is how long a CPU that asks for a backtrace waits for the NMI to be
// answered (nmi_trigger_cpumask_backtrace). An NMI handler that takes less has
// returned to what it interrupted when the other one comes.
const nmiPatience ns = 10_000_000_000

// backtrace is what the stall detector shows of a CPU (rcu_dump_cpu_stacks); nothing
// if the CPU is idle, or does not answer: it executes nothing, or is in an NMI handler
// for too long.
func (c *cpu) backtrace(by *cpu) (klog.Backtrace, bool) {
	t := c.cur
	if t == nil || c.halted() || c.nmiLeft >= nmiPatience {
		return klog.Backtrace{}, false
	}
	b := klog.Backtrace{CPU: c.id, By: by.id, Comm: t.name, PID: t.pid, Build: c.k.build(), Preempt: c.k.preemptText()}
	s := c.executing(c == by)
	if len(s) == 0 {
		b.User = userText + uint64(t.pid)*16
		return b, true
	}
	b.At, b.Stack = s[0], s[1:]
	return b, true
}

// preemptText is the preemption model as dump_stack_print_info shows it.
func (k *kernel) preemptText() string {
	switch k.sc.Machine.Preempt {
	case workload.PreemptNone:
		return "PREEMPT(none)"
	case workload.PreemptLazy:
		return "PREEMPT(lazy)"
	}
	return "PREEMPT(full)"
}

// show is the task as the console shows it.
func (t *task) show() klog.Task {
	s := klog.Task{Comm: t.name, PID: t.pid, PPID: 2, State: byte(t.state), Stack: t.stack()}
	if !t.kernel {
		s.PPID = 1
	}
	if t.item != nil {
		s.Workqueue = t.item.queue() + " " + t.item.name
	}
	return s
}
