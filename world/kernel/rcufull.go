package kernel

import (
	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/trial"
)

// rcuMark is a snapshot of vanilla RCU's sequence numbers.
type rcuMark struct{ normal, exp uint64 }

func (k *kernel) rcuMark() rcuMark {
	return rcuMark{rcu.SeqSnap(k.rcu.seq), rcu.SeqSnap(k.rcu.exp.seq)}
}

// fullSince reports whether a whole grace period, normal or expedited, has started
// and ended since.
func (k *kernel) fullSince(m rcuMark) bool {
	return rcu.SeqDone(k.rcu.seq, m.normal) || rcu.SeqDone(k.rcu.exp.seq, m.exp)
}

// checkFull checks that a whole grace period has passed since m.
func (k *kernel) checkFull(what string, m rcuMark) {
	if !k.fullSince(m) {
		k.unsafe(trial.RCUWaitTooShort, "%s over without an RCU grace period that began and ended meanwhile", what)
	}
}
