package mutant

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
)

// costs are bugs that are harmless but cost more than the candidate states.
var costs = []Mutant{
	liveness("waits-twice", "a scan waits for two grace periods, one after the other", "baseline", fixes.Fix{Barrier: waitsTwice}).
		costs(trial.ScanCostsMore),
	liveness("poll-spins", "a poll that fails looks again without a delay", "poll", fixes.Fix{Barrier: pollSpins}).
		costs(trial.WorkerSpins),
	liveness("both-ranks", "a scan waits for the readers of both ranks, and so for those to come", "baseline", fixes.Fix{Side: bothRanks}).
		costs(trial.WaitsForNew),
	liveness("frees-later", "close() leaves the freeing to a callback, and states no number of events that are left to be freed", "baseline", fixes.Fix{Teardown: fixes.FreeLater}).
		costs(trial.HeldTooMany),
	liveness("late-retries", "a scan is retried after twice the delay", "baseline", fixes.Fix{Side: lateRetries}).
		costs(trial.WaitsTooLong),
	safety("late-look", "the end of a grace period posts an RCU callback that looks at the domain once more", "baseline", fixes.Fix{Side: lateLook}).
		unsafe(trial.DestroyedInUse),
	safety("posts-again", "each look posts the RCU callback, whether or not the last one has run", "callrcu", fixes.Fix{Barrier: postsAgain}).
		unsafe(trial.PostedTwice),
}

// costs adds the oracle of the virtual kernel that detects the mutant's costs.
func (m Mutant) costs(o trial.Oracle) Mutant {
	return m.kernel(trial.Signature{Diagnosis: trial.Slow, Oracle: o})
}

func waitsTwice() srcu.Barrier {
	return srcu.BarrierFunc(func(s srcu.Side, scan *srcu.Scan) bool {
		for range 2 {
			fixes.Blocking().Order(s, scan)
		}
		return true
	})
}

func pollSpins() srcu.Barrier {
	return srcu.BarrierFunc(func(s srcu.Side, scan *srcu.Scan) bool {
		if scan.First() {
			scan.Cookie = s.RCU().Start()
		}
		if s.RCU().Done(scan.Cookie) {
			return true
		}
		s.RCU().Start()
		s.Requeue(0)
		return false
	})
}

func postsAgain() srcu.Barrier {
	posts := strayCallback()
	return srcu.BarrierFunc(func(s srcu.Side, scan *srcu.Scan) bool {
		over := posts.Order(s, scan)
		if !over {
			s.Requeue(1)
		}
		return over
	})
}

func bothRanks(s srcu.Side) srcu.Side { return bothRanksSide{s} }

type bothRanksSide struct{ srcu.Side }

func (b bothRanksSide) Unlocks(int) uint64 { return b.Side.Unlocks(0) + b.Side.Unlocks(1) }
func (b bothRanksSide) Locks(int) uint64   { return b.Side.Locks(0) + b.Side.Locks(1) }

func lateRetries(s srcu.Side) srcu.Side { return lateRetriesSide{s} }

type lateRetriesSide struct{ srcu.Side }

func (l lateRetriesSide) Requeue(jiffies uint64) { l.Side.Requeue(2 * jiffies) }

func lateLook(s srcu.Side) srcu.Side { return lateLookSide{s} }

type lateLookSide struct{ srcu.Side }

func (l lateLookSide) Ended(jiffies uint64) {
	l.Side.Ended(jiffies)
	l.RCU().Call(func() { l.Requeue(0) })
}
