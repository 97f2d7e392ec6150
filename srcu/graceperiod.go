package srcu

import (
	"sync/atomic"

	"github.com/gpstorm/gpstorm/rcu"
)

// GracePeriod is the SRCU grace-period state machine: idle, scan 1, flip, scan 2,
// end (kernel/rcu/srcutree.c, srcu_advance_state and its callers). It takes no
// lock. Requests may come from any number of threads; Process must not run
// concurrently with itself, which a work item guarantees.
type GracePeriod struct {
	barrier Barrier
	pace    Pace

	words     [Words]atomic.Uint64
	memory    Memory        // performs the accesses to words; nil means the machine itself
	started   atomic.Uint64 // jiffies at the start of this grace period
	undelayed atomic.Uint64 // zero delays returned in this phase

	// Owned by the running Process.
	scan  Scan
	burst burst
}

// New returns an idle machine with scans ordered by b.
func New(b Barrier, p Pace) *GracePeriod {
	gp := &GracePeriod{barrier: b, pace: p}
	gp.scan.gp = gp
	gp.words[WordSeq].Store(initialSeq)
	gp.words[WordNeeded].Store(initialSeq)
	gp.words[WordNeededExp].Store(initialSeq)
	return gp
}

// Snapshot returns a cookie for a full grace period from now.
func (gp *GracePeriod) Snapshot() Cookie { return Cookie(rcu.SeqSnap(gp.load(AccessSnapshot))) }

// Done reports whether c's grace period has ended.
func (gp *GracePeriod) Done(c Cookie) bool {
	return c == completed || rcu.SeqDoneExact(gp.load(AccessDone), uint64(c))
}

// State returns the phase of the running grace period.
func (gp *GracePeriod) State() State { return stateOf(gp.load(AccessAdvance)) }

// Latest returns the cookie of the latest grace period that has ended.
func (gp *GracePeriod) Latest() Cookie { return Cookie(gp.load(AccessDone) &^ rcu.SeqPhase) }

// Needed reports whether a requested grace period has not ended yet.
func (gp *GracePeriod) Needed() bool {
	return !rcu.SeqGE(gp.load(AccessAdvance), gp.load(AccessAdvanceNeeded))
}

// Expedited reports whether an expedited request is pending.
func (gp *GracePeriod) Expedited() bool {
	return !rcu.SeqGE(gp.load(AccessAdvance), gp.load(AccessExpedited))
}

// Request ensures that a grace period ending at or after c will run.
//
// A request during a grace period only raises the mark: the end of that grace
// period is followed by a check of the mark, so one of the two always starts the
// next.
func (gp *GracePeriod) Request(s Side, c Cookie, expedited bool) {
	gp.raise(AccessRaise, uint64(c))
	if expedited {
		gp.raise(AccessRaiseExp, uint64(c))
	}
	seq := gp.load(AccessRequest)
	if stateOf(seq) == Idle && !rcu.SeqGE(seq, uint64(c)) && gp.begin(s, seq) {
		gp.start(s)
	}
}

// start queues the work of a grace period that a request has begun.
func (gp *GracePeriod) start(s Side) {
	if gp.pace.Start != nil {
		gp.pace.Start(func() { s.Requeue(gp.delay(s)) })
		return
	}
	s.Requeue(gp.delay(s))
}

// Process advances the machine as far as possible and requeues it if a grace period
// is still needed (process_srcu). It does not requeue a scan whose barrier has
// already arranged that.
func (gp *GracePeriod) Process(s Side) {
	if gp.Advance(s) == Waiting {
		return
	}
	d := gp.burst.limit(gp.delay(s), s.Jiffies(), gp.pace)
	gp.reschedule(s, d)
}

// Progress is the result of one call of Advance.
type Progress uint8

// The results of Advance.
const (
	Resting Progress = iota // no grace period was needed
	Ended                   // a grace period ended
	Blocked                 // readers are inside; try again later
	Waiting                 // the barrier will requeue
)

// Advance takes the machine through as many phases as possible
// (srcu_advance_state).
func (gp *GracePeriod) Advance(s Side) Progress {
	if seq := gp.load(AccessAdvance); stateOf(seq) == Idle {
		if rcu.SeqGE(seq, gp.load(AccessAdvanceNeeded)) {
			return Resting
		}
		gp.begin(s, seq)
	}
	if gp.State() == Scan1 {
		if p := gp.scanEmpty(s, 1); p != Ended {
			return p
		}
		s.Fence() // E: the scan before the flip
		s.Flip()
		s.Fence() // D: the flip before the second scan
		gp.store(AccessScan2, gp.load(AccessAdvance)&^rcu.SeqPhase|uint64(Scan2))
		gp.resetDelays()
	}
	if p := gp.scanEmpty(s, 2); p != Ended {
		return p
	}
	gp.resetDelays()
	gp.end(s)
	return Ended
}

// scanEmpty checks whether the rank that is not current is empty, at most tries
// times in this run, plus once if there is no delay (try_check_zero). Ended means
// that it was empty.
func (gp *GracePeriod) scanEmpty(s Side, tries int) Progress {
	sc := &gp.scan
	if !sc.opened {
		sc.opened, sc.tries = true, tries
		if gp.delay(s) == 0 {
			sc.tries++
		}
		sc.Rank = 1 - s.Current()
		sc.reset()
	}
	for {
		empty, ordered := gp.attempt(s, sc)
		if !ordered {
			return Waiting
		}
		sc.reset()
		if empty {
			sc.opened = false
			return Ended
		}
		if sc.tries--; sc.tries <= 0 {
			sc.opened = false
			return Blocked
		}
		s.Spin()
	}
}

// attempt is one U sum, X, L sum. With Pace.Precheck, an unordered sum that shows
// readers on the rank makes X unnecessary.
func (gp *GracePeriod) attempt(s Side, sc *Scan) (empty, ordered bool) {
	if !sc.summed {
		sc.Unlocks = s.Unlocks(sc.Rank)
		sc.Expedited = gp.Expedited()
		sc.summed = true
		if gp.pace.Precheck && s.Locks(sc.Rank) != sc.Unlocks {
			return false, true
		}
	}
	if !gp.barrier.Order(s, sc) {
		return false, false
	}
	return s.Locks(sc.Rank) == sc.Unlocks, true
}

// begin starts a grace period unless another thread just did (srcu_gp_start).
func (gp *GracePeriod) begin(s Side, idle uint64) bool {
	if !gp.swap(AccessBegin, idle, idle+uint64(Scan1)) {
		return false
	}
	gp.started.Store(s.Jiffies())
	gp.resetDelays()
	s.Fence()
	return true
}

// end closes the grace period and schedules its callbacks (srcu_gp_end).
func (gp *GracePeriod) end(s Side) {
	delay := uint64(1)
	if gp.Expedited() {
		delay = 0
	}
	s.Fence()
	seq := rcu.SeqEnd(gp.load(AccessAdvance))
	gp.store(AccessEnd, seq)
	gp.raise(AccessRaiseExp, seq)
	s.Ended(delay)
	if !rcu.SeqGE(seq, gp.load(AccessEndNeeded)) && gp.begin(s, seq) {
		s.Requeue(0)
	}
}

// resetDelays begins a new count of zero delays. The live core would spend as long on a
// store that changes nothing as on a scan.
func (gp *GracePeriod) resetDelays() {
	if gp.undelayed.Load() != 0 {
		gp.undelayed.Store(0)
	}
}

// reschedule requeues the work if a grace period is needed, and starts that if none
// runs (srcu_reschedule).
func (gp *GracePeriod) reschedule(s Side, delay uint64) {
	seq := gp.load(AccessReschedule)
	if rcu.SeqGE(seq, gp.load(AccessRescheduleNeeded)) {
		return
	}
	if stateOf(seq) == Idle {
		gp.begin(s, seq)
	}
	s.Requeue(delay)
}
