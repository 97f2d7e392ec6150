package kernel

// Costs of kernel work in instructions, the same for every scenario. A machine's MIPS
// converts them to time. Those with a source were counted on Debian's kernel 7.0.13
// (x86-64, PREEMPT_DYNAMIC lazy, no debugging options) on one CPU of QEMU with
// -icount, where the virtual clock counts instructions; docs/validation.md describes
// the method. The others are estimates.
const (
	// The tick, tick_nohz_handler() and everything it calls, as the time that one tick
	// takes from a FIFO loop (p10 2769, p90 2854).
	costTick = 2785

	// One switch: the time of a sched_yield() that switches between two threads of the
	// class. A switch between the classes costs half of each.
	costSwitchFIFO = 960
	costSwitchFair = 3000
	// A wake-up, the switch to the woken task and its next sleep: half a round of two
	// threads that wake each other by futex, less the time of futex system calls
	// without a waiter or a wait. Fair threads and FIFO ones differ by 5 %.
	costWakeSwitch = 3470
	// The last parts of a switch, the same in all of the above to 10 %: from
	// perf_event_task_sched_out() to perf_event_task_sched_in(), which is the change of
	// the address space and of the stack; and from there to the task's own code. Counted
	// one by one in sched_yield(), futex and preemption by an interrupt: 286 to 338, and
	// 233 to 283.
	costSwitchMM   = 340
	costSwitchExit = 280

	// HRTICK, counted on 7.1.13 and 7.3.4: arming the timer at a switch, the difference
	// between a sched_yield() with and without the feature, with slices of 100 ms (255
	// and 288); the interrupt, the time that eight fair loops lose for each slice of 0.7
	// and 2 ms beyond a switch and arming (1970 and 1960, 1840 and 1890).
	costHRTickStart = 270
	costHRTick      = 1900

	// The grace-period kthread: 6150 in all (schedstat, threads of synchronize_rcu()
	// in a row), of which 2500 are its share of context switches.
	costGPInit    = 1900 // rcu_gp_init
	costGPCleanup = 1900 // rcu_gp_cleanup
	// The worker of expedited grace periods: 5700 in all, 2500 of them as above.
	costExpSelect = 1500 // sync_rcu_exp_select_cpus without the IPIs
	costExpEnd    = 1300 // synchronize_rcu_expedited_wait

	// perf_event_open() of an unused tracepoint takes 70000 of its task's time,
	// close() of the last event 57000, text patching included.
	costOpen       = 35000 // perf_event_open without the next
	costRegister   = 35000 // tracepoint_probe_register
	costClose      = 10000 // close() up to perf_trace_destroy
	costUnregister = 36000 // tracepoint_probe_unregister
	costFree       = 7000  // freeing per-CPU lists and buffers

	// Estimates.
	costIRQ          = 600   // entry, handler and exit of a short interrupt
	costSoftirq      = 1000  // one pass of __do_softirq
	costTimer        = 400   // one expired wheel timer
	costCallback     = 250   // one RCU or SRCU callback
	costRCUCore      = 650   // rcu_core without callbacks
	costGPFQS        = 1000  // one force-quiescent-state scan of a single leaf
	costFQSLeaf      = 200   // the same for one of several leaves,
	costFQSCPU       = 50    // and for each of its CPUs that has not reported
	costNode         = 250   // a node beside the root, in the start and end of a grace period
	costIPISend      = 650   // one function-call IPI sent
	costWork         = 1300  // taking and finishing one work item
	costWorkerCreate = 50000 // create_worker
	costScanCPU      = 30    // one CPU's counter of one sum
	costSync         = 1300  // entering and leaving a synchronize_*()
	costHungScan     = 26000 // one pass of khungtaskd
	costHoldoutScan  = 5000  // one pass over the tasks for Tasks-Trace holdouts
	costFetch        = 10    // between fetching the SRCU rank and incrementing it
)

// switchCost is the cost of a switch between two tasks; prev is nil if the CPU was
// idle.
func switchCost(prev, next *task) int {
	if next.woken {
		return costWakeSwitch
	}
	half := func(t *task) int {
		if t != nil && t.fifo() {
			return costSwitchFIFO / 2
		}
		return costSwitchFair / 2
	}
	return half(prev) + half(next)
}

// srcuSpin is srcu_retry_check_delay.
const srcuSpin ns = 5_000

// ipiLatency is the time until an IPI reaches a CPU that accepts it.
const ipiLatency ns = 1_000

// cost converts instructions to nanoseconds on this machine, at least one.
func (k *kernel) cost(instructions int) ns {
	return max(1, ns(float64(instructions)*k.nsPerInstruction))
}
