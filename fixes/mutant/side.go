package mutant

import (
	"runtime"
	"sync/atomic"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world/kernel"
	"github.com/gpstorm/gpstorm/world/order"
)

// scans are bugs in the two scans of an SRCU grace period.
var scans = []Mutant{
	control(safety("busted-scan", "a scan compares the sum of unlocks with itself and orders nothing, so that it waits for no reader", "baseline",
		fixes.Fix{Side: blind, Barrier: fixes.Fenced, WithoutRCU: fixes.TasksTraceDomain | fixes.TracepointDomain}).
		unsafe(trial.GracePeriodTooShort)),
	safety("rcu-only", "a scan is only its RCU grace period: it does not look at the counters", "baseline", fixes.Fix{Side: blind}).
		unsafe(trial.GracePeriodTooShort),
	safety("no-first-scan", "the grace period begins with the flip", "membarrier",
		fixes.Fix{Side: blindFirst, Barrier: fixes.Membarrier, WithoutRCU: withoutRCU}).
		unsafe(trial.ScanMissing).
		live("", Yielding),
	safety("scan1-snapshot", "the first scan uses sums from the end of the last grace period, if they show no readers", "baseline", fixes.Fix{Side: snapshotFirst}).
		unsafe(trial.ScanMissing),
	safety("no-second-scan", "the grace period ends with the flip", "baseline", fixes.Fix{Side: blindSecond}).
		unsafe(trial.GracePeriodTooShort).
		order(order.SC, order.ShortGrace).
		live("membarrier", Plain),
	safety("no-flip", "the flip exchanges no ranks: both scans look at the idle one", "baseline", fixes.Fix{Side: unflipped}).
		unsafe(trial.GracePeriodTooShort).
		order(order.SC, order.ShortGrace).
		live("membarrier", Plain),
	safety("wrong-rank", "the second scan looks at the rank of the new readers", "baseline", fixes.Fix{Side: wrongRank}).
		unsafe(trial.GracePeriodTooShort),
	safety("frozen-rank", "scans take rank 0 for the current one at all times", "baseline", fixes.Fix{Side: frozenRank}).
		unsafe(trial.ProbesFreedInUse),
	safety("locks-first", "a scan sums the locks before the unlocks", "asyncfree", fixes.Fix{Side: reversed, Teardown: fixes.Deferred}).
		unsafe(trial.ProbesFreedInUse),
	safety("locks-before-unlocks", "a scan sums the locks some time before the unlocks", "membarrier",
		fixes.Fix{Side: locksFirst, Barrier: fixes.Membarrier, WithoutRCU: withoutRCU}).
		live("", Yielding),
	safety("sums-before-x", "both sums are taken before the wait, the locks first", "baseline", fixes.Fix{Side: sumsFirst}).
		order(order.SC, order.ShortGrace).with(twoReaders),
	safety("gives-up", "after three attempts a scan takes its rank for empty", "baseline", fixes.Fix{Side: givesUp}).
		unsafe(trial.GracePeriodTooShort),
	safety("expedited-blind", "an expedited grace period does not look for readers", "baseline",
		fixes.Fix{Machine: machine(func(gp *srcu.GracePeriod) srcu.Machine { return &expeditedBlind{GracePeriod: gp} })}).
		unsafe(trial.GracePeriodTooShort),
	safety("cpu-unsummed", "the sums leave out the last CPU", "baseline", fixes.Fix{Side: lastUnsummed}).
		unsafe(trial.GracePeriodTooShort),
	liveness("stale-unlocks", "the unlocks are summed once for each scan, not for each attempt", "baseline", fixes.Fix{Side: stale}).
		waits(trial.LostWakeup, trial.ScansInVain),
	liveness("poll-keeps-unlocks", "after a mismatch only the locks are summed again", "poll", fixes.Fix{Side: keepUnlocks}).
		order(order.SC, order.Livelock),
}

// withoutRCU contains the domains whose RCU grace periods a mutant of membarrier
// gives up, as membarrier does.
const withoutRCU = fixes.TasksTraceDomain | fixes.TracepointDomain

func control(m Mutant) Mutant {
	m.Control = fixes.MustBeUnsafe
	return m
}

// blind is a side on which both sums of a scan are equal even with readers inside.
func blind(s srcu.Side) srcu.Side { return &blindSide{Side: s} }

type blindSide struct {
	srcu.Side
	sum uint64
}

func (b *blindSide) Unlocks(rank int) uint64 {
	b.sum = b.Side.Unlocks(rank)
	return b.sum
}

func (b *blindSide) Locks(int) uint64 { return b.sum }

// blindFirst and blindSecond are blind in the scan before the flip, and after it.
func blindFirst(s srcu.Side) srcu.Side { return &blindOnceSide{blindSide: blindSide{Side: s}} }

func blindSecond(s srcu.Side) srcu.Side {
	return &blindOnceSide{blindSide: blindSide{Side: s}, second: true}
}

type blindOnceSide struct {
	blindSide
	second, flipped bool
}

func (b *blindOnceSide) Locks(rank int) uint64 {
	if b.flipped == b.second {
		return b.blindSide.Locks(rank)
	}
	return b.Side.Locks(rank)
}

func (b *blindOnceSide) Flip() {
	b.flipped = true
	b.Side.Flip()
}

func (b *blindOnceSide) Ended(jiffies uint64) {
	b.flipped = false
	b.Side.Ended(jiffies)
}

// snapshotFirst is a side whose sums in the first scan are those of the idle rank at the
// end of the last grace period, if they are equal.
func snapshotFirst(s srcu.Side) srcu.Side { return &snapshotFirstSide{Side: s} }

type snapshotFirstSide struct {
	srcu.Side
	sum   uint64
	valid bool
}

func (s *snapshotFirstSide) Ended(jiffies uint64) {
	s.Side.Ended(jiffies)
	idle := 1 - s.Current()
	s.sum = s.Side.Unlocks(idle)
	s.valid = s.Side.Locks(idle) == s.sum
}

func (s *snapshotFirstSide) Unlocks(rank int) uint64 {
	if s.valid {
		return s.sum
	}
	return s.Side.Unlocks(rank)
}

func (s *snapshotFirstSide) Locks(rank int) uint64 {
	if s.valid {
		return s.sum
	}
	return s.Side.Locks(rank)
}

func (s *snapshotFirstSide) Flip() {
	s.valid = false
	s.Side.Flip()
}

// unflipped is a side whose flip changes nothing.
func unflipped(s srcu.Side) srcu.Side { return unflippedSide{s} }

type unflippedSide struct{ srcu.Side }

func (unflippedSide) Flip() {}

// wrongRank is a side whose sums after the flip use the rank of new readers.
func wrongRank(s srcu.Side) srcu.Side { return &wrongRankSide{Side: s} }

type wrongRankSide struct {
	srcu.Side
	flipped int
}

func (w *wrongRankSide) Unlocks(rank int) uint64 { return w.Side.Unlocks(rank ^ w.flipped) }
func (w *wrongRankSide) Locks(rank int) uint64   { return w.Side.Locks(rank ^ w.flipped) }

func (w *wrongRankSide) Flip() {
	w.flipped = 1
	w.Side.Flip()
}

func (w *wrongRankSide) Ended(jiffies uint64) {
	w.flipped = 0
	w.Side.Ended(jiffies)
}

// frozenRank is a side that always returns the same current rank.
func frozenRank(s srcu.Side) srcu.Side { return frozenRankSide{s} }

type frozenRankSide struct{ srcu.Side }

func (frozenRankSide) Current() int { return 0 }

// givesUp is a side that reports a rank empty after a few attempts.
func givesUp(s srcu.Side) srcu.Side { return &givesUpSide{Side: s} }

type givesUpSide struct {
	srcu.Side
	unlocks uint64
	tries   int
}

const patience = 3

func (i *givesUpSide) Unlocks(rank int) uint64 {
	i.unlocks = i.Side.Unlocks(rank)
	return i.unlocks
}

func (i *givesUpSide) Locks(rank int) uint64 {
	locks := i.Side.Locks(rank)
	if i.tries++; i.tries > patience {
		locks = i.unlocks
	}
	if locks == i.unlocks {
		i.tries = 0
	}
	return locks
}

// stale is a side that sums the unlocks once per scan instead of once per attempt.
func stale(s srcu.Side) srcu.Side { return &staleSide{Side: s} }

type staleSide struct {
	srcu.Side
	unlocks uint64
	kept    bool
}

func (s *staleSide) Unlocks(rank int) uint64 {
	if !s.kept {
		s.unlocks, s.kept = s.Side.Unlocks(rank), true
	}
	return s.unlocks
}

func (s *staleSide) Flip() {
	s.kept = false
	s.Side.Flip()
}

func (s *staleSide) Ended(jiffies uint64) {
	s.kept = false
	s.Side.Ended(jiffies)
}

// reversed is a side that sums the locks before the unlocks.
func reversed(s srcu.Side) srcu.Side { return reversedSide{s} }

type reversedSide struct{ srcu.Side }

func (r reversedSide) Unlocks(rank int) uint64 { return r.Side.Locks(rank) }
func (r reversedSide) Locks(rank int) uint64   { return r.Side.Unlocks(rank) }

// muteExpedited is a side that does not schedule the callbacks of an expedited
// grace period.
func muteExpedited(s srcu.Side) srcu.Side { return muteExpeditedSide{s} }

type muteExpeditedSide struct{ srcu.Side }

func (m muteExpeditedSide) Ended(jiffies uint64) {
	if jiffies > 0 {
		m.Side.Ended(jiffies)
	}
}

// lastUnsummed is a side whose sums leave out the last CPU. Without access to the
// counters of one CPU it returns s.
func lastUnsummed(s srcu.Side) srcu.Side {
	if c, ok := s.(kernel.Counters); ok {
		return lastUnsummedSide{c}
	}
	return s
}

type lastUnsummedSide struct{ kernel.Counters }

func (l lastUnsummedSide) Unlocks(rank int) uint64 {
	return l.Counters.Unlocks(rank) - l.UnlocksOn(l.CPUs()-1, rank)
}

func (l lastUnsummedSide) Locks(rank int) uint64 {
	return l.Counters.Locks(rank) - l.LocksOn(l.CPUs()-1, rank)
}

// sumsFirst sums both counters before the barrier, locks first.
func sumsFirst(s srcu.Side) srcu.Side { return &sumsFirstSide{Side: s} }

type sumsFirstSide struct {
	srcu.Side
	locks uint64
}

func (l *sumsFirstSide) Unlocks(rank int) uint64 {
	l.locks = l.Side.Locks(rank)
	return l.Side.Unlocks(rank)
}

func (l *sumsFirstSide) Locks(int) uint64 { return l.locks }

// locksFirst sums the locks before the unlocks, with time between them.
func locksFirst(s srcu.Side) srcu.Side { return &locksFirstSide{sumsFirstSide{Side: s}} }

type locksFirstSide struct{ sumsFirstSide }

func (l *locksFirstSide) Unlocks(rank int) uint64 {
	l.locks = l.Side.Locks(rank)
	runtime.Gosched()
	return l.Side.Unlocks(rank)
}

// keepUnlocks sums the unlocks of a rank once and reuses the sum.
func keepUnlocks(s srcu.Side) srcu.Side { return &keepUnlocksSide{Side: s} }

type keepUnlocksSide struct {
	srcu.Side
	kept [2]bool
	sum  [2]uint64
}

func (k *keepUnlocksSide) Unlocks(rank int) uint64 {
	if !k.kept[rank] {
		k.kept[rank], k.sum[rank] = true, k.Side.Unlocks(rank)
	}
	return k.sum[rank]
}

// before calls a function before every sum of unlocks.
func before(do func(srcu.Side)) func(srcu.Side) srcu.Side {
	return func(s srcu.Side) srcu.Side { return &beforeSide{s, do} }
}

type beforeSide struct {
	srcu.Side
	do func(srcu.Side)
}

func (b *beforeSide) Unlocks(rank int) uint64 {
	b.do(b.Side)
	return b.Side.Unlocks(rank)
}

// loseEnds is a side on which every eighth end of a grace period wakes nobody.
func loseEnds(s srcu.Side) srcu.Side { return &loseEndsSide{Side: s} }

type loseEndsSide struct {
	srcu.Side
	n atomic.Uint64
}

func (l *loseEndsSide) Ended(jiffies uint64) {
	if l.n.Add(1)%8 != 0 {
		l.Side.Ended(jiffies)
	}
}

// loseRequeues is a side that drops every 64th request to run the machine again.
func loseRequeues(s srcu.Side) srcu.Side { return &loseRequeuesSide{Side: s} }

type loseRequeuesSide struct {
	srcu.Side
	n atomic.Uint64
}

func (l *loseRequeuesSide) Requeue(jiffies uint64) {
	if l.n.Add(1)%64 != 0 {
		l.Side.Requeue(jiffies)
	}
}

// deaf is a side on which Requeue queues no work.
type deaf struct{ srcu.Side }

func (deaf) Requeue(uint64) {}
