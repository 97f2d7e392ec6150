// Package rcu defines the grace-period contract of all worlds.
//
// A grace period is an interval in which every CPU (or every registered reader)
// passes a quiescent state outside of the read-side critical sections that were
// already running when the interval began. The virtual kernel, the order explorer
// and the live core have their own implementations; the SRCU update side in package
// srcu is written once against this contract.
package rcu

// Cookie names a moment in a domain's sequence of RCU grace periods: the value of
// get_state_synchronize_rcu() and start_poll_synchronize_rcu() (kernel/rcu/tree.c).
// The type prevents comparing an SRCU cookie with an RCU cookie by mistake.
type Cookie uint64

// GracePeriods is the RCU of a world.
//
// Ordering, for every method that reports a full grace period: all accesses of a
// reader that began before the call are visible after it, and all accesses before
// the call are visible to a reader that begins after it; the caller itself has a
// full barrier on entry and on return. In addition each CPU executes a full memory
// barrier, outside of read-side critical sections, between the start and the end of
// the grace period.
type GracePeriods interface {
	// Synchronize blocks the caller for one full normal grace period
	// (synchronize_rcu).
	Synchronize()
	// SynchronizeExpedited blocks the caller for one full expedited grace
	// period (synchronize_rcu_expedited).
	SynchronizeExpedited()
	// Call runs fn once, after a full grace period, in a context that must not
	// block (call_rcu_hurry: never delayed to save power).
	Call(fn func())
	// Snapshot returns a cookie for a full grace period from now
	// (get_state_synchronize_rcu). It does not start one.
	Snapshot() Cookie
	// Start returns the same cookie and requests the grace period
	// (start_poll_synchronize_rcu). It does not block.
	Start() Cookie
	// StartExpedited is Start with an expedited grace period
	// (start_poll_synchronize_rcu_expedited).
	StartExpedited() Cookie
	// Expedite requests an expedited grace period without a cookie. It does not
	// block. Where expedited grace periods also complete callbacks, it shortens the
	// wait for a callback.
	Expedite()
	// Done reports whether the cookie's grace period has ended
	// (poll_state_synchronize_rcu). When true it is a full barrier.
	Done(Cookie) bool
}
