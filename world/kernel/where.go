package kernel

import (
	"github.com/gpstorm/gpstorm/klog"
	"github.com/gpstorm/gpstorm/workload"
)

// where is the place in which a task sleeps. It selects the stack on the console.
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
	inOffloadGP // nocb_gp_wait
)

// inSyncSRCU is the wait of synchronize_srcu.
const inSyncSRCU = inSRCUWait

// stack is the task's stack on the console.
func (t *task) stack() klog.Stack {
	worker := t.item != nil && t.item.name == "process_srcu"
	opens := !t.kernel && t.closing == nil // a task that opens an event
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

// systemCall is the number of a reader's system call for package klog. Loops in the
// group getppid only call getppid, which is 0.
func (t *task) systemCall() int {
	if t.group == "getppid" {
		return 0
	}
	return t.pid
}

// executing is the call stack of a CPU, innermost first, as another CPU's NMI or its
// own tick finds it. It is empty in user mode.
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

// userText is the instruction address of programs in user mode.
const userText = 0x401000

// nmiPatience is the time that a CPU waits for the answer to an NMI that requests a
// backtrace (nmi_trigger_cpumask_backtrace). A shorter NMI handler has returned to
// the interrupted code before the next one comes.
const nmiPatience ns = 10_000_000_000

// backtrace is a CPU's backtrace in a stall report (rcu_dump_cpu_stacks). There is
// none if the CPU is idle or does not answer: it executes nothing, or stays in an NMI
// handler for too long.
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

// preemptText is the preemption model in the format of dump_stack_print_info.
func (k *kernel) preemptText() string {
	switch k.sc.Machine.Preempt {
	case workload.PreemptNone:
		return "PREEMPT(none)"
	case workload.PreemptLazy:
		return "PREEMPT(lazy)"
	}
	return "PREEMPT(full)"
}

// show is the task in the format of the console.
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
