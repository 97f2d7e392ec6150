package kernel

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/workload"
)

// This file is the extra cost of closing an event that is attached to something other
// than a tracepoint, beside the wait of every perf event.

// onTracepoint reports whether the event has a probe on a tracepoint.
func (tp *tracepoint) onTracepoint() bool {
	switch tp.kind {
	case workload.Kprobe, workload.Uprobe, workload.Ftrace:
		return false
	}
	return true
}

// bootDetaching creates the domains that some kinds of closers need.
func (k *kernel) bootDetaching() {
	for _, tp := range k.tracepoints {
		switch {
		case tp.kind == workload.Uprobe && k.uretprobes == nil:
			b := k.tracing.barrier
			if k.fix.Kernel == workload.Linux619 {
				b = fixes.Fenced() // 6.19 has a normal domain
			}
			k.uretprobes = k.newDomain("uretprobes_srcu", b)
			k.uretprobes.fullReaders = k.fix.Kernel == workload.Linux619
			k.uretprobes.withoutRCU = true // no user relies on an RCU grace period there
		case tp.kind == workload.Ftrace && k.rcuTasks == nil:
			k.rcuTasks = k.newRCUTasks()
		}
	}
}

// detachBefore is the wait of unregistering itself, with event_mutex held.
func (k *kernel) detachBefore(t *task, tp *tracepoint) {
	switch tp.kind {
	case workload.Uprobe: // uprobe_unregister_sync
		k.tracing.tasksTrace.Synchronize()
		k.uretprobes.Synchronize()
	case workload.Ftrace: // ftrace_shutdown
		t.lock(&k.ftraceLock)
		k.onEachCPU(t)
		if k.preemptRCU() {
			k.rcuTasks.synchronize(t)
		}
		t.unlock(&k.ftraceLock)
	}
}

// detachAfter is the wait after event_mutex was released: unregister_kprobe waits for
// handlers, which run under RCU.
func (k *kernel) detachAfter(t *task, tp *tracepoint) {
	if tp.kind == workload.Kprobe {
		k.synchronize(t)
		k.countDirect(t)
	}
}

// onEachCPU runs a work item on every CPU and waits for all of them
// (schedule_on_each_cpu, the grace period of RCU tasks rude).
func (k *kernel) onEachCPU(t *task) {
	var c completion
	left := len(k.cpus)
	for _, o := range k.cpus {
		w := &work{name: rudeWork, queued: true, fn: func(*task) {
			if left--; left == 0 {
				k.complete(&c)
			}
		}}
		k.insertWork(w, o.pool)
	}
	if left > 0 {
		t.wait(&c, inRude)
	}
}
