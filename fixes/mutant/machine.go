package mutant

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world/kernel"
	"github.com/gpstorm/gpstorm/world/order"
)

// sequences are bugs in the sequence numbers of an SRCU grace period.
var sequences = []Mutant{
	safety("short-snap", "a grace period that is running counts as a full one", "asyncfree",
		fixes.Fix{Machine: machine(func(gp *srcu.GracePeriod) srcu.Machine { return shortSnap{gp} })}).
		unsafe(trial.ContainsNoRCU).
		order(order.SC, order.ShortGrace).with(priorGP).
		live("membarrier", Plain),
	safety("done-before", "a cookie is done when the grace period before its own is", "baseline",
		fixes.Fix{Machine: machine(func(gp *srcu.GracePeriod) srcu.Machine { return doneBefore{gp} })}).
		unsafe(trial.ContainsNoRCU).
		order(order.SC, order.ShortGrace).with(priorGP),
	safety("narrow-cookie", "cookies are kept in 32 bits", "baseline",
		fixes.Fix{Machine: machine(func(gp *srcu.GracePeriod) srcu.Machine { return narrow{gp} })}).
		unsafe(trial.ContainsNoRCU),
	safety("zero-done", "cookie 0 counts as one that was never set, so it is done", "baseline",
		fixes.Fix{Machine: machine(func(gp *srcu.GracePeriod) srcu.Machine { return zeroDone{gp} })}).
		unsafe(trial.ContainsNoRCU),
	safety("plain-done", "cookies are compared without regard to wrapping", "baseline",
		fixes.Fix{Machine: machine(func(gp *srcu.GracePeriod) srcu.Machine { return plainCompare{gp} })}).
		unsafe(trial.ContainsNoRCU),
	liveness("zero-unasked", "a request for cookie 0 counts as none", "baseline",
		fixes.Fix{Machine: machine(func(gp *srcu.GracePeriod) srcu.Machine { return zeroUnasked{gp} })}).
		waits(trial.LostWakeup, trial.CallbacksForgotten),
	liveness("plain-needed", "what is needed is compared without regard to wrapping", "baseline",
		fixes.Fix{Machine: machine(func(gp *srcu.GracePeriod) srcu.Machine { return &plainNeeded{GracePeriod: gp} })}).
		waits(trial.LostWakeup, trial.CallbacksForgotten),
}

// work are bugs in the work item that advances an SRCU grace period.
var work = []Mutant{
	liveness("blocked-forgotten", "a scan that finds readers inside does not queue the work again", "baseline",
		fixes.Fix{Machine: machine(func(gp *srcu.GracePeriod) srcu.Machine { return blockedForgotten{gp} })}).
		waits(trial.LostWakeup, trial.DomainNotDriven),
	liveness("retry-not-queued", "a scan that saw readers does not queue the work again, nor does anything else in that run", "baseline",
		fixes.Fix{Machine: machine(func(gp *srcu.GracePeriod) srcu.Machine { return retryForgotten{gp} })}).
		order(order.SC, order.LostWakeup),
	liveness("end-forgotten", "the end of a grace period begins the next one and queues no work for it", "baseline",
		fixes.Fix{Machine: machine(func(gp *srcu.GracePeriod) srcu.Machine { return endForgotten{gp} })}).
		waits(trial.LostWakeup, trial.DomainNotDriven),
	liveness("busy-forgotten", "a request that finds a grace period running is dropped", "baseline",
		fixes.Fix{Machine: machine(func(gp *srcu.GracePeriod) srcu.Machine { return busyForgotten{gp} })}).
		waits(trial.LostWakeup, trial.CallbacksForgotten).
		order(order.SC, order.LostWakeup).with(priorGP),
	liveness("short-request", "a request that finds a grace period running asks for the end of that one", "baseline",
		fixes.Fix{Machine: machine(func(gp *srcu.GracePeriod) srcu.Machine { return shortRequest{gp} })}).
		waits(trial.LostWakeup, trial.CallbacksForgotten),
	liveness("expedited-unqueued", "an expedited request queues no work", "baseline",
		fixes.Fix{Machine: machine(func(gp *srcu.GracePeriod) srcu.Machine { return expeditedUnqueued{gp} })}).
		waits(trial.LostWakeup, trial.DomainNotDriven),
	liveness("interrupt-post-dropped", "a callback that an interrupt posts while its CPU works on the domain is dropped, as call_srcu() of 7.4 drops one while it queues others", "baseline",
		in("baseline", always(kernel.InterruptPostKept, false))).
		kernel(trial.Signature{Diagnosis: trial.LostWakeup, Oracle: trial.CallbackLost}),
	liveness("expedited-mute", "the callbacks of an expedited grace period are not scheduled", "baseline", fixes.Fix{Side: muteExpedited}).
		waits(trial.LostWakeup, trial.CallbacksForgotten),
	liveness("lost-wakeup", "one ended grace period in 8 wakes no one", "membarrier",
		fixes.Fix{Side: loseEnds, Barrier: fixes.Membarrier, WithoutRCU: withoutRCU}).
		live("", Plain),
	liveness("lost-requeue", "one request in 64 to run the machine again is dropped", "membarrier",
		fixes.Fix{Side: loseRequeues, Barrier: fixes.Membarrier, WithoutRCU: withoutRCU}).
		live("", Plain),
}

// gracePeriod is the distance between the cookies of two grace periods, one
// after the other.
const gracePeriod srcu.Cookie = 4

// machine makes a broken machine from the real one.
func machine[M srcu.Machine](broken func(*srcu.GracePeriod) M) func(srcu.Barrier, srcu.Pace) srcu.Machine {
	return func(b srcu.Barrier, p srcu.Pace) srcu.Machine { return broken(srcu.New(b, p)) }
}

// shortSnap counts a grace period that is already running as a full one.
type shortSnap struct{ *srcu.GracePeriod }

func (m shortSnap) Snapshot() srcu.Cookie {
	c := m.GracePeriod.Snapshot()
	if m.State() != srcu.Idle {
		c -= gracePeriod
	}
	return c
}

// doneBefore reports a cookie done one grace period too early.
type doneBefore struct{ *srcu.GracePeriod }

func (m doneBefore) Done(c srcu.Cookie) bool { return m.GracePeriod.Done(c - gracePeriod) }

// narrow truncates cookies to 32 bits.
type narrow struct{ *srcu.GracePeriod }

func (m narrow) Snapshot() srcu.Cookie { return srcu.Cookie(uint32(m.GracePeriod.Snapshot())) }

// zeroDone treats cookie 0 as unset.
type zeroDone struct{ *srcu.GracePeriod }

func (m zeroDone) Done(c srcu.Cookie) bool { return c == 0 || m.GracePeriod.Done(c) }

// zeroUnasked ignores requests for cookie 0.
type zeroUnasked struct{ *srcu.GracePeriod }

func (m zeroUnasked) Request(s srcu.Side, c srcu.Cookie, expedited bool) {
	if c != 0 {
		m.GracePeriod.Request(s, c, expedited)
	}
}

// plainCompare compares cookies without allowing for wrapping.
type plainCompare struct{ *srcu.GracePeriod }

func (m plainCompare) Done(c srcu.Cookie) bool {
	last := m.Snapshot() - gracePeriod
	if m.State() != srcu.Idle {
		last -= gracePeriod
	}
	return last >= c
}

// expeditedBlind does not check for readers in expedited grace periods.
type expeditedBlind struct {
	*srcu.GracePeriod
	side srcu.Side
}

func (m *expeditedBlind) Process(s srcu.Side) {
	if m.side == nil {
		m.side = blind(s)
	}
	if m.Expedited() {
		s = m.side
	}
	m.GracePeriod.Process(s)
}

// blockedForgotten does not queue the work again when it finds readers.
type blockedForgotten struct{ *srcu.GracePeriod }

func (m blockedForgotten) Process(s srcu.Side) {
	switch m.Advance(s) {
	case srcu.Blocked, srcu.Waiting:
		return
	}
	if m.Needed() {
		s.Requeue(1)
	}
}

// endForgotten begins the next grace period when one ends, but queues no work
// for it.
type endForgotten struct{ *srcu.GracePeriod }

func (m endForgotten) Process(s srcu.Side) {
	run := &untilEnd{Side: s}
	m.GracePeriod.Process(run)
}

// untilEnd is a side on which Requeue has no effect after the end of a grace
// period.
type untilEnd struct {
	srcu.Side
	ended bool
}

func (u *untilEnd) Ended(jiffies uint64) {
	u.ended = true
	u.Side.Ended(jiffies)
}

func (u *untilEnd) Requeue(jiffies uint64) {
	if !u.ended {
		u.Side.Requeue(jiffies)
	}
}

// busyForgotten drops requests during a grace period.
type busyForgotten struct{ *srcu.GracePeriod }

func (m busyForgotten) Request(s srcu.Side, c srcu.Cookie, expedited bool) {
	if m.State() == srcu.Idle {
		m.GracePeriod.Request(s, c, expedited)
	}
}

// shortRequest requests one grace period less than the cookie needs if one is
// running.
type shortRequest struct{ *srcu.GracePeriod }

func (m shortRequest) Request(s srcu.Side, c srcu.Cookie, expedited bool) {
	if m.State() != srcu.Idle {
		c -= gracePeriod
	}
	m.GracePeriod.Request(s, c, expedited)
}

// expeditedUnqueued records expedited requests but queues no work for them.
type expeditedUnqueued struct{ *srcu.GracePeriod }

func (m expeditedUnqueued) Request(s srcu.Side, c srcu.Cookie, expedited bool) {
	if expedited {
		s = deaf{s}
	}
	m.GracePeriod.Request(s, c, expedited)
}

// plainNeeded compares the grace period of a request with the last requested one
// without allowing for wrapping.
type plainNeeded struct {
	*srcu.GracePeriod
	needed srcu.Cookie
}

func (m *plainNeeded) Request(s srcu.Side, c srcu.Cookie, expedited bool) {
	if c < m.needed {
		return
	}
	m.needed = c
	m.GracePeriod.Request(s, c, expedited)
}

// retryForgotten drops every request to run the work again.
type retryForgotten struct{ *srcu.GracePeriod }

func (m retryForgotten) Process(s srcu.Side) { m.GracePeriod.Process(deaf{s}) }
