package live

import (
	"context"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/gpstorm/gpstorm/internal/interrupt"
	"github.com/gpstorm/gpstorm/internal/seam"
	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/srcu"
)

// domain is the torture test's interface to the readers under test: an SRCU domain
// with fast or fenced readers, or RCU.
type domain interface {
	// Gates returns the ways to enter a section, for one goroutine.
	Gates(r *rand.Rand) []gate
	Synchronize(ctx context.Context, expedited bool) error
	Call(fn func()) error
	Start() srcu.Cookie
	Done(srcu.Cookie) bool
	Barrier()
}

// gate is a way to enter and leave a section. With a shareable gate, another
// goroutine may leave with the same ticket.
type gate struct {
	name      string
	lock      func() srcu.Ticket
	unlock    func(srcu.Ticket)
	empty     func(n int) // executes n empty sections
	shareable bool
	slow      bool // pauses at its weak point
	close     func()
}

var background = context.Background()

func noClose() {}

// Entry points of package srcu that are hidden from its users.
var (
	newCore = seam.NewDomain.(func(srcu.Config, func(srcu.Barrier, srcu.Pace) srcu.Machine,
		func(srcu.Side) srcu.Side, func(string)) *srcu.Domain)
	readLockSlowly = seam.ReadLockSlowly.(func(*srcu.Domain, func()) srcu.Ticket)
)

// newSRCU makes an SRCU domain with the readers of the candidate's tracepoints. It
// calls misuse when the sums prove that a section ended twice.
func newSRCU(c *Config, b srcu.Barrier, r *rcu.Live, y *yielder, misuse func(string)) *srcuDomain {
	side := c.Fix.WrapSide
	if y != nil {
		side = func(s srcu.Side) srcu.Side { return yieldingSide{c.Fix.WrapSide(s), y} }
	}
	return &srcuDomain{
		Domain: newCore(srcu.Config{Barrier: b, RCU: r, OnPanic: c.onPanic}, c.Fix.NewMachine, side, misuse),
		fenced: c.Fix.Fenced(), yields: y, broken: unlockOf(&c.Fix),
	}
}

// srcuDomain is a domain with fast or fenced readers.
type srcuDomain struct {
	*srcu.Domain
	fenced bool
	yields *yielder
	broken func(srcu.Ticket) srcu.Ticket // changes the ticket of an unlock; nil without a planted bug
}

func (d *srcuDomain) Gates(r *rand.Rand) []gate {
	broken := d.broken
	if broken == nil {
		broken = func(t srcu.Ticket) srcu.Ticket { return t }
	}
	if d.fenced {
		return []gate{{
			name: "fenced", lock: d.FencedReadLock,
			empty: func(n int) {
				for range n {
					d.FencedReadUnlock(d.FencedReadLock())
				}
			},
			unlock: func(t srcu.Ticket) { d.FencedReadUnlock(broken(t)) }, shareable: true, close: noClose,
		}}
	}
	h := d.Reader()
	gates := []gate{
		{
			name: "anonymous", lock: d.ReadLock,
			empty: func(n int) {
				for range n {
					d.ReadUnlock(d.ReadLock())
				}
			},
			unlock: func(t srcu.Ticket) { d.ReadUnlock(broken(t)) }, shareable: true, close: noClose,
		},
		{
			name: "registered", lock: h.ReadLock,
			empty: func(n int) {
				for range n {
					h.ReadUnlock(h.ReadLock())
				}
			},
			unlock: func(t srcu.Ticket) { h.ReadUnlock(broken(t)) }, close: func() {
				if d.broken == nil { // otherwise Close rightly panics
					h.Close()
				}
			},
		},
	}
	if d.yields != nil {
		// Sometimes the pause exceeds a grace period.
		pause := func() {
			if r.IntN(4) == 0 {
				time.Sleep(time.Duration(r.Int64N(int64(4 * maxSleep))))
			}
			pauseABit(r)
		}
		gates = append(gates, gate{
			name: "slow", lock: func() srcu.Ticket { return readLockSlowly(d.Domain, pause) },
			unlock: func(t srcu.Ticket) { d.ReadUnlock(broken(t)) }, shareable: true, slow: true, close: noClose,
		})
	}
	return gates
}

func (d *srcuDomain) Synchronize(ctx context.Context, expedited bool) error {
	if expedited {
		return d.Domain.SynchronizeExpedited(ctx)
	}
	return d.Domain.Synchronize(ctx)
}

func (d *srcuDomain) Call(fn func()) error { return d.Domain.Call(background, fn) }

func (d *srcuDomain) Barrier() { _ = d.Domain.Barrier(background) }

func (d *srcuDomain) Start() srcu.Cookie { return d.StartPoll() }

func (d *srcuDomain) Done(c srcu.Cookie) bool { return d.Poll(c) }

// rcuDomain is RCU, for candidates whose readers disable preemption.
type rcuDomain struct{ l *rcu.Live }

func (d rcuDomain) Gates(*rand.Rand) []gate {
	r := d.l.Reader()
	return []gate{{
		name:   "rcu",
		lock:   func() srcu.Ticket { r.ReadLock(); return 0 },
		unlock: func(srcu.Ticket) { r.ReadUnlock() },
		empty: func(n int) {
			for range n {
				r.ReadLock()
				r.ReadUnlock()
			}
		},
		close: r.Close,
	}}
}

func (d rcuDomain) Synchronize(_ context.Context, expedited bool) error {
	if expedited {
		d.l.SynchronizeExpedited()
	} else {
		d.l.Synchronize()
	}
	return nil
}

func (d rcuDomain) Call(fn func()) error { d.l.Call(fn); return nil }

func (d rcuDomain) Start() srcu.Cookie { return srcu.Cookie(d.l.Start()) }

func (d rcuDomain) Done(c srcu.Cookie) bool { return d.l.Done(rcu.Cookie(c)) }

func (d rcuDomain) Barrier() {
	ran := make(chan struct{})
	d.l.Call(func() { close(ran) })
	<-ran
}

// pauseABit yields the processor or spins for a moment.
func pauseABit(r *rand.Rand) {
	if r.IntN(2) == 0 {
		runtime.Gosched()
		return
	}
	interrupt.Spin(r.IntN(2000))
}
