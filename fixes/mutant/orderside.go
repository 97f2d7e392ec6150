package mutant

import "github.com/gpstorm/gpstorm/srcu"

// before runs something before every sum of unlocks.
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

// locksFirst sums both counters before the barrier, locks first.
func locksFirst(s srcu.Side) srcu.Side { return &locksFirstSide{Side: s} }

type locksFirstSide struct {
	srcu.Side
	locks uint64
}

func (l *locksFirstSide) Unlocks(rank int) uint64 {
	l.locks = l.Side.Locks(rank)
	return l.Side.Unlocks(rank)
}

func (l *locksFirstSide) Locks(int) uint64 { return l.locks }

// blindAfterFlip compares the second scan's sum with itself.
func blindAfterFlip(s srcu.Side) srcu.Side { return &blindAfterFlipSide{Side: s} }

type blindAfterFlipSide struct {
	srcu.Side
	flipped bool
	sum     uint64
}

func (b *blindAfterFlipSide) Flip() {
	b.flipped = true
	b.Side.Flip()
}

func (b *blindAfterFlipSide) Ended(jiffies uint64) {
	b.flipped = false
	b.Side.Ended(jiffies)
}

func (b *blindAfterFlipSide) Unlocks(rank int) uint64 {
	b.sum = b.Side.Unlocks(rank)
	return b.sum
}

func (b *blindAfterFlipSide) Locks(rank int) uint64 {
	if b.flipped {
		return b.sum
	}
	return b.Side.Locks(rank)
}

func noFlip(s srcu.Side) srcu.Side { return noFlipSide{s} }

type noFlipSide struct{ srcu.Side }

func (noFlipSide) Flip() {}

// keepUnlocks sums the unlocks of a rank once and then keeps the sum.
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

// shortCookie takes the end of the grace period under way for enough.
func shortCookie(b srcu.Barrier, p srcu.Pace) srcu.Machine {
	return shortCookieMachine{srcu.New(b, p)}
}

type shortCookieMachine struct{ *srcu.GracePeriod }

func (m shortCookieMachine) Snapshot() srcu.Cookie {
	if m.State() == srcu.Idle {
		return m.GracePeriod.Snapshot()
	}
	return m.GracePeriod.Snapshot() - 4
}

// earlyDone takes a cookie for done when the grace period before it is.
func earlyDone(b srcu.Barrier, p srcu.Pace) srcu.Machine { return earlyDoneMachine{srcu.New(b, p)} }

type earlyDoneMachine struct{ *srcu.GracePeriod }

func (m earlyDoneMachine) Done(c srcu.Cookie) bool { return m.GracePeriod.Done(c - 4) }

// noRetry drops what a run of the work queues for itself.
func noRetry(b srcu.Barrier, p srcu.Pace) srcu.Machine { return &noRetryMachine{srcu.New(b, p)} }

type noRetryMachine struct{ *srcu.GracePeriod }

func (m *noRetryMachine) Process(s srcu.Side) { m.GracePeriod.Process(muteSide{s}) }

type muteSide struct{ srcu.Side }

func (muteSide) Requeue(uint64) {}

// dropRequest ignores a request that finds a grace period running.
func dropRequest(b srcu.Barrier, p srcu.Pace) srcu.Machine {
	return dropRequestMachine{srcu.New(b, p)}
}

type dropRequestMachine struct{ *srcu.GracePeriod }

func (m dropRequestMachine) Request(s srcu.Side, c srcu.Cookie, expedited bool) {
	if m.State() == srcu.Idle {
		m.GracePeriod.Request(s, c, expedited)
	}
}
