package srcu

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/gpstorm/gpstorm/internal/sched"
	"github.com/gpstorm/gpstorm/rcu"
)

// Config holds what a Domain may be given. The zero value is a good domain.
type Config struct {
	// Barrier orders the scans. Nil is Side.FenceAll: a heavy barrier.
	Barrier Barrier
	// Heavy is the heavy barrier behind Side.FenceAll. Nil is
	// rcu.HeavyBarrier.
	Heavy func()
	// RCU is the vanilla RCU that a Barrier may wait for. Nil is one that
	// all domains of the process share.
	RCU rcu.GracePeriods

	// MaxPending bounds the callbacks that have not run yet: a Call that
	// finds so many blocks until there are fewer. 0 is 1 << 20.
	MaxPending int
	// OnPanic is called with what a callback panicked with, and the domain
	// goes on. Nil lets the panic end the program, as in any goroutine.
	OnPanic func(any)

	// Machine and Side are seams for tests: they replace the grace-period
	// machine and wrap the side it works on.
	Machine func(Barrier, Pace) Machine
	Side    func(Side) Side
}

// Errors of a Domain.
var (
	ErrClosed = errors.New("srcu: domain is closed")
	// ErrOpenReaders is in the error of a Close that found registered
	// readers open.
	ErrOpenReaders = errors.New("srcu: readers left open")
)

const defaultMaxPending = 1 << 20

// Domain is one SRCU-fast domain for goroutines: readers of one domain delay
// the grace periods of that domain alone.
//
// All methods may be called by any number of goroutines at once, and none
// takes a lock. No method that waits may be called inside a read-side critical
// section of the same domain. A domain has no goroutine of its own: grace
// periods run on the goroutine of a caller that waits for one, else on one
// started for as long as they are needed.
type Domain struct {
	current uint32 // the rank that new readers use
	_       [60]byte

	anonymous table
	readers   readers

	machine Machine
	side    Side
	heavy   func()
	rcu     rcu.GracePeriods
	fence   atomic.Uint32

	work    sched.Work // the running grace period
	patient patience   // owned by the owner of work
	jiffies atomic.Uint64
	waiters sched.Waiters

	invoker   sched.Work // the running callbacks
	callbacks Callbacks
	max       int
	onPanic   func(any)
	closing   atomic.Bool // Close was called
	closed    atomic.Bool // calls are refused

	// Method values, made once so that using them allocates nothing.
	runFn, invokeFn func()
	doneFn          func(uint64) bool
}

// processRCU is the RCU of all domains that were not given their own.
var processRCU = rcu.NewLive()

// NewDomain returns an idle domain.
func NewDomain(c Config) *Domain {
	d := &Domain{
		heavy:   c.Heavy,
		rcu:     c.RCU,
		max:     c.MaxPending,
		onPanic: c.OnPanic,
	}
	if d.heavy == nil {
		d.heavy = rcu.HeavyBarrier
	}
	if d.rcu == nil {
		d.rcu = processRCU
	}
	if d.max <= 0 {
		d.max = defaultMaxPending
	}
	d.runFn, d.invokeFn, d.doneFn = d.run, d.invoke, d.done
	d.side = liveSide{d}
	if c.Side != nil {
		d.side = c.Side(d.side)
	}
	if c.Barrier == nil {
		c.Barrier = BarrierFunc(fenceAll)
	}
	if c.Machine == nil {
		c.Machine = func(b Barrier, p Pace) Machine { return New(b, p) }
	}
	d.machine = c.Machine(c.Barrier, livePace)
	return d
}

func fenceAll(s Side, _ *Scan) bool {
	s.FenceAll()
	return true
}

// Synchronize blocks until every read-side critical section that began before
// the call has ended, or until ctx ends, whose error it then returns.
func (d *Domain) Synchronize(ctx context.Context) error { return d.synchronize(ctx, false) }

// SynchronizeExpedited is Synchronize with less patience: it hardly rests
// between two looks at the readers.
func (d *Domain) SynchronizeExpedited(ctx context.Context) error { return d.synchronize(ctx, true) }

// Call runs fn once, after a grace period that begins now or later, on a
// goroutine of the domain's own.
//
// Callbacks run one after the other, those queued by one goroutine in order. A
// callback may block, which holds up the callbacks behind it but no grace
// period, and may use the domain in any way but Barrier and Close. For a
// callback that panics see Config.OnPanic; one that ends its goroutine with
// runtime.Goexit holds up nothing.
//
// Back-pressure: while Config.MaxPending callbacks are waiting, Call blocks
// until callbacks have run. Should none run for 10 ms (they are stuck, or Call
// is called by the very callback that runs), Call queues fn all the same.
// After Close it returns ErrClosed.
func (d *Domain) Call(fn func()) error {
	if d.closed.Load() {
		return ErrClosed
	}
	if d.callbacks.Pending() >= d.max {
		d.holdBack()
	}
	d.side.Fence() // what the caller did comes before the grace period
	Enqueue(d.machine, d.side, &d.callbacks, fn, false)
	return nil
}

// StartPoll asks for a grace period and returns its cookie at once.
func (d *Domain) StartPoll() Cookie {
	d.side.Fence()
	c := d.machine.Snapshot()
	d.machine.Request(d.side, c, false)
	return c
}

// Poll reports whether the grace period of a StartPoll has ended.
func (d *Domain) Poll(c Cookie) bool { return d.machine.Done(c) }

// Barrier blocks until all callbacks queued so far have run. A callback must
// not call it.
func (d *Domain) Barrier() {
	ran := make(chan struct{})
	d.side.Fence()
	Enqueue(d.machine, d.side, &d.callbacks, func() { close(ran) }, true)
	<-ran
}

// Pending is the number of callbacks that have not been run yet.
func (d *Domain) Pending() int { return d.callbacks.Pending() }

// Close waits until all callbacks queued so far have run, refuses further
// calls, waits for the callbacks that were queued meanwhile, which may meet
// ErrClosed, and returns ErrOpenReaders with their names if registered readers
// are still open. Readers may go on reading, StartPoll, Poll and Barrier work on,
// and a second Close returns ErrClosed.
func (d *Domain) Close() error {
	if d.closing.Swap(true) {
		return ErrClosed
	}
	d.Barrier()
	d.closed.Store(true)
	d.Barrier()
	if open := d.OpenReaders(); len(open) > 0 {
		return fmt.Errorf("%w: opened at %s", ErrOpenReaders, strings.Join(open, ", "))
	}
	return nil
}
