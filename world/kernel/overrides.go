package kernel

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
)

// Overrides is a fixes.Override. It replaces decisions of the virtual kernel, to
// plant bugs in code that belongs to no candidate.
type Overrides struct {
	// Decide, if set, returns the Decider of a trial. It is called once per trial.
	Decide func() Decider
	// UnlockRank, if set, returns the rank that an SRCU-fast reader unlocks. The
	// kernel unlocks the rank that it locked.
	UnlockRank func(locked, current int) int
}

// World returns Name.
func (Overrides) World() string { return Name }

// Decider returns the decision to use. Its arguments are the kind of the decision, the
// CPU it concerns (-1 if none) and the kernel's own decision. EventStops,
// NMISampleCharged and HRTimerSampleCharged are also called for future samples, so
// their results must not depend on any state.
type Decider func(d Decision, cpu int, kernel bool) bool

// Decision is a decision of vanilla RCU, of perf, of a lock or of a reader. Its name states the
// meaning of true. Its comment names the kernel function and the kernel's decision;
// where no decision is given, it depends on the state.
type Decision uint8

// Quiescent states of a CPU.
const (
	// TickQuiescent: the tick interrupted a quiescent state
	// (rcu_flavor_sched_clock_irq).
	TickQuiescent Decision = iota
	// SwitchQuiescent: a context switch is a quiescent state; always
	// (rcu_note_context_switch).
	SwitchQuiescent
	// EarlierQuiescent: a quiescent state that the CPU passed before it noticed the
	// grace period counts for that grace period; never (note_gp_changes).
	EarlierQuiescent
	// CPUIdle: a scan for quiescent states finds the CPU idle now, or idle at some
	// time since the last scan (rcu_watching_snap_recheck).
	CPUIdle
	// ReportReachesNode: the CPU's report clears its bit in the rcu_node; always
	// (rcu_report_qs_rdp).
	ReportReachesNode
	// NodeReportsUp: a node that is done reports to its parent; always
	// (rcu_report_qs_rnp). The CPU is the first of the node.
	NodeReportsUp
	// OfflineOwes: a CPU that was never online owes grace periods a quiescent state;
	// never (rcu_init_new_rnp, qsmaskinit).
	OfflineOwes
	// TickRaisesSoftirq: the tick raises RCU_SOFTIRQ (rcu_pending).
	TickRaisesSoftirq
)

// Which readers block grace periods.
const (
	// SwitchedOutBlocks: a switched-out reader blocks the running grace period, if its
	// CPU has not reported yet (rcu_preempt_ctxt_queue).
	SwitchedOutBlocks Decision = iota + 16
	// SwitchedOutBlocksNext: a reader that was switched out earlier blocks the
	// starting grace period; always (rcu_gp_init).
	SwitchedOutBlocksNext
	// LeafReaderBlocks: a leaf whose CPUs have all reported waits for the readers that
	// were switched out on them; always (rcu_report_qs_rnp).
	LeafReaderBlocks
	// UnlockUnblocks: a reader leaves the list of blocking readers at the end of its
	// section; always (rcu_read_unlock_special).
	UnlockUnblocks
	// SwitchedOutBlocksExp and SwitchedOutBlocksNextExp are the same two decisions for
	// expedited grace periods (rcu_preempt_ctxt_queue, sync_exp_reset_tree).
	SwitchedOutBlocksExp
	SwitchedOutBlocksNextExp
	// SectionReportsExp: the end of a section reports its CPU to an expedited grace period,
	// if the interrupt came inside; always (rcu_preempt_deferred_qs_irqrestore).
	SectionReportsExp
)

// The grace-period kthread and the tasks that wait for it.
const (
	// RequestWakes: a request wakes the kthread; always (rcu_gp_kthread_wake).
	RequestWakes Decision = iota + 32
	// LastReportWakes: the last report wakes the kthread; always
	// (rcu_report_qs_rsp).
	LastReportWakes
	// ScanTimed: the kthread sleeps with a timeout before its next scan; always
	// (rcu_gp_fqs_loop).
	ScanTimed
	// NextNeeded: the end of a grace period starts the next one, if it was requested
	// meanwhile (rcu_gp_cleanup).
	NextNeeded
	// SyncWaitsForNext: synchronize_rcu() waits for the next grace period to start,
	// not for a running one; always (rcu_sr_normal_gp_init).
	SyncWaitsForNext
	// CallbackWaitsForNext and CookieWaitsForNext: a callback or a cookie made during
	// a grace period waits for the end of the next one; always (rcu_seq_snap).
	CallbackWaitsForNext
	CookieWaitsForNext
	// RestWoken: the end of a grace period queues the work that wakes the callers of
	// synchronize_rcu() beyond the fifth; always (rcu_sr_normal_gp_cleanup).
	RestWoken
	// PolledEnds: the end of a grace period ends the running polled one, if the polled
	// one began no later (rcu_poll_gp_seq_end).
	PolledEnds
)

// Modules with an SRCU domain.
const (
	// UnloadWaits: the exit of a module waits for its callbacks (srcu_barrier) before it
	// destroys its domain; always.
	UnloadWaits Decision = iota + 112
	// CleanupFlushes: destroying a domain waits for its work; always
	// (cleanup_srcu_struct).
	CleanupFlushes
)

// Locks.
const (
	// LockInOrder: a lock is passed on to the task that has waited longest; always
	// (__mutex_unlock_slowpath).
	LockInOrder Decision = iota + 160
)

// Priorities of readers.
const (
	// SectionDeboosts: the end of a boosted section gives the priority back; always
	// (rcu_read_unlock_special).
	SectionDeboosts Decision = iota + 144
)

// Softirqs and fair tasks.
const (
	// SoftirqsGoOn: softirqs that were raised meanwhile run at the exit of the same
	// interrupt, within limits; otherwise ksoftirqd runs them (handle_softirqs).
	SoftirqsGoOn Decision = iota + 176
	// LagKept: a queued task that moves to another CPU has the same lag there; always
	// (update_entity_lag, place_entity).
	LagKept
)

// Callbacks of SRCU domains.
const (
	// OfflineInvokes: the work that invokes callbacks is queued on a CPU that was never
	// online; never (since 7.1-rc5, srcu_schedule_cbs_snp).
	OfflineInvokes Decision = iota + 128
	// InterruptPostKept: a callback that an interrupt posts while its CPU works on the
	// domain is queued; always. (call_srcu() of 7.4 drops it with a warning if the CPU is
	// queueing callbacks that were posted with interrupts off.)
	InterruptPostKept
	// BarrierAll: waiting for the callbacks of a domain covers the lists of all CPUs;
	// always (srcu_barrier).
	BarrierAll
)

// Callback offloading.
const (
	// PostWakesOffload: a callback posted on an offloaded CPU wakes the kthread of the
	// CPU's group, unless that waits for a grace period; always
	// (__call_rcu_nocb_wake).
	PostWakesOffload Decision = iota + 96
	// ReadyWakesOffload: that kthread wakes the one that invokes the CPU's callbacks,
	// if some are ready; always (nocb_gp_wait).
	ReadyWakesOffload
	// GPEndWakesOffload: the end of the grace period that the group's kthread waits
	// for wakes it; always (rcu_nocb_gp_cleanup).
	GPEndWakesOffload
	// OffloadServed: the kthread of a group serves this CPU; always (nocb_gp_wait).
	OffloadServed
)

// Expedited grace periods.
const (
	// ExpInterrupts: the worker interrupts a CPU, if that CPU is not idle and is not
	// the worker's own (__sync_rcu_exp_select_node_cpus).
	ExpInterrupts Decision = iota + 48
	// ExpReportDeferred: the interrupted CPU reports later, if the interrupt hit a
	// reader (rcu_exp_handler).
	ExpReportDeferred
	// ExpLastReportWakes: the last report wakes the worker; always
	// (rcu_report_exp_rnp).
	ExpLastReportWakes
	// ExpNodeReportsUp is NodeReportsUp for expedited grace periods
	// (__rcu_report_exp_rnp).
	ExpNodeReportsUp
	// ExpNextNeeded: the end of an expedited grace period starts the next one, if it
	// was requested meanwhile (rcu_exp_sel_wait_wake).
	ExpNextNeeded
)

// Perf's limits on samples.
const (
	// EventStops: an event that reached its limit of samples in this tick stops;
	// always (__perf_event_account_interrupt).
	EventStops Decision = iota + 64
	// MigratedRestarts: an event that was stopped on another CPU restarts when its task
	// runs on this one, and in this CPU's tick; always (event_sched_in,
	// perf_event_task_tick).
	MigratedRestarts
	// TickRestarts: the tick restarts a stopped event; always (perf_event_task_tick).
	TickRestarts
	// NMISampleCharged and HRTimerSampleCharged: a sample of this source counts
	// against fixes.Budget; always. No kernel has such a budget.
	NMISampleCharged
	HRTimerSampleCharged
	// DebtPaidRestarts: the tick restarts a CPU's events after its debt is paid;
	// always.
	DebtPaidRestarts
)

// Readers, and opens of perf events.
const (
	// LoadAfterLock: a reader loads the pointer after its increment; always
	// (__DO_TRACE).
	LoadAfterLock Decision = iota + 80
	// OpenWaits: the first user of a tracepoint waits for the readers of the last
	// removed probe; always (tp_rcu_cond_sync).
	OpenWaits
	// LatestRemoval: a removal replaces the cookie of an earlier one, for which no open has
	// waited; always (tp_rcu_get_state).
	LatestRemoval
)

// decision returns the candidate's override of a decision, or else the kernel's own.
func (k *kernel) decision(d Decision, cpu int, kernel bool) bool {
	if k.decider == nil {
		return kernel
	}
	return k.decider(d, cpu, kernel)
}

// Counters is the side of a domain with per-CPU counters; a scan sums them. Every
// side that this world passes to fixes.Fix.Side implements it.
type Counters interface {
	srcu.Side
	// CPUs is the number of CPUs.
	CPUs() int
	// UnlocksOn and LocksOn return one CPU's counters of a rank.
	UnlocksOn(cpu, rank int) uint64
	LocksOn(cpu, rank int) uint64
}

var (
	_ Counters       = (*domainSide)(nil)
	_ fixes.Override = Overrides{}
)
