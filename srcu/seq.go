package srcu

// Cookie names the end of an SRCU grace period. It is the value returned by
// get_state_synchronize_srcu() and start_poll_synchronize_srcu()
// (kernel/rcu/srcutree.c). Zero is an ordinary cookie: the counters start at a
// negative value and pass through it after 100 grace periods.
type Cookie uint64

// Completed is the cookie that is done from the start
// (SRCU_GET_STATE_COMPLETED).
const Completed Cookie = 0x1

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

const (
	stateMask = 3
	seqStep   = stateMask + 1
	// initialSeq wraps after 100 grace periods, so that wrap bugs show early
	// (SRCU_GP_SEQ_INITIAL_VAL).
	initialSeq = ^uint64(0) - 100*seqStep + 1
	// guardBand: a cookie from the future by more than two grace periods is
	// taken for a wrapped old one (rcu_seq_done_exact).
	guardBand = 2 * seqStep
)

// atLeast is the modular a >= b (ULONG_CMP_GE).
func atLeast(a, b uint64) bool { return a-b <= 1<<63-1 }

func stateOf(seq uint64) State { return State(seq & stateMask) }

// snap is the sequence number at which a full grace period that begins now
// will have ended (rcu_seq_snap).
func snap(seq uint64) Cookie { return Cookie((seq + 2*stateMask + 1) &^ stateMask) }

// done reports whether seq has reached c, taking a cookie from far in the
// future for one that wrapped (rcu_seq_done_exact).
func done(seq uint64, c Cookie) bool {
	return c == Completed || atLeast(seq, uint64(c)) || !atLeast(seq, uint64(c)-guardBand)
}
