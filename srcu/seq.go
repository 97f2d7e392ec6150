package srcu

import "github.com/gpstorm/gpstorm/rcu"

// Cookie names the end of an SRCU grace period. It is the value returned by
// get_state_synchronize_srcu() and start_poll_synchronize_srcu()
// (kernel/rcu/srcutree.c). Zero is an ordinary cookie: the counters start at a
// negative value and pass through it after 100 grace periods.
type Cookie uint64

// completed is the cookie that is always done (SRCU_GET_STATE_COMPLETED).
const completed Cookie = 0x1

// State is the phase of the running grace period: the low two bits of the
// grace-period sequence number (SRCU_STATE_*).
type State uint8

// The phases of an SRCU grace period.
const (
	Idle  State = 0 // no grace period is running
	Scan1 State = 1 // waiting for readers on the rank that is not current
	Scan2 State = 2 // flipped; waiting for readers on the rank that was current
)

func (s State) String() string {
	switch s {
	case Idle:
		return "idle"
	case Scan1:
		return "scan1"
	case Scan2:
		return "scan2"
	}
	return "invalid"
}

// initialSeq is 100 grace periods before the wrap (SRCU_GP_SEQ_INITIAL_VAL).
var initialSeq = rcu.SeqBefore(100)

func stateOf(seq uint64) State { return State(seq & rcu.SeqPhase) }
