package srcu

import "github.com/gpstorm/gpstorm/rcu"

// Side is what the grace-period state machine needs of the world it runs in:
// the reader counters, the means to order them, and a work item of its own.
//
// The virtual kernel, the order explorer and the live core implement it. Any
// method may be a scheduling point; Fence and the methods of RCU may block.
type Side interface {
	// Current is the rank that new readers use, 0 or 1 (srcu_ctrp).
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

	// Requeue arranges for Process to run again after the given number of
	// jiffies, 0 meaning at once. It does nothing if a run is queued
	// already, and a run that is requested during a run follows it
	// (queue_delayed_work on a non-reentrant work item). Safe from any
	// context, callbacks included.
	Requeue(jiffies uint64)
	// Ended is called when a grace period has ended: the callbacks it made
	// ready are invoked after the given number of jiffies
	// (srcu_schedule_cbs_sdp).
	Ended(jiffies uint64)

	// Jiffies is the world's clock of retry delays.
	Jiffies() uint64
	// Spin busy-waits for one retry delay, 5 us in the kernel
	// (srcu_retry_check_delay).
	Spin()
}

// Barrier is the heart of a candidate: it orders the two sums of one scan.
//
// Order is called after the unlock counters were summed into scan.Unlocks.
// When it returns true, every CPU has executed a full memory barrier between
// that sum and the return, not in the middle of a counter increment, and the
// lock counters are summed next. When it returns false it has arranged, with
// Side.Requeue, for Process to run later; Order is then called again for the
// same scan, possibly more often than arranged.
type Barrier interface {
	Order(s Side, scan *Scan) bool
}

// BarrierFunc makes a Barrier of a function that needs no state of its own.
type BarrierFunc func(s Side, scan *Scan) bool

// Order calls f.
func (f BarrierFunc) Order(s Side, scan *Scan) bool { return f(s, scan) }

// Stateless is a BarrierFunc of which this holds: what a call does, and what the
// callbacks do that it posts, depends on nothing but its Side and its Scan, where
// cookies that compare alike count as equal. A search may then take two histories
// that leave the machine in one state for the same.
type Stateless func(s Side, scan *Scan) bool

// Order calls f.
func (f Stateless) Order(s Side, scan *Scan) bool { return f(s, scan) }

// Machine is the update side as a world drives it. GracePeriod is the machine;
// a planted bug wraps it and overrides a method.
type Machine interface {
	// Snapshot returns a cookie for a full grace period from now and starts
	// nothing (get_state_synchronize_srcu).
	Snapshot() Cookie
	// Request makes sure that a grace period ending at or after c will run
	// (srcu_funnel_gp_start). It does not block.
	Request(s Side, c Cookie, expedited bool)
	// Process advances the machine as far as it goes and, if there is more
	// to do, requeues itself (process_srcu). Never two runs at once.
	Process(s Side)
	// Done reports whether c's grace period has ended
	// (poll_state_synchronize_srcu).
	Done(c Cookie) bool
	// State is the phase of the running grace period.
	State() State
	// Needed reports whether a requested grace period has not ended yet.
	Needed() bool
}
