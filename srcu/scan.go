package srcu

import (
	"sync/atomic"

	"github.com/gpstorm/gpstorm/rcu"
)

// Scan is one attempt to find a rank empty: sum the unlocks, order, sum the locks,
// compare (srcu_readers_active_idx_check). It remains the same Scan while a barrier
// that does not block waits for its grace period.
type Scan struct {
	// Rank is the rank being scanned.
	Rank int
	// Unlocks is the sum of unlock counters at the beginning of this attempt.
	Unlocks uint64
	// Expedited means that an expedited request covers this grace period.
	Expedited bool
	// Cookie belongs to the barrier: the RCU cookie that it polls.
	Cookie rcu.Cookie

	gp     *GracePeriod
	tries  int  // attempts left before giving up until a later run
	opened bool // the number of attempts was determined
	summed bool // Unlocks holds this attempt's sum
	asked  bool // First has returned true
	over   atomic.Bool
}

// First reports true once per attempt: the moment to start or post the grace period
// that the barrier waits for. Later calls for the same attempt, including those of
// spurious runs of the work item, report false.
func (sc *Scan) First() bool {
	first := !sc.asked
	sc.asked = true
	return first
}

// Delay returns the number of jiffies that the state machine would wait before its
// next check: it grows with the age of the grace period, up to ten
// (srcu_get_delay). Each call counts as one of the machine's own, whose number of
// zero delays is limited.
func (sc *Scan) Delay(s Side) uint64 { return sc.gp.delay(s) }

// Elapse records that the wait of the barrier has ended. It is safe in any context.
// Call it before Side.Requeue, so that the following run sees it.
func (sc *Scan) Elapse() { sc.over.Store(true) }

// Elapsed reports whether Elapse was called for this attempt.
func (sc *Scan) Elapsed() bool { return sc.over.Load() }

// reset prepares the next attempt.
func (sc *Scan) reset() {
	sc.summed, sc.asked = false, false
	sc.Cookie = 0
	if sc.over.Load() { // a store takes longer
		sc.over.Store(false)
	}
}
