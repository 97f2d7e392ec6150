package kernel

// Costs of kernel work in instructions, the same for every scenario; a
// machine's MIPS turns them into time. They are orders of magnitude for a
// kernel without debugging options, not measurements of one build: what is
// compared with real kernels are counts and ratios.
const (
	costTick         = 4000  // tick_nohz_handler with everything under it
	costIRQ          = 600   // entry, handler and exit of a short interrupt
	costSwitch       = 1500  // __schedule and the switch itself
	costSoftirq      = 800   // one pass of __do_softirq
	costTimer        = 300   // one expired wheel timer
	costCallback     = 200   // one RCU or SRCU callback
	costRCUCore      = 500   // rcu_core without callbacks
	costGPInit       = 3000  // rcu_gp_init
	costGPFQS        = 1500  // one force-quiescent-state scan
	costGPCleanup    = 3000  // rcu_gp_cleanup
	costExpSelect    = 3000  // sync_rcu_exp_select_cpus without the IPIs
	costIPISend      = 500   // one function-call IPI sent
	costWork         = 1000  // taking and finishing one work item
	costWorkerCreate = 40000 // create_worker
	costScanCPU      = 30    // one CPU's counter of one sum
	costSync         = 1000  // entering and leaving a synchronize_*()
	costClose        = 8000  // close() up to perf_trace_destroy
	costOpen         = 20000 // perf_event_open
	costUnregister   = 20000 // tracepoint_probe_unregister, text patching included
	costRegister     = 20000 // tracepoint_probe_register
	costFree         = 4000  // freeing per-CPU lists and buffers
	costHungScan     = 20000 // one pass of khungtaskd
	costHoldoutScan  = 5000  // one pass over the tasks for Tasks-Trace holdouts
	costFetch        = 10    // between fetching the SRCU rank and incrementing it
)

// srcuSpin is srcu_retry_check_delay.
const srcuSpin ns = 5_000

// ipiLatency is how long an IPI takes to reach a CPU that accepts it.
const ipiLatency ns = 1_000

// cost turns instructions into nanoseconds on this machine, at least one.
func (k *Kernel) cost(instructions int) ns {
	return max(1, ns(float64(instructions)*k.nsPerInstruction))
}
