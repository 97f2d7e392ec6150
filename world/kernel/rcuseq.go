package kernel

// Grace-period sequence numbers of vanilla RCU (kernel/rcu/rcu.h): the low two
// bits are the state, the rest counts.
const (
	seqState   = 3
	rcuInitial = ^uint64(0) - 300*(seqState+1) + 1 // RCU_GP_SEQ_INITIAL_VAL
)

func seqGE(a, b uint64) bool   { return a-b <= 1<<63-1 }
func seqSnap(s uint64) uint64  { return (s + 2*seqState + 1) &^ seqState }
func seqEnd(s uint64) uint64   { return (s | seqState) + 1 }
func seqRunning(s uint64) bool { return s&seqState != 0 }
func seqCount(s uint64) uint64 { return s >> 2 }
func seqDone(s, c uint64) bool { return seqGE(s, c) }
