package rcu

import "sync/atomic"

// Grace-period sequence numbers (kernel/rcu/rcu.h, rcu_seq_*). The low two bits are
// the phase of the running grace period, 0 if none runs; the upper bits are a
// counter. All comparisons are modular, since the counters wrap. Vanilla RCU, SRCU
// and the RCU of goroutines share this arithmetic.
const (
	// SeqPhase masks the phase (RCU_SEQ_STATE_MASK).
	SeqPhase = 3
	// SeqStep is the distance from one grace period to the next.
	SeqStep = SeqPhase + 1
)

// seqGuard is the largest distance of a valid cookie ahead of the sequence number.
// If the distance is larger, the counter has wrapped past the cookie
// (rcu_seq_done_exact).
const seqGuard = 2 * SeqStep

// SeqBefore returns the idle sequence number from which n grace periods lead to
// zero (RCU_GP_SEQ_INITIAL_VAL, SRCU_GP_SEQ_INITIAL_VAL). Counters begin there,
// so that errors at the wrap show early.
func SeqBefore(n uint64) uint64 { return -(n * SeqStep) }

// SeqGE reports whether a is b or later (ULONG_CMP_GE).
func SeqGE[T ~uint64](a, b T) bool { return a-b <= 1<<63-1 }

// SeqSnap returns the number that the sequence reaches when a full grace period
// that begins now has ended (rcu_seq_snap).
func SeqSnap(seq uint64) uint64 { return (seq + 2*SeqPhase + 1) &^ SeqPhase }

// SeqEnd returns the number that ends the running grace period (rcu_seq_endval).
func SeqEnd(seq uint64) uint64 { return (seq | SeqPhase) + 1 }

// SeqRunning reports whether a grace period runs (rcu_seq_state).
func SeqRunning(seq uint64) bool { return seq&SeqPhase != 0 }

// SeqCount returns the number of grace periods that have begun before the
// running one (rcu_seq_ctr).
func SeqCount(seq uint64) uint64 { return seq / SeqStep }

// SeqDone reports whether the sequence has reached cookie (rcu_seq_done).
func SeqDone(seq, cookie uint64) bool { return SeqGE(seq, cookie) }

// SeqDoneExact is SeqDone, and also true for a cookie so old that the counter has
// wrapped past it (rcu_seq_done_exact).
func SeqDoneExact(seq, cookie uint64) bool {
	return SeqGE(seq, cookie) || !SeqGE(seq, cookie-seqGuard)
}

// seqRaise sets *mark to seq unless it is there or beyond.
func seqRaise(mark *atomic.Uint64, seq uint64) {
	for {
		old := mark.Load()
		if SeqGE(old, seq) || mark.CompareAndSwap(old, seq) {
			return
		}
	}
}
