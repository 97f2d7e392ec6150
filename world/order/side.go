package order

import (
	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/srcu"
)

// side implements srcu.Side on the modelled memory, for one domain's machine.
type side struct {
	s      *session
	domain int
	rank   int // only the update side writes the rank, so a copy suffices
}

func (x *side) Current() int { return x.rank }

func (x *side) Unlocks(rank int) uint64 { return x.sum(2, rank) }

func (x *side) Locks(rank int) uint64 { return x.sum(0, rank) }

func (x *side) sum(kind, rank int) uint64 { return x.sumOn(0, kind, rank) }

func (x *side) sumOn(cpus uint16, kind, rank int) uint64 {
	return uint64(x.s.requestOn(cpus, rqRead, Value(x.domain*perCPU+kind+rank&1), 0))
}

// PerCPU is a side with access to the counters of single CPUs and with barriers on
// single CPUs. The argument of Fix.Side and the side of a barrier implement it,
// unless another candidate wraps them.
type PerCPU interface {
	srcu.Side
	CPUs() int
	// UnlocksOn and LocksOn read one CPU's counters.
	UnlocksOn(cpu, rank int) uint64
	LocksOn(cpu, rank int) uint64
	// FenceOn is FenceAll on the CPUs of the bit set cpus only.
	FenceOn(cpus uint16)
}

var _ PerCPU = (*side)(nil)

func (x *side) CPUs() int { return x.s.lay.cpus }

func (x *side) UnlocksOn(cpu, rank int) uint64 { return x.sumOn(1<<cpu, 2, rank) }

func (x *side) LocksOn(cpu, rank int) uint64 { return x.sumOn(1<<cpu, 0, rank) }

func (x *side) FenceOn(cpus uint16) {
	if cpus != 0 {
		x.s.synchronizeOn(cpus, flavourIPI)
	}
}

func (x *side) Flip() {
	x.rank = 1 - x.rank
	x.s.request(rqStore, x.s.lay.current(x.domain), Value(x.rank))
}

func (x *side) Fence() { x.s.fence() }

func (x *side) FenceAll() { x.s.synchronize(flavourIPI) }

func (x *side) RCU() rcu.GracePeriods { return gracePeriods{x.s, x.domain} }

func (x *side) Requeue(uint64) { x.s.request(rqRequeue, Value(x.domain), 0) }

func (x *side) Ended(uint64) { x.s.request(rqEnded, Value(x.domain), 0) }

// Jiffies is constant: this world has no time, only order.
func (x *side) Jiffies() uint64 { return 0 }

func (x *side) Spin() { x.s.request(rqSpin, 0, 0) }

var _ srcu.Side = (*side)(nil)

// barrier is a domain's barrier in this world.
type barrier struct {
	srcu.Barrier
	s      *session
	domain int
}

// Order orders a scan. Scan.Elapsed is an acquire, paired with Scan.Elapse in the
// callback.
func (b barrier) Order(side srcu.Side, scan *srcu.Scan) bool {
	if b.s.past != nil {
		b.s.call(b.domain)
	}
	ordered := b.Barrier.Order(side, scan)
	if ordered && scan.Elapsed() {
		b.s.request(rqAcquire, 0, 0)
	}
	if b.s.past != nil {
		b.s.past.returned(b.domain, ordered)
	}
	return ordered
}

// gracePeriods is vanilla RCU. Each request starts a grace period of its own at
// once. A later start, or one grace period for several requests, would allow fewer
// executions.
type gracePeriods struct {
	s      *session
	domain int // of the calling barrier; -1 for a teardown
}

var _ rcu.GracePeriods = gracePeriods{}

// synchronize waits for one barrier of a flavour on every CPU.
func (s *session) synchronize(flavour Value) { s.synchronizeOn(0, flavour) }

func (s *session) synchronizeOn(cpus uint16, flavour Value) {
	s.fence()
	s.starts++
	s.requestOn(cpus, rqSync, s.starts, flavour)
	s.fence()
}

func (g gracePeriods) Synchronize() { g.s.synchronize(flavourRCU) }

// SynchronizeExpedited orders as Synchronize does; only its time differs.
func (g gracePeriods) SynchronizeExpedited() { g.s.synchronize(flavourRCU) }

func (g gracePeriods) Call(fn func()) {
	g.s.starts++
	g.s.callbacks[g.s.starts] = fn
	if g.s.past != nil && g.domain >= 0 {
		g.s.past.posted[g.s.starts] = g.domain
	}
	g.s.request(rqCall, g.s.starts, flavourRCU)
}

// The first cookie of an execution is 0, a valid value: the kernel's counters wrap.
func cookieOf(number Value) rcu.Cookie { return rcu.Cookie(4 * (number - 1)) }

// holds records that a barrier holds a cookie.
func (g gracePeriods) holds() {
	if g.s.past != nil && g.domain >= 0 {
		g.s.past.during[g.domain].cookie = true
	}
}

func (g gracePeriods) Snapshot() rcu.Cookie {
	g.holds()
	g.s.fence()
	return cookieOf(g.s.starts + 1)
}

func (g gracePeriods) Start() rcu.Cookie {
	g.holds()
	g.s.fence()
	g.s.starts++
	number := g.s.starts // other tasks may start grace periods before this one continues
	g.s.request(rqStart, number, flavourRCU)
	return cookieOf(number)
}

func (g gracePeriods) StartExpedited() rcu.Cookie { return g.Start() }

// Expedite does nothing: it shortens a grace period, and this world has no time.
func (g gracePeriods) Expedite() {}

func (g gracePeriods) Done(c rcu.Cookie) bool {
	if g.s.request(rqDone, Value(int64(c)/4+1), 0) == 0 {
		return false
	}
	g.s.fence()
	return true
}
