package fixes

// Judge overrules what the virtual kernel decides at a point. It is given the
// point, the CPU that the decision is about (-1 if it is about none), and what
// the kernel would decide; it returns what is done instead. Throttle and the charges
// are asked ahead of time as well, so an answer there may depend on no state.
type Judge func(p Point, cpu int, is bool) bool

// Point is a decision of vanilla RCU, of perf, or of a reader that a candidate
// may take otherwise. Each is a question; the comment names where the kernel
// answers it.
type Point uint8

// How a CPU passes a quiescent state.
const (
	// TickQS: has the tick interrupted a quiescent state?
	// (rcu_flavor_sched_clock_irq)
	TickQS Point = iota
	// SwitchQS: is a context switch one? Yes (rcu_note_context_switch).
	SwitchQS
	// StaleQS: does one count that was passed before the CPU noticed the grace
	// period? No (note_gp_changes).
	StaleQS
	// IdleQS: does a scan for quiescent states find the CPU idle, or to have
	// been so since the last scan? (rcu_watching_snap_recheck)
	IdleQS
	// ReportQS: does what a CPU reports reach the node? Yes
	// (rcu_report_qs_rdp).
	ReportQS
	// RaiseRCU: does the tick raise RCU_SOFTIRQ? (rcu_pending)
	RaiseRCU
)

// How readers that were switched out hold up grace periods.
const (
	// ReaderHolds: does a reader hold up the running grace period when it is
	// switched out? If its CPU still owes (rcu_preempt_ctxt_queue).
	ReaderHolds Point = iota + 16
	// ReaderHoldsNext: does one that was switched out before hold up the grace
	// period that begins? Yes (rcu_gp_init).
	ReaderHoldsNext
	// ReaderLeaves: does the end of its section take it off the list of those
	// that hold it up? Yes (rcu_read_unlock_special).
	ReaderLeaves
	// ExpHolds and ExpHoldsNow are the first two for expedited grace periods
	// (rcu_preempt_ctxt_queue, sync_exp_reset_tree).
	ExpHolds
	ExpHoldsNow
)

// The grace-period kthread, and what is asked of it.
const (
	// WakeRequest: does a request wake the kthread? Yes (rcu_gp_kthread_wake).
	WakeRequest Point = iota + 32
	// WakeReport: does the last report? Yes (rcu_report_qs_rsp).
	WakeReport
	// ArmScan: does it sleep with a timeout before its next scan? Yes
	// (rcu_gp_fqs_loop).
	ArmScan
	// MoreAsked: does the end of a grace period begin the next? If one was
	// asked for meanwhile (rcu_gp_cleanup).
	MoreAsked
	// SyncNext: is a caller of synchronize_rcu() attached to the next grace
	// period to start, not to a running one? Yes (rcu_sr_normal_gp_init).
	SyncNext
	// CallNext and PollNext: does a callback, or a cookie, need the end of the
	// grace period after the running one? Yes (rcu_seq_snap).
	CallNext
	PollNext
	// EndPolled: does the end of a grace period end the running polled one? If
	// it noted that one at its start (rcu_poll_gp_seq_end).
	EndPolled
)

// Expedited grace periods.
const (
	// ExpAsk: is a CPU interrupted? If it is not idle, nor the worker's own
	// (__sync_rcu_exp_select_node_cpus).
	ExpAsk Point = iota + 48
	// ExpWaits: does the interrupted CPU report later? If a reader was
	// interrupted (rcu_exp_handler).
	ExpWaits
	// ExpWake: does the last report wake the worker? Yes
	// (rcu_report_exp_rnp).
	ExpWake
	// ExpMore: does the end of one begin the next? If one was asked for
	// meanwhile.
	ExpMore
)

// Perf's bounds on samples.
const (
	// Throttle: does an event stop that has had its samples of the tick? Yes
	// (__perf_event_account_interrupt).
	Throttle Point = iota + 64
	// Unthrottle: does the tick let it go on? Yes (perf_event_task_tick).
	Unthrottle
	// ChargeNMI and ChargeHRTimer: is a sample of that kind charged to its
	// CPU's Budget? Yes.
	ChargeNMI
	ChargeHRTimer
	// Resume: does the tick let a CPU's samples go on when its debt is paid?
	// Yes.
	Resume
)

// Readers, and perf events that are opened.
const (
	// LoadInside: does a reader load the pointer after its increment? Yes.
	LoadInside Point = iota + 80
	// OpenWaits: does the first user of a tracepoint wait out the last removal
	// of a probe? Yes (tp_rcu_cond_sync).
	OpenWaits
)
