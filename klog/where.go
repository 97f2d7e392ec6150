package klog

import (
	"hash/fnv"
	"slices"
)

// calls is a stack of functions.
func calls(functions ...string) Stack {
	s := make(Stack, len(functions))
	for i, f := range functions {
		s[i] = In(f)
	}
	return s
}

// In is a place inside a function. A model executes no instructions, so offset and
// size are derived from the name: log parsers do not accept the very start of a
// function as a return address.
func In(function string) Frame {
	h := fnv.New64a()
	h.Write([]byte(function)) // cannot fail
	n := h.Sum64()
	size := 0x40 + n%0x40*0x10
	return Frame{Func: function, Offset: 5 + n>>32%(size-5), Size: size}
}

func stack(parts ...Stack) Stack { return slices.Concat(parts...) }

// Parts of the stacks below: how a task sleeps, and how it got there.
var (
	syscall    = calls("do_syscall_64", "entry_SYSCALL_64_after_hwframe")
	kthread    = calls("kthread", "ret_from_fork", "ret_from_fork_asm")
	worker     = stack(calls("process_one_work", "worker_thread"), kthread)
	completion = calls("__schedule", "schedule", "schedule_timeout", "__wait_for_common")
	mutex      = calls("__schedule", "schedule", "schedule_preempt_disabled", "__mutex_lock")
	preempted  = calls("__schedule", "preempt_schedule_irq", "irqentry_exit", "asm_sysvec_apic_timer_interrupt")

	// close(fd) down to the trace event's destroy hook; the functions
	// between it and the wait are inlined.
	closing = stack(calls("perf_trace_destroy", "__free_event", "perf_event_release_kernel", "perf_release", "__fput", "__x64_sys_close"), syscall)
	// perf_event_open() down to the trace event's init hook.
	opening  = stack(calls("perf_trace_init", "perf_tp_event_init", "perf_try_init_event", "perf_event_alloc", "__do_sys_perf_event_open"), syscall)
	scanning = stack(calls("try_check_zero", "process_srcu"), worker)
)

// Places of this story's tasks. Each is a fresh copy.

// InSRCU is close() in a wait for an SRCU grace period, of tasks-trace or of
// tracepoint_srcu: both waits are inlined and look the same.
func InSRCU() Stack { return stack(completion, calls("__synchronize_srcu"), closing) }

// InRCU is close() in a wait for an RCU grace period, on kernels where tracepoint
// readers disable preemption (up to 6.19, or after a revert).
func InRCU() Stack { return stack(completion, calls("synchronize_rcu_normal"), closing) }

// InTasksTrace is close() in a wait for the holdout scan of Tasks-Trace RCU (up to
// 6.19), or of RCU tasks.
func InTasksTrace() Stack {
	return stack(completion, calls("__wait_rcu_gp", "synchronize_rcu_tasks_generic"), closing)
}

// InFlush is close() in a wait for a work item.
func InFlush() Stack { return stack(completion, calls("__flush_work"), closing) }

// InEventMutex is close() in the queue of event_mutex.
func InEventMutex() Stack { return stack(mutex, closing) }

// WorkerInEventMutex is a kworker with a close()'s deferred teardown in the queue
// of event_mutex.
func WorkerInEventMutex() Stack { return stack(mutex, calls("perf_trace_free_work"), worker) }

// OpenInEventMutex is perf_event_open() of a tracepoint event in the queue of
// event_mutex.
func OpenInEventMutex() Stack { return stack(mutex, opening) }

// OpenInSRCU is perf_event_open() in a wait, with event_mutex held, for the grace
// period that an earlier unregistering started (tp_rcu_cond_sync).
func OpenInSRCU() Stack {
	return stack(completion, calls("__synchronize_srcu", "tracepoint_add_func", "tracepoint_probe_register"), opening)
}

// WorkerInRCU is a kworker in process_srcu whose scan waits for a normal RCU
// grace period.
func WorkerInRCU() Stack { return stack(completion, calls("synchronize_rcu_normal"), scanning) }

// WorkerInExpedited is a kworker in process_srcu whose scan waits for an
// expedited grace period.
func WorkerInExpedited() Stack {
	return stack(calls("__schedule", "schedule", "synchronize_rcu_expedited"), scanning)
}

// TaskInRCU is a task in a plain synchronize_rcu().
func TaskInRCU() Stack {
	return stack(completion, calls("synchronize_rcu_normal", "synchronize_rcu"), kthread)
}

// TaskInExpedited is a task in a plain synchronize_rcu_expedited().
func TaskInExpedited() Stack {
	return stack(calls("__schedule", "schedule", "synchronize_rcu_expedited"), kthread)
}

// ExpWorker is the kthread worker that drives an expedited grace period,
// waiting for CPUs and readers.
func ExpWorker() Stack {
	return stack(calls("__schedule", "schedule", "schedule_timeout", "synchronize_rcu_expedited_wait_once",
		"synchronize_rcu_expedited_wait", "rcu_exp_wait_wake", "kthread_worker_fn"), kthread)
}

// TasksTraceKthreadInRCU is the Tasks-Trace kthread up to 6.19 in the
// synchronize_rcu() that its grace period contains.
func TasksTraceKthreadInRCU() Stack {
	return stack(completion, calls("synchronize_rcu_normal", "rcu_tasks_trace_postscan", "rcu_tasks_wait_gp", "rcu_tasks_one_gp", "rcu_tasks_kthread"), kthread)
}

// GPKthread is the RCU grace-period kthread in its force-quiescent-state sleep.
func GPKthread() Stack {
	return stack(calls("__schedule", "schedule", "schedule_timeout", "rcu_gp_fqs_loop", "rcu_gp_kthread"), kthread)
}

// readers are system calls that hold rcu_read_lock() for most of their time, up to
// the place where they do.
var readers = [...]Stack{
	calls("__x64_sys_getppid"),
	calls("link_path_walk", "path_lookupat", "filename_lookup", "vfs_statx", "__do_sys_newfstatat"),
	calls("__task_pid_nr_ns", "__do_sys_getpid"),
	calls("kill_pid_info", "kill_something_info", "__x64_sys_kill"),
	calls("__fget_light", "do_epoll_ctl", "__x64_sys_epoll_ctl"),
	calls("ip_route_output_key_hash_rcu", "ip_route_output_flow", "udp_sendmsg", "__sys_sendto", "__x64_sys_sendto"),
	calls("find_get_task_by_vpid", "__x64_sys_sched_getaffinity"),
	calls("security_sid_to_context_core", "selinux_getprocattr", "proc_pid_attr_read", "vfs_read", "__x64_sys_read"),
}

// InReader is a task that executes inside rcu_read_lock(), in one of a few system
// calls; 0 is getppid().
func InReader(call int) Stack { return stack(readers[call%len(readers)], syscall) }

// PreemptedReader is a task that was preempted in the same place.
func PreemptedReader(call int) Stack { return stack(preempted, InReader(call)) }

// InTracepoint is a task that executes inside a tracepoint's section.
func InTracepoint() Stack {
	return stack(calls("__traceiter_kmem_cache_free", "kmem_cache_free", "__fput", "__x64_sys_close"), syscall)
}

// PreemptedTracepoint is a task preempted inside a tracepoint's section.
func PreemptedTracepoint() Stack { return stack(preempted, InTracepoint()) }

// InSample is an hrtimer interrupt that takes a perf sample.
func InSample() Stack {
	return calls("perf_swevent_hrtimer", "__hrtimer_run_queues", "hrtimer_interrupt", "__sysvec_apic_timer_interrupt",
		"sysvec_apic_timer_interrupt", "asm_sysvec_apic_timer_interrupt")
}

// InDeviceIRQ is a device's interrupt in its handler.
func InDeviceIRQ() Stack {
	return calls("__handle_irq_event_percpu", "handle_irq_event", "handle_edge_irq", "__common_interrupt", "common_interrupt", "asm_common_interrupt")
}

// InSoftirq is softirqs that run as an interrupt returns.
func InSoftirq() Stack {
	return calls("handle_softirqs", "__irq_exit_rcu", "sysvec_apic_timer_interrupt", "asm_sysvec_apic_timer_interrupt")
}

// InWorker is a kworker that executes the function of a work item.
func InWorker(function string) Stack { return stack(calls(function), worker) }

// InKthread is a kernel thread that executes.
func InKthread() Stack { return stack(calls("finish_task_switch"), kthread) }

// InClose is close() during execution.
func InClose() Stack { return closing }

// PreemptedUser is a task preempted in user mode.
func PreemptedUser() Stack {
	return calls("__schedule", "schedule", "irqentry_exit_to_user_mode", "asm_sysvec_apic_timer_interrupt")
}
