package repro

import (
	"slices"
	"strings"
)

// Family is the kind of a stack's wait.
type Family string

// The families. hang.go interprets their meaning for the rest of the log.
const (
	WaitEventMutex Family = "event_mutex"          // tracing's mutex, recognised by its callers
	WaitMutex      Family = "mutex"                // another mutex
	WaitRWSem      Family = "rw-semaphore"         //
	WaitSemaphore  Family = "semaphore"            // not in lockdep's lists
	WaitExpMutex   Family = "expedited mutex"      // for an earlier expedited grace period
	WaitTracepoint Family = "tracepoint GPs"       // tasks-trace, then tracepoint_srcu: the stack is the same
	WaitTrace      Family = "RCU Tasks Trace GP"   //
	WaitTasks      Family = "RCU Tasks GP"         //
	WaitRude       Family = "RCU Tasks Rude GP"    //
	WaitSRCU       Family = "SRCU GP"              //
	WaitRCU        Family = "RCU GP"               //
	WaitExpedited  Family = "expedited RCU GP"     //
	WaitBarrier    Family = "RCU callbacks"        // rcu_barrier()
	SRCUScan       Family = "SRCU scan in RCU GP"  // the worker of an SRCU domain
	SRCUScanExp    Family = "SRCU scan, expedited" //
	TasksKthread   Family = "RCU Tasks kthread"    // between checks of its holdouts
	ExpWorker      Family = "expedited worker"     // drives an expedited grace period
	WaitWork       Family = "work item"            //
	WaitIO         Family = "I/O"                  //
	WaitHotplug    Family = "CPU hotplug"          //
	Reader         Family = "preempted"            // not asleep: preempted
	OtherWait      Family = "other"                //
)

// base returns a function's name without the compiler's suffixes of clones.
func base(f string) string {
	name, _, _ := strings.Cut(f, ".")
	return name
}

// has reports whether the stack contains one of those functions.
func has(t *Task, functions ...string) bool { return t.index(functions...) >= 0 }

// index returns the innermost frame with one of those functions, or -1.
func (t *Task) index(functions ...string) int {
	return t.Stack.index(func(f string) bool { return slices.Contains(functions, base(f)) })
}

// frameLine returns the line of that frame, or the task's.
func (t *Task) frameLine(functions ...string) int {
	if i := t.index(functions...); i >= 0 {
		return int(t.Stack[i].line)
	}
	return t.Line
}

// Groups of functions with the same kind of wait.
var (
	mutexLocks = []string{"__mutex_lock", "__mutex_lock_common", "__mutex_lock_slowpath", "mutex_lock", "mutex_lock_nested", "mutex_lock_killable",
		"mutex_lock_killable_nested", "__mutex_lock_killable_slowpath", "mutex_lock_interruptible", "schedule_preempt_disabled", "rt_mutex_slowlock", "__rt_mutex_slowlock_locked", "rt_mutex_schedule"}
	rwsemLocks = []string{"rwsem_down_read_slowpath", "rwsem_down_write_slowpath", "down_read", "down_write", "rwsem_down_read_failed", "rwsem_down_write_failed", "__down_read", "__down_write", "down_write_killable", "down_read_killable", "down_write_killable_nested"}
	semaphores = []string{"__down_common", "___down_common", "__down", "__down_interruptible", "__down_killable", "__down_timeout"}
	// Functions that take event_mutex (kernel/trace).
	eventMutexTakers = []string{"perf_trace_destroy", "perf_trace_init", "perf_kprobe_init", "perf_kprobe_destroy", "perf_uprobe_init", "perf_uprobe_destroy",
		"perf_ftrace_event_register", "event_enable_write", "system_enable_write", "event_filter_write", "event_trigger_write", "event_trigger_regex_write", "ftrace_set_clr_event",
		"__ftrace_set_clr_event", "subsystem_filter_write", "trace_module_notify", "unregister_trace_kprobe", "unregister_trace_uprobe", "trace_create_new_event", "event_hist_trigger_parse",
		"dyn_event_release", "create_dyn_event", "trace_remove_event_call", "trace_add_event_call", "event_enable_read", "event_trace_add_tracer", "event_trace_del_tracer", "t_start", "s_start", "perf_trace_free_work"}
	closers         = []string{"perf_trace_destroy", "perf_kprobe_destroy", "perf_uprobe_destroy"}
	openers         = []string{"perf_trace_init", "perf_kprobe_init", "perf_uprobe_init"}
	tracers         = []string{"perf_trace_event_unreg", "tracepoint_probe_unregister", "tracepoint_remove_func", "tracepoint_synchronize_unregister", "tracepoint_add_func", "tracepoint_probe_register", "bpf_raw_tp_link_release", "bpf_probe_unregister", "trace_event_reg"}
	functionTracers = []string{"ftrace_shutdown", "ftrace_startup", "unregister_ftrace_function", "register_ftrace_function", "unregister_ftrace_function_nolock", "perf_ftrace_event_register", "ftrace_trampoline_free"}
	srcuWaits       = []string{"__synchronize_srcu", "synchronize_srcu", "synchronize_srcu_expedited"}
	rcuWaits        = []string{"synchronize_rcu_normal", "synchronize_rcu", "__wait_rcu_gp", "wait_rcu_gp", "cond_synchronize_rcu", "synchronize_sched", "synchronize_net"}
	expWaits        = []string{"synchronize_rcu_expedited", "synchronize_rcu_expedited_wait", "synchronize_rcu_expedited_wait_once", "_synchronize_rcu_expedited", "synchronize_sched_expedited"}
	barriers        = []string{"rcu_barrier", "rcu_barrier_tasks", "rcu_barrier_tasks_trace", "srcu_barrier", "_rcu_barrier"}
	ioWaits         = []string{"io_schedule", "io_schedule_timeout", "bit_wait_io", "folio_wait_bit_common", "wait_on_page_bit", "wait_on_page_bit_common", "blk_mq_get_tag", "rq_qos_wait", "submit_bio_wait", "__wait_on_buffer", "wait_on_buffer", "jbd2_log_wait_commit", "xlog_wait_on_iclog", "blk_execute_rq", "__blkdev_direct_IO_simple"}
	workWaits       = []string{"__flush_work", "flush_work", "__flush_workqueue", "flush_workqueue", "drain_workqueue", "__cancel_work_timer", "__cancel_work_sync", "cancel_work_sync", "cancel_delayed_work_sync"}
	hotplug         = []string{"cpus_read_lock", "percpu_rwsem_wait", "__percpu_down_read", "cpus_write_lock", "percpu_down_write", "cpuhp_kick_ap"}
	tasksKth        = []string{"rcu_tasks_kthread", "rcu_tasks_wait_gp", "rcu_tasks_one_gp"}
	preempts        = []string{"preempt_schedule_irq", "preempt_schedule", "preempt_schedule_common", "preempt_schedule_notrace", "raw_irqentry_exit_cond_resched"}
)

// sleeps are the innermost functions of each task that sleeps.
var sleeps = []string{"__schedule", "schedule", "context_switch", "__switch_to"}

// family derives the kind of a task's wait from its stack.
func family(t *Task) Family {
	switch {
	case len(t.Stack) == 0:
		return ""
	case has(t, preempts...):
		return Reader
	case has(t, "exp_funnel_lock"), t.locksIn(expWaits...):
		return WaitExpMutex
	case has(t, "rcu_exp_wait_wake", "rcu_exp_sel_wait_wake", "wait_rcu_exp_gp", "sync_rcu_exp_select_cpus"):
		return ExpWorker
	case has(t, "process_srcu", "srcu_advance_state", "try_check_zero") && has(t, expWaits...):
		return SRCUScanExp
	case has(t, "process_srcu", "srcu_advance_state", "try_check_zero") && has(t, rcuWaits...):
		return SRCUScan
	case has(t, mutexLocks...) && t.index(mutexLocks...) < 6 && has(t, eventMutexTakers...) && !has(t, tracers[:5]...):
		return WaitEventMutex
	case has(t, rwsemLocks...):
		return WaitRWSem
	case has(t, semaphores...):
		return WaitSemaphore
	case has(t, mutexLocks...):
		return WaitMutex
	case has(t, tasksKth...):
		return TasksKthread
	}
	return gracePeriod(t)
}

// locksIn reports whether one of those functions waits for a mutex itself.
func (t *Task) locksIn(functions ...string) bool {
	i := t.index(mutexLocks...)
	for i >= 0 && i < len(t.Stack) && slices.Contains(mutexLocks, base(*t.Stack[i].name)) {
		i++
	}
	return i >= 0 && i < len(t.Stack) && slices.Contains(functions, base(*t.Stack[i].name))
}

// gracePeriod derives the grace period that a task waits for, or another kind of
// wait.
func gracePeriod(t *Task) Family {
	switch {
	case has(t, "synchronize_rcu_tasks_rude"):
		return WaitRude
	case has(t, "synchronize_rcu_tasks_trace"):
		return WaitTrace
	case has(t, "synchronize_rcu_tasks"):
		return WaitTasks
	case has(t, "synchronize_rcu_tasks_generic"):
		// Both flavours end in it, and the caller that names the flavour may be
		// inlined: ftrace waits for tasks, tracepoints for tasks-trace.
		if !has(t, functionTracers...) && (has(t, closers...) || has(t, tracers...)) {
			return WaitTrace
		}
		return WaitTasks
	case has(t, barriers...):
		return WaitBarrier
	case has(t, srcuWaits...):
		if (has(t, closers...) || has(t, openers...) || has(t, tracers...)) && !has(t, "uprobe_unregister_sync") {
			return WaitTracepoint
		}
		return WaitSRCU
	case has(t, expWaits...):
		return WaitExpedited
	case has(t, rcuWaits...):
		return WaitRCU
	case has(t, hotplug...):
		return WaitHotplug
	case has(t, workWaits...):
		return WaitWork
	case has(t, ioWaits...):
		return WaitIO
	}
	return OtherWait
}

// plumbing are functions that sleep on behalf of others, and do not show the
// reason.
var plumbing = []string{"__schedule", "schedule", "context_switch", "__schedule_loop", "__switch_to", "schedule_timeout", "schedule_timeout_uninterruptible", "schedule_preempt_disabled",
	"wait_for_completion", "wait_for_common", "__wait_for_common", "do_wait_for_common", "wait_for_completion_state", "wait_for_completion_timeout", "wait_for_completion_killable",
	"__mutex_lock", "__mutex_lock_common", "mutex_lock", "mutex_lock_nested", "__mutex_lock_slowpath", "rt_mutex_schedule", "io_schedule", "bit_wait_io", "bit_wait", "__wait_on_bit", "out_of_line_wait_on_bit",
	"schedule_rtlock", "down_read", "down_write", "rwsem_down_read_slowpath", "rwsem_down_write_slowpath", "rwsem_read_trylock", "__down_read", "__down_write", "__down_read_common", "__down_write_common",
	"__down_common", "___down_common", "__down", "__down_interruptible", "__down_killable", "__down_timeout", "down", "down_interruptible", "down_killable", "down_timeout"}

// place returns the innermost function that shows the reason of a wait.
func (t *Task) place() string {
	tells := func(f string) bool { return !slices.Contains(plumbing, base(f)) }
	if i := t.Stack.index(tells); i >= 0 {
		return *t.Stack[i].name
	}
	if i := t.Guesses.index(tells); i >= 0 {
		return *t.Guesses[i].name + ", perhaps"
	}
	return ""
}

// interrupted returns the function in which a task was preempted or interrupted:
// below the innermost entry of an interrupt.
func (t *Task) interrupted() string {
	if f := t.Stack.interrupted(); f != "" {
		return f
	}
	return t.place()
}

// interrupted returns the function below the innermost entry of an interrupt.
func (c Calls) interrupted() string {
	inside := false
	for i := range c {
		f := *c[i].name
		b := base(f)
		switch {
		case slices.Contains(preempts, b), isInterruptEntry(b):
			inside = true
		case inside && !slices.Contains(interrupts, b):
			return f
		}
	}
	return ""
}

// interrupts are functions of an interrupt's entry and exit that are not its
// outermost.
var interrupts = []string{"irqentry_exit", "irqentry_exit_cond_resched", "irqentry_exit_to_kernel_mode", "irqentry_exit_to_kernel_mode_preempt", "raw_irqentry_exit_cond_resched", "arm64_preempt_schedule_irq", "exit_to_kernel_mode", "__el1_irq", "irqentry_exit_to_user_mode", "exit_to_user_mode_loop", "sysvec_apic_timer_interrupt", "smp_apic_timer_interrupt", "el1_interrupt", "el1h_64_irq_handler", "__cond_resched", "cond_resched", "_cond_resched"}

// isInterruptEntry reports whether a function is the outermost one of an interrupt.
func isInterruptEntry(f string) bool {
	if strings.HasPrefix(f, "asm_sysvec_") || strings.HasPrefix(f, "asm_exc_") {
		return true
	}
	return slices.Contains([]string{"asm_common_interrupt", "apic_timer_interrupt", "ret_from_intr", "retint_kernel", "common_interrupt", "el1h_64_irq", "el1_irq", "el0_irq", "el0t_64_irq", "__irq_svc", "__irq_usr", "xen_do_hypervisor_callback", "handle_exception", "ret_from_exception", "interrupt_return_srr_user"}, f)
}

// what describes a task's activity.
func (t *Task) what() string {
	switch {
	case has(t, functionTracers...) && has(t, closers...):
		return "close() of a perf function-trace event"
	case has(t, functionTracers...) && has(t, openers...):
		return "perf_event_open() of a perf function-trace event"
	case has(t, functionTracers...):
		return "a change of function tracing"
	case has(t, closers...):
		return "close() of a perf tracepoint event"
	case has(t, openers...):
		return "perf_event_open() of a tracepoint"
	case has(t, "perf_release", "perf_event_release_kernel"):
		return "close() of a perf event"
	case has(t, "bpf_trampoline_unlink_prog", "bpf_tracing_link_release", "bpf_trampoline_update", "bpf_link_free", "bpf_link_put_direct", "bpf_raw_tp_link_release"):
		return "detaching a BPF program"
	case has(t, "event_enable_write", "system_enable_write", "ftrace_set_clr_event", "event_trigger_write", "event_filter_write", "tracing_set_tracer"):
		return "a write to tracefs"
	case has(t, "do_init_module", "load_module", "free_module", "__do_sys_delete_module"):
		return "loading or unloading a module"
	case has(t, "tracepoint_probe_unregister", "tracepoint_remove_func"):
		return "removing a probe from a tracepoint"
	case has(t, "process_srcu"):
		return "the worker of an SRCU domain"
	case has(t, tasksKth...):
		return "the kthread of RCU Tasks"
	case has(t, "do_exit"):
		return "the exit of a task"
	}
	return ""
}
