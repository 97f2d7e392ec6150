package kernel

// Costs of kernel work in instructions, the same for every scenario; a
// machine's MIPS turns them into time. They are orders of magnitude for a
// kernel without debugging options, not measurements of one build: what is
// compared with real kernels are counts and ratios.
const (
	costTick         = 2000  // tick_nohz_handler with everything under it
	costIRQ          = 600   // entry, handler and exit of a short interrupt
	costSwitch       = 2000  // __schedule and the switch itself
	costSoftirq      = 1000  // one pass of __do_softirq
	costTimer        = 400   // one expired wheel timer
	costCallback     = 250   // one RCU or SRCU callback
	costRCUCore      = 650   // rcu_core without callbacks
	costGPInit       = 4000  // rcu_gp_init
	costGPFQS        = 2000  // one force-quiescent-state scan
	costGPCleanup    = 4000  // rcu_gp_cleanup
	costExpSelect    = 4000  // sync_rcu_exp_select_cpus without the IPIs
	costIPISend      = 650   // one function-call IPI sent
	costWork         = 1300  // taking and finishing one work item
	costWorkerCreate = 50000 // create_worker
	costScanCPU      = 30    // one CPU's counter of one sum
	costSync         = 1300  // entering and leaving a synchronize_*()
	costClose        = 10000 // close() up to perf_trace_destroy
	costOpen         = 26000 // perf_event_open
	costUnregister   = 26000 // tracepoint_probe_unregister, text patching included
	costRegister     = 26000 // tracepoint_probe_register
	costFree         = 5000  // freeing per-CPU lists and buffers
	costHungScan     = 26000 // one pass of khungtaskd
	costHoldoutScan  = 6500  // one pass over the tasks for Tasks-Trace holdouts
	costFetch        = 10    // between fetching the SRCU rank and incrementing it
)

// srcuSpin is srcu_retry_check_delay.
const srcuSpin ns = 5_000

// ipiLatency is how long an IPI takes to reach a CPU that accepts it.
const ipiLatency ns = 1_000

// cost turns instructions into nanoseconds on this machine, at least one.
func (k *kernel) cost(instructions int) ns {
	return max(1, ns(float64(instructions)*k.nsPerInstruction))
}
