package live

import (
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
)

// Broken is a core that is broken on purpose, to show that the torture sees it.
// It enters through the seams of a Config.
type Broken struct {
	fixes.Fix
	Unlock func(srcu.Ticket) srcu.Ticket
	// Needs says what of the torture reveals it.
	Needs Needs
}

// Needs is what a bug takes to be seen.
type Needs string

// The needs.
const (
	Plain     Needs = ""          // any torture
	Amplified Needs = "amplify"   // the amplifier, and two CPUs at once
	Yielding  Needs = "yield"     // pauses at the weak points
	OrderOnly Needs = "the order" // world: amd64 does not show it, or far too seldom
)

// BrokenCores returns the planted bugs, in display order.
func BrokenCores() []Broken { return slices.Clone(broken) }

// LookupBroken returns the one of that name.
func LookupBroken(name string) (Broken, bool) {
	i := slices.IndexFunc(broken, func(b Broken) bool { return b.Name == name })
	if i < 0 {
		return Broken{}, false
	}
	return broken[i], true
}

const planted = "planted bug"

var broken = []Broken{
	{Fix: fixes.Fix{
		Name: "no-heavy-barrier", Source: planted, Barrier: noBarrier,
		Claim: "the scan orders its sums not at all",
	}, Needs: Amplified},
	{Fix: fixes.Fix{
		Name: "updater-fence-only", Source: planted, Barrier: fixes.Fenced,
		Claim: "the scan executes a full barrier on its own CPU only",
	}, Needs: Amplified},
	{Fix: fixes.Fix{
		Name: "no-flip", Source: planted,
		Barrier: fixes.Membarrier, Side: func(s srcu.Side) srcu.Side { return noFlip{s} },
		Claim: "the ranks are never exchanged: both scans look at the idle one",
	}},
	{Fix: fixes.Fix{
		Name: "no-second-scan", Source: planted,
		Barrier: fixes.Membarrier, Side: func(s srcu.Side) srcu.Side { return &oneScan{Side: s, skip: 1} },
		Claim: "the grace period ends with the flip",
	}},
	{Fix: fixes.Fix{
		Name: "no-first-scan", Source: planted,
		Barrier: fixes.Membarrier, Side: func(s srcu.Side) srcu.Side { return &oneScan{Side: s, skip: 0} },
		Claim: "the grace period begins with the flip",
	}, Needs: Yielding},
	{Fix: fixes.Fix{
		Name: "locks-before-unlocks", Source: planted,
		Barrier: fixes.Membarrier, Side: func(s srcu.Side) srcu.Side { return &locksFirst{Side: s} },
		Claim: "a scan sums the locks some time before the unlocks",
	}, Needs: Yielding},
	{Fix: fixes.Fix{
		Name: "barrier-before-unlocks", Source: planted,
		Barrier: noBarrier, Side: func(s srcu.Side) srcu.Side { return earlyBarrier{s} },
		Claim: "the heavy barrier comes before the sum of the unlocks, not after",
	}, Needs: OrderOnly},
	{Fix: fixes.Fix{
		Name: "early-end", Source: planted,
		Barrier: fixes.Membarrier,
		Machine: func(b srcu.Barrier, p srcu.Pace) srcu.Machine { return earlyEnd{srcu.New(b, p)} },
		Claim:   "the cookie is the end of the running grace period, not of the next",
	}},
	{Fix: fixes.Fix{
		Name: "unlock-wrong-rank", Source: planted, Barrier: fixes.Membarrier,
		Claim: "one section in 64 ends on the rank that it did not begin on",
	}, Unlock: wrongRank()},
	{Fix: fixes.Fix{
		Name: "lost-wakeup", Source: planted,
		Barrier: fixes.Membarrier, Side: func(s srcu.Side) srcu.Side { return &lostWakeup{Side: s} },
		Claim: "one ended grace period in 8 wakes nobody, and is not told again",
	}},
	{Fix: fixes.Fix{
		Name: "lost-requeue", Source: planted,
		Barrier: fixes.Membarrier, Side: func(s srcu.Side) srcu.Side { return &lostRequeue{Side: s} },
		Claim: "one request in 64 to run the machine again is dropped",
	}},
}

func noBarrier() srcu.Barrier {
	return srcu.BarrierFunc(func(srcu.Side, *srcu.Scan) bool { return true })
}

type noFlip struct{ srcu.Side }

func (noFlip) Flip() {}

// oneScan makes one of the two scans of a grace period see nobody.
type oneScan struct {
	srcu.Side
	skip  int // 0 the first, 1 the second
	phase int // scans begun in this grace period
}

func (s *oneScan) Flip() {
	s.phase = 1
	s.Side.Flip()
}

func (s *oneScan) Ended(jiffies uint64) {
	if jiffies > 0 {
		s.phase = 0
	}
	s.Side.Ended(jiffies)
}

func (s *oneScan) Unlocks(rank int) uint64 {
	if s.phase == s.skip {
		return 0
	}
	return s.Side.Unlocks(rank)
}

func (s *oneScan) Locks(rank int) uint64 {
	if s.phase == s.skip {
		return 0
	}
	return s.Side.Locks(rank)
}

// locksFirst sums in the wrong order.
type locksFirst struct {
	srcu.Side
	locks uint64
}

func (s *locksFirst) Unlocks(rank int) uint64 {
	s.locks = s.Side.Locks(rank)
	runtime.Gosched()
	return s.Side.Unlocks(rank)
}

func (s *locksFirst) Locks(int) uint64 { return s.locks }

// earlyBarrier puts the heavy barrier where it orders nothing.
type earlyBarrier struct{ srcu.Side }

func (s earlyBarrier) Unlocks(rank int) uint64 {
	s.FenceAll()
	return s.Side.Unlocks(rank)
}

// earlyEnd takes the grace period that runs already for a full one.
type earlyEnd struct{ *srcu.GracePeriod }

func (m earlyEnd) Snapshot() srcu.Cookie {
	c := m.GracePeriod.Snapshot()
	if m.State() != srcu.Idle {
		c -= 4
	}
	return c
}

func wrongRank() func(srcu.Ticket) srcu.Ticket {
	var n atomic.Uint64
	return func(t srcu.Ticket) srcu.Ticket {
		if n.Add(1)%64 == 0 {
			return t ^ 1
		}
		return t
	}
}

type lostWakeup struct {
	srcu.Side
	n atomic.Uint64
}

func (s *lostWakeup) Ended(jiffies uint64) {
	if s.n.Add(1)%8 != 0 {
		s.Side.Ended(jiffies)
	}
}

type lostRequeue struct {
	srcu.Side
	n atomic.Uint64
}

func (s *lostRequeue) Requeue(jiffies uint64) {
	if s.n.Add(1)%64 != 0 {
		s.Side.Requeue(jiffies)
	}
}
