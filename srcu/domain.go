package srcu

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/gpstorm/gpstorm/internal/sched"
	"github.com/gpstorm/gpstorm/internal/seam"
	"github.com/gpstorm/gpstorm/rcu"
)

// Config configures a Domain. The zero value is suitable for most uses.
type Config struct {
	// Barrier orders the scans. The default is FenceOnce.
	Barrier Barrier
	// Heavy is the heavy barrier behind Side.FenceAll. The default is
	// rcu.HeavyBarrier.
	Heavy func()
	// RCU is the vanilla RCU that a Barrier may wait for. The default is one for
	// all domains of the process.
	RCU rcu.GracePeriods

	// MaxPending limits the callbacks that have not begun. At the limit calls wait,
	// and are admitted in the order of their arrival. 0 means 1 << 20.
	MaxPending int
	// OnPanic is called with the value of a panic in a callback, on the callback's
	// goroutine; the domain then continues with the next callback. If OnPanic is
	// nil the panic ends the program, as in any goroutine.
	OnPanic func(any)

	// StallAfter is the age of a grace period at which OnStall is called. It is called
	// again each time that three times as long has passed. 0 means never.
	StallAfter time.Duration
	// OnStall receives the report of a stall. It runs on the goroutine of the grace
	// period and delays it. The default prints the report with package log.
	OnStall func(Stall)
}

// Errors of a Domain.
var (
	ErrClosed = errors.New("srcu: domain is closed")
	// ErrFull is returned at the limit, and while others wait for room, by calls
	// that must not wait: TryCall, and any Call inside a callback.
	ErrFull = errors.New("srcu: too many callbacks are pending")
	// ErrOpenReaders is returned by Close if registered readers are open.
	ErrOpenReaders = errors.New("srcu: readers left open")
)

const defaultMaxPending = 1 << 20

// Domain is an SRCU-fast domain for goroutines: its readers delay only its own
// grace periods.
//
// All methods are safe for concurrent use. None takes a lock, except that calls wait at
// Config.MaxPending in a queue under a mutex. No method that waits may be called inside
// a read-side critical section of the same domain. A domain has no permanent
// goroutine: grace periods run on the goroutine of a waiting caller, or on a temporary
// one.
type Domain struct {
	// Read by every reader, rarely written.
	current uint32         // the rank that new readers use
	claims  uint32         // slots with an owner
	slots   unsafe.Pointer // the newest table; nil if goroutines cannot own slots
	mask    uintptr        // of the offset of a slot in it
	fences  atomic.Bool    // a fenced section has begun or ended in this domain
	_       [36]byte

	shared  [sharedSlots]slot // for goroutines without a slot; counted atomically
	fenced  [fencedSlots]slot
	readers readers
	tables  tables // owned by the owner of work

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
	admission admission // of callbacks by Call, until they begin
	onPanic   func(any)
	closing   chan struct{} // contains a value while a Close runs
	closed    atomic.Bool   // a Close has ended, with this outcome:
	outcome   error

	// Method values, allocated once.
	runFn, invokeFn func()
	doneFn          func(uint64) bool
	callFn          func(func(), bool)
}

// processRCU is the RCU of all domains without their own.
var processRCU = sync.OnceValue(rcu.NewLive)

// NewDomain returns an idle domain.
func NewDomain(c Config) *Domain { return newDomain(c, nil, nil, nil) }

func init() {
	seam.NewDomain = newDomain
	seam.ReadLockSlowly = (*Domain).readLockSlowly
	seam.PlainCounters = plainCounters
}

func newDomain(c Config, machine func(Barrier, Pace) Machine, side func(Side) Side, misuse func(string)) *Domain {
	d := &Domain{
		heavy: c.Heavy, rcu: c.RCU, onPanic: c.OnPanic, misuse: misuse,
		stall: c.StallAfter, onStall: c.OnStall, closing: make(chan struct{}, 1),
	}
	if plainCounters {
		d.addTable(minSlots)
	}
	if d.heavy == nil {
		d.heavy = rcu.HeavyBarrier
	}
	if d.rcu == nil {
		d.rcu = processRCU()
	}
	if d.admission.max = int64(c.MaxPending); d.admission.max <= 0 {
		d.admission.max = defaultMaxPending
	}
	if d.misuse == nil {
		d.misuse = func(what string) { panic("srcu: " + what) }
	}
	if d.onStall == nil {
		d.onStall = logStall
	}
	d.runFn, d.invokeFn, d.callFn = d.run, d.invoke, d.call
	d.doneFn = d.done
	d.side = liveSide{d}
	if side != nil {
		d.side = side(d.side)
	}
	if c.Barrier == nil {
		c.Barrier = FenceOnce()
	}
	if machine == nil {
		machine = func(b Barrier, p Pace) Machine { return New(b, p) }
	}
	d.machine = machine(c.Barrier, livePace)
	return d
}

// Synchronize blocks until every read-side critical section that began before the
// call has ended, or until ctx ends, and then returns the error of ctx. It also
// works on a closed domain.
func (d *Domain) Synchronize(ctx context.Context) error { return d.synchronize(ctx, false) }

// SynchronizeExpedited is Synchronize with shorter rests between two checks of the
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
