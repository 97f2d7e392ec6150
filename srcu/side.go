package srcu

import "github.com/gpstorm/gpstorm/rcu"

// Side is the interface between the grace-period state machine and its world: the
// reader counters, the means to order them, and a work item.
//
// The virtual kernel, the order explorer and the live core implement it. Any method
// may be a scheduling point; Fence and the methods of RCU may block.
type Side interface {
	// Current returns the rank for new readers, 0 or 1 (srcu_ctrp).
	Current() int
	// Unlocks sums the unlock counters of a rank over all CPUs
	// (srcu_readers_unlock_idx).
	Unlocks(rank int) uint64
	// Locks sums the lock counters of a rank over all CPUs
	// (srcu_readers_lock_idx).
	Locks(rank int) uint64
	// Flip makes the other rank current (srcu_flip without its barriers).
	Flip()

	// Fence is a full memory barrier of the calling thread (smp_mb).
	Fence()
	// FenceAll returns after every CPU has executed a full memory barrier
	// between the call and the return (membarrier, or an IPI to each CPU).
	FenceAll()
	// RCU is the world's vanilla RCU.
	RCU() rcu.GracePeriods

	// Requeue arranges for Process to run again after the given number of jiffies,
	// 0 meaning at once. It has no effect if a run is queued already; a run that is
	// requested during a run follows it (queue_delayed_work on a non-reentrant work
	// item). It is safe in any context, callbacks included.
	Requeue(jiffies uint64)
	// Ended is called at the end of a grace period: the callbacks that it made
	// ready must be invoked after the given number of jiffies
	// (srcu_schedule_cbs_sdp).
	Ended(jiffies uint64)

	// Jiffies returns the world's clock of retry delays.
	Jiffies() uint64
	// Spin busy-waits for one retry delay, 5 us in the kernel
	// (srcu_retry_check_delay).
	Spin()
}

// Barrier is the core of a candidate: it orders the two sums of one scan.
//
// Order is called after the unlock counters were summed into scan.Unlocks. When it
// returns true, every CPU has executed a full memory barrier between that sum and the
// return, not in the middle of a counter increment, and the lock counters are summed
// next; for a barrier that does less see FenceOnce. When it returns false it has
// arranged, with Side.Requeue, for Process to run later; Order is then called again
// for the same scan, possibly more often than arranged.
type Barrier interface {
	Order(s Side, scan *Scan) bool
}

// BarrierFunc is a Barrier without state.
type BarrierFunc func(s Side, scan *Scan) bool

// Order calls f.
func (f BarrierFunc) Order(s Side, scan *Scan) bool { return f(s, scan) }

// Stateless is a BarrierFunc whose calls and posted callbacks depend only on their
// Side and Scan, where cookies that compare alike count as equal. A search may then
// merge two histories that lead to the same state of the machine.
type Stateless func(s Side, scan *Scan) bool

// Order calls f.
func (f Stateless) Order(s Side, scan *Scan) bool { return f(s, scan) }

// Machine is the update side's interface to a world. GracePeriod implements it; a
// planted bug wraps it and overrides a method.
type Machine interface {
	// Snapshot returns a cookie for a full grace period from now
	// (get_state_synchronize_srcu). It does not start one.
	Snapshot() Cookie
	// Request ensures that a grace period ending at or after c will run
	// (srcu_funnel_gp_start). It does not block.
	Request(s Side, c Cookie, expedited bool)
	// Process advances the machine as far as possible and requeues itself if more
	// work remains (process_srcu). It must not run concurrently with itself.
	Process(s Side)
	// Done reports whether c's grace period has ended
	// (poll_state_synchronize_srcu).
	Done(c Cookie) bool
	// State returns the phase of the running grace period.
	State() State
	// Latest returns the cookie of the latest grace period that has ended
	// (rcu_seq_current in srcu_gp_end).
	Latest() Cookie
	// Needed reports whether a requested grace period has not ended yet.
	Needed() bool
}
