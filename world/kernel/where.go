package kernel

import "github.com/gpstorm/gpstorm/klog"

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
	inFlush // flush_work
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
	case inFlush:
		return klog.InFlush()
	case inTasksTrace:
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
	return klog.PreemptedReader()
}

// show is the task as the console shows it.
func (t *task) show() klog.Task {
	s := klog.Task{Comm: t.name, PID: t.pid, PPID: 2, State: byte(t.state), Stack: t.stack()}
	if !t.kernel {
		s.PPID = 1
	}
	if t.item != nil {
		s.Workqueue = "rcu_gp " + t.item.name
	}
	return s
}
