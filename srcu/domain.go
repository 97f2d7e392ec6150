package srcu

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gpstorm/gpstorm/internal/sched"
	"github.com/gpstorm/gpstorm/internal/seam"
	"github.com/gpstorm/gpstorm/rcu"
)

// Config configures a Domain. The zero value is a good domain.
type Config struct {
	// Barrier orders the scans. Nil is Side.FenceAll: a heavy barrier.
	Barrier Barrier
	// Heavy is the heavy barrier behind Side.FenceAll. Nil is
	// rcu.HeavyBarrier.
	Heavy func()
	// RCU is the vanilla RCU that a Barrier may wait for. Nil is one that
	// all domains of the process share.
	RCU rcu.GracePeriods

	// MaxPending bounds the callbacks that are queued and have not begun. A
	// Call that finds so many waits. 0 is 1 << 20.
	MaxPending int
	// OnPanic is called with the value of a panic in a callback, on the
	// callback's goroutine; the domain then goes on with the next callback.
	// If OnPanic is nil the panic ends the program, as in any goroutine.
	OnPanic func(any)

	// StallAfter is how long one grace period may take before OnStall is
	// called, and called again each time three times as long has passed. 0
	// is never.
	StallAfter time.Duration
	// OnStall is given the report of a stall, on the goroutine that runs the
	// grace period, which it holds up. Nil prints the report with package
	// log.
	OnStall func(Stall)
}

// Errors of a Domain.
var (
	ErrClosed = errors.New("srcu: domain is closed")
	// ErrFull is the error of a Call that must not wait: of TryCall, and of
	// any Call inside a callback.
	ErrFull = errors.New("srcu: too many callbacks are pending")
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
// that is started for as long as they are needed.
type Domain struct {
	// Read by every reader, written seldom.
	current uint32 // the rank that new readers use
	slots   *table // nil if no goroutine may own a slot
	_       [48]byte

	shared  [sharedSlots]slot // for goroutines that own none; counted atomically
	fenced  [fencedSlots]slot
	readers readers

	machine Machine
	side    Side
	heavy   func()
	rcu     rcu.GracePeriods
	fence   atomic.Uint64
	work    sched.Work // the running grace period
	running progress   // owned by the owner of work
	tending tending    // owned by the owner of work
	jiffies atomic.Uint64
	waiters sched.Waiters
	metrics metrics
	misuse  func(string)
	stall   time.Duration
	onStall func(Stall)

	invoker   sched.Work // the running callbacks
	callbacks Callbacks
	pending   atomic.Int64 // callbacks admitted by Call that have not begun
	max       int64
	room      sched.Waiters // calls that wait for fewer pending callbacks
	onPanic   func(any)
	closing   atomic.Bool // Close was called
	closed    atomic.Bool // calls are refused

	// Method values, made once so that using them allocates nothing.
	runFn, invokeFn func()
	doneFn, roomFn  func(uint64) bool
	callFn          func(func(), bool)
}

// processRCU is the RCU of all domains that were not given their own.
var processRCU = sync.OnceValue(rcu.NewLive)

// NewDomain returns an idle domain.
func NewDomain(c Config) *Domain { return newDomain(c, nil, nil, nil) }

func init() {
	seam.NewDomain = newDomain
	seam.ReadLockSlowly = (*Domain).readLockSlowly
}

func newDomain(c Config, machine func(Barrier, Pace) Machine, side func(Side) Side, misuse func(string)) *Domain {
	d := &Domain{
		heavy: c.Heavy, rcu: c.RCU, onPanic: c.OnPanic, misuse: misuse,
		max: int64(c.MaxPending), stall: c.StallAfter, onStall: c.OnStall,
	}
	if plainCounters {
		d.slots = newTable(minSlots, nil)
	}
	if d.heavy == nil {
		d.heavy = rcu.HeavyBarrier
	}
	if d.rcu == nil {
		d.rcu = processRCU()
	}
	if d.max <= 0 {
		d.max = defaultMaxPending
	}
	if d.misuse == nil {
		d.misuse = func(what string) { panic("srcu: " + what) }
	}
	if d.onStall == nil {
		d.onStall = logStall
	}
	d.runFn, d.invokeFn, d.callFn = d.run, d.invoke, d.call
	d.doneFn, d.roomFn = d.done, d.hasRoom
	d.side = liveSide{d}
	if side != nil {
		d.side = side(d.side)
	}
	if c.Barrier == nil {
		c.Barrier = BarrierFunc(fenceAll)
	}
	if machine == nil {
		machine = func(b Barrier, p Pace) Machine { return New(b, p) }
	}
	d.machine = machine(c.Barrier, livePace)
	return d
}

func fenceAll(s Side, _ *Scan) bool {
	s.FenceAll()
	return true
}

// Synchronize blocks until every read-side critical section that began before
// the call has ended, or until ctx ends, whose error it then returns. It works
// on a closed domain too.
func (d *Domain) Synchronize(ctx context.Context) error { return d.synchronize(ctx, false) }

// SynchronizeExpedited is Synchronize that rests less between two looks at the
// readers.
func (d *Domain) SynchronizeExpedited(ctx context.Context) error { return d.synchronize(ctx, true) }

// StartPoll requests a grace period and returns its cookie at once.
func (d *Domain) StartPoll() Cookie {
	d.side.Fence()
	c := d.machine.Snapshot()
	d.machine.Request(d.side, c, false)
	return c
}

// Poll reports whether the grace period of a StartPoll has ended.
func (d *Domain) Poll(c Cookie) bool { return d.machine.Done(c) }

// Close runs the callbacks that are queued, then refuses further calls, runs the
// callbacks that came meanwhile, and returns. No callback runs after that: each
// Call that returned nil has had its callback run.
//
// If registered readers are still open it returns ErrOpenReaders with the lines
// that opened them. If ctx ends first it returns the error of ctx; Close may
// then be called again. All else works on after Close, but Call, TryCall and
// Close return ErrClosed. A callback must not call Close.
func (d *Domain) Close(ctx context.Context) error {
	if d.closing.Swap(true) {
		return ErrClosed
	}
	if err := d.drain(ctx); err != nil {
		d.closing.Store(false)
		return err
	}
	if open := d.OpenReaders(); len(open) > 0 {
		return fmt.Errorf("%w: opened at %s", ErrOpenReaders, strings.Join(open, ", "))
	}
	return nil
}
