// Package rcu holds the grace-period contract that every world offers.
//
// A grace period is an interval in which every CPU (or every registered
// reader) passes a quiescent state outside of the read-side critical sections
// that were already running when the interval began. The virtual kernel, the
// order explorer and the live core each bring their own implementation; the
// SRCU update side in package srcu is written once against this contract.
package rcu

// Cookie names a moment in a domain's sequence of RCU grace periods. It is the
// value of get_state_synchronize_rcu() and start_poll_synchronize_rcu()
// (kernel/rcu/tree.c). It has its own type so that an SRCU cookie cannot be
// compared with an RCU one by mistake.
type Cookie uint64

// GracePeriods is what the RCU of any world offers to the code above it.
//
// Ordering, for every method that reports a full grace period: all accesses
// of a reader that began before the call are visible after it, and all
// accesses before the call are visible to a reader that begins after it; the
// caller itself has a full barrier on entry and on return. In addition each
// CPU executes a full memory barrier, outside of read-side critical sections,
// between the start and the end of the grace period.
type GracePeriods interface {
	// Synchronize blocks the caller for one full normal grace period
	// (synchronize_rcu).
	Synchronize()
	// SynchronizeExpedited blocks the caller for one full expedited grace
	// period (synchronize_rcu_expedited).
	SynchronizeExpedited()
	// Call runs fn once, after a full grace period, in a context that must
	// not block (call_rcu_hurry: never held back to save power).
	Call(fn func())
	// Snapshot returns a cookie for a full grace period from now and starts
	// nothing (get_state_synchronize_rcu).
	Snapshot() Cookie
	// Start returns the same cookie and requests the grace period
	// (start_poll_synchronize_rcu). It does not block.
	Start() Cookie
	// StartExpedited is Start with an expedited grace period
	// (start_poll_synchronize_rcu_expedited).
	StartExpedited() Cookie
	// Expedite requests an expedited grace period and keeps no cookie of it. It
	// does not block. Where expedited grace periods complete callbacks too, those
	// that are pending run earlier for it.
	Expedite()
	// Done reports whether the cookie's grace period has ended
	// (poll_state_synchronize_rcu). When true it is a full barrier.
	Done(Cookie) bool
}
