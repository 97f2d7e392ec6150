package kernel

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
)

// Overrides is a fixes.Override: it replaces decisions of the virtual kernel, to
// plant a bug where a candidate has no part.
type Overrides struct {
	// Decide, if set, makes what takes decisions in the kernel's place. It is
	// called once per trial.
	Decide func() Decider
	// UnlockRank, if set, is the rank that an SRCU-fast reader unlocks, where
	// the kernel takes the one it locked.
	UnlockRank func(locked, current int) int
}

// World is Name.
func (Overrides) World() string { return Name }

// Decider takes a decision. It is given the CPU that the decision is about, -1 if
// it is about none, and what the kernel decides; its result holds. EventStops,
// NMISampleCharged and HRTimerSampleCharged are also called for samples still
// to come, so what it returns for them must depend on no state.
type Decider func(d Decision, cpu int, kernel bool) bool

// Decision is a decision of vanilla RCU, of perf, or of a reader. The name is
// what a true decision means; the comment names the kernel function that takes
// it, and what it decides unless that depends on more.
type Decision uint8

// How a CPU passes a quiescent state.
const (
	// TickQuiescent: the tick interrupted a quiescent state
	// (rcu_flavor_sched_clock_irq).
	TickQuiescent Decision = iota
	// SwitchQuiescent: a context switch is a quiescent state; always
	// (rcu_note_context_switch).
	SwitchQuiescent
	// EarlierQuiescent: a quiescent state that the CPU passed before it noticed
	// the grace period counts for it; never (note_gp_changes).
	EarlierQuiescent
	// CPUIdle: a scan for quiescent states finds the CPU idle, or to have been
	// so since the last scan (rcu_watching_snap_recheck).
	CPUIdle
	// ReportReachesNode: the CPU's report clears its bit in the rcu_node;
	// always (rcu_report_qs_rdp).
	ReportReachesNode
	// TickRaisesSoftirq: the tick raises RCU_SOFTIRQ (rcu_pending).
	TickRaisesSoftirq
)

// Which readers block grace periods.
const (
	// SwitchedOutBlocks: a reader that is switched out blocks the running grace
	// period, if its CPU has not reported yet (rcu_preempt_ctxt_queue).
	SwitchedOutBlocks Decision = iota + 16
	// SwitchedOutBlocksNext: a reader that was switched out earlier blocks the
	// grace period that begins; always (rcu_gp_init).
	SwitchedOutBlocksNext
	// UnlockUnblocks: the end of its section removes a reader from the list of
	// those that block; always (rcu_read_unlock_special).
	UnlockUnblocks
	// SwitchedOutBlocksExp and SwitchedOutBlocksNextExp are the first two for
	// expedited grace periods (rcu_preempt_ctxt_queue, sync_exp_reset_tree).
	SwitchedOutBlocksExp
	SwitchedOutBlocksNextExp
)

// The grace-period kthread, and those who wait for it.
const (
	// RequestWakes: a request wakes the kthread; always (rcu_gp_kthread_wake).
	RequestWakes Decision = iota + 32
	// LastReportWakes: the last report wakes the kthread; always
	// (rcu_report_qs_rsp).
	LastReportWakes
	// ScanTimed: the kthread sleeps with a timeout before its next scan; always
	// (rcu_gp_fqs_loop).
	ScanTimed
	// NextNeeded: the end of a grace period begins the next, if there was a
	// request meanwhile (rcu_gp_cleanup).
	NextNeeded
	// SyncWaitsForNext: synchronize_rcu() waits for the next grace period to
	// start, not for a running one; always (rcu_sr_normal_gp_init).
	SyncWaitsForNext
	// CallbackWaitsForNext and CookieWaitsForNext: a callback, or a cookie, that
	// is made during a grace period waits for the end of the one after it;
	// always (rcu_seq_snap).
	CallbackWaitsForNext
	CookieWaitsForNext
	// PolledEnds: the end of a grace period ends the running polled one, if it
	// began no later (rcu_poll_gp_seq_end).
	PolledEnds
)

// Expedited grace periods.
const (
	// ExpInterrupts: a CPU is interrupted, if it is not idle and not the
	// worker's own (__sync_rcu_exp_select_node_cpus).
	ExpInterrupts Decision = iota + 48
	// ExpReportDeferred: the interrupted CPU reports later, if a reader was
	// interrupted (rcu_exp_handler).
	ExpReportDeferred
	// ExpLastReportWakes: the last report wakes the worker; always
	// (rcu_report_exp_rnp).
	ExpLastReportWakes
	// ExpNextNeeded: the end of one begins the next, if there was a request
	// meanwhile (rcu_exp_sel_wait_wake).
	ExpNextNeeded
)

// Perf's bounds on samples.
const (
	// EventStops: an event stops that has had its samples of the tick; always
	// (__perf_event_account_interrupt).
	EventStops Decision = iota + 64
	// TickRestarts: the tick starts it again; always (perf_event_task_tick).
	TickRestarts
	// NMISampleCharged and HRTimerSampleCharged: a sample of that source counts
	// against fixes.Budget; always. No kernel has such a budget.
	NMISampleCharged
	HRTimerSampleCharged
	// DebtPaidRestarts: the tick starts a CPU's events again when its debt is
	// paid; always.
	DebtPaidRestarts
)

// Readers, and perf events that are opened.
const (
	// LoadAfterLock: a reader loads the pointer after its increment; always
	// (__DO_TRACE).
	LoadAfterLock Decision = iota + 80
	// OpenWaits: the first user of a tracepoint waits for the readers of the
	// probe that was removed last; always (tp_rcu_cond_sync).
	OpenWaits
)

// decision is what holds: what the kernel decides, or else what the candidate's
// override does.
func (k *kernel) decision(d Decision, cpu int, kernel bool) bool {
	if k.decider == nil {
		return kernel
	}
	return k.decider(d, cpu, kernel)
}

// Counters is a domain's side with the counters of each CPU, of which a scan
// takes the sums. Every side that this world passes to fixes.Fix.Side is one.
type Counters interface {
	srcu.Side
	// CPUs is the number of CPUs.
	CPUs() int
	// UnlocksOn and LocksOn are the counters of a rank on one CPU.
	UnlocksOn(cpu, rank int) uint64
	LocksOn(cpu, rank int) uint64
}

var (
	_ Counters       = (*domainSide)(nil)
	_ fixes.Override = Overrides{}
)
