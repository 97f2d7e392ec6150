package srcu

import (
	"sync/atomic"

	"github.com/gpstorm/gpstorm/rcu"
)

// Scan is one attempt to see a rank empty: sum the unlocks, order, sum the
// locks, compare (srcu_readers_active_idx_check). It stays the same Scan while
// a barrier that does not block waits for its grace period.
type Scan struct {
	// Rank is the rank being scanned.
	Rank int
	// Unlocks is the sum of unlock counters that this attempt began with.
	Unlocks uint64
	// Expedited: an expedited request covers this grace period.
	Expedited bool
	// Cookie is the barrier's own: the RCU cookie it polls.
	Cookie rcu.Cookie

	gp     *GracePeriod
	tries  int  // attempts left before giving up until a later run
	opened bool // the attempts were counted out
	summed bool // Unlocks holds this attempt's sum
	asked  bool // First has returned true
	over   atomic.Bool
}

// First reports true once per attempt: the moment to start or post the grace
// period that the barrier waits for. Later calls for the same attempt, which
// include spurious runs of the work item, report false.
func (sc *Scan) First() bool {
	first := !sc.asked
	sc.asked = true
	return first
}

// Delay is how many jiffies the state machine itself would let pass before its next
// look: it grows with the age of the grace period, up to ten (srcu_get_delay). Each
// call counts as one of the machine's own, which are bounded while they are zero.
func (sc *Scan) Delay(s Side) uint64 { return sc.gp.delay(s) }

// Elapse records that the wait of the barrier is over. Safe from any
// context. Call it before Side.Requeue, so that the run which follows sees it.
func (sc *Scan) Elapse() { sc.over.Store(true) }

// Elapsed reports whether Elapse was called for this attempt.
func (sc *Scan) Elapsed() bool { return sc.over.Load() }

// reset prepares the next attempt.
func (sc *Scan) reset() {
	sc.summed, sc.asked = false, false
	sc.Cookie = 0
	sc.over.Store(false)
}
