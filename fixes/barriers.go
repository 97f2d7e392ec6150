package fixes

import "github.com/gpstorm/gpstorm/srcu"

// Blocking waits inside the scan for one RCU grace period, expedited if the request
// is, as srcu_readers_active_idx_check does for SRCU-fast domains in 7.0-rc1. The
// worker sleeps in D state meanwhile.
func Blocking() srcu.Barrier {
	return srcu.Stateless(func(s srcu.Side, scan *srcu.Scan) bool {
		if scan.Expedited {
			s.RCU().SynchronizeExpedited()
		} else {
			s.RCU().Synchronize()
		}
		return true
	})
}

// Expedited waits inside the scan for one expedited RCU grace period, even if the
// request is a normal one.
func Expedited() srcu.Barrier {
	return srcu.Stateless(func(s srcu.Side, _ *srcu.Scan) bool {
		s.RCU().SynchronizeExpedited()
		return true
	})
}

// CallRCU posts one RCU callback per attempt, which requeues the work; nothing
// sleeps. call_rcu has no expedited form, so an expedited scan polls.
func CallRCU() srcu.Barrier {
	return srcu.Stateless(func(s srcu.Side, scan *srcu.Scan) bool {
		if scan.Expedited {
			return poll(s, scan)
		}
		if scan.First() {
			s.RCU().Call(func() {
				scan.Elapse()
				s.Requeue(0)
			})
		}
		return scan.Elapsed()
	})
}

// CallRCUExpedited posts one RCU callback per attempt, as CallRCU does, and
// requests an expedited grace period, which also completes the callback if
// Fix.ExpeditedCallbacks is set. Nothing sleeps.
func CallRCUExpedited() srcu.Barrier {
	return srcu.Stateless(func(s srcu.Side, scan *srcu.Scan) bool {
		if scan.First() {
			s.RCU().Call(func() {
				scan.Elapse()
				s.Requeue(0)
			})
			s.RCU().Expedite()
		}
		return scan.Elapsed()
	})
}

// Polling takes an RCU cookie after the unlock sum, requests its grace period, and
// polls it every jiffy; nothing sleeps. The cookie is never used with a later sum.
func Polling() srcu.Barrier { return srcu.Stateless(poll) }

// PollingSlowly is Polling with the state machine's own delays between two polls
// (Scan.Delay), at least one jiffy: each scan may notice the end of its grace
// period up to ten jiffies late.
func PollingSlowly() srcu.Barrier {
	return srcu.BarrierFunc(func(s srcu.Side, scan *srcu.Scan) bool {
		return pollEvery(s, scan, func() uint64 { return max(1, scan.Delay(s)) })
	})
}

func poll(s srcu.Side, scan *srcu.Scan) bool {
	return pollEvery(s, scan, func() uint64 { return 1 })
}

func pollEvery(s srcu.Side, scan *srcu.Scan, delay func() uint64) bool {
	switch {
	case !scan.First():
	case scan.Expedited:
		scan.Cookie = s.RCU().StartExpedited()
	default:
		scan.Cookie = s.RCU().Start()
	}
	if s.RCU().Done(scan.Cookie) {
		return true
	}
	if !scan.Expedited {
		// Overlapping grace periods may both end without ending the polled one, so
		// request one each time; if one is needed already, that has no effect.
		s.RCU().Start()
	}
	s.Requeue(delay())
	return false
}

// Fenced orders the sums with one full barrier of the scanning CPU. That is enough
// only if the readers have full barriers too.
func Fenced() srcu.Barrier {
	return srcu.Stateless(func(s srcu.Side, _ *srcu.Scan) bool {
		s.Fence()
		return true
	})
}

// Membarrier interrupts every CPU for one full barrier and waits for the handlers.
// SRCU-fast needs no more; RCU takes no part.
func Membarrier() srcu.Barrier {
	return srcu.Stateless(func(s srcu.Side, _ *srcu.Scan) bool {
		s.FenceAll()
		return true
	})
}
