package rcu

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/gpstorm/gpstorm/internal/sched"
)

// Live is RCU for goroutines: the GracePeriods of the live world.
//
// Readers are registered handles whose lock and unlock are plain stores to a cache
// line of their own, as in liburcu's memb flavour. A grace period makes every
// thread execute a full memory barrier, by membarrier(2) where available, and then
// waits until no reader is left that began before it. Grace periods run on the
// goroutine of a waiting caller, or on a temporary one. No method takes a lock.
//
// Waiting for a grace period inside a read-side critical section deadlocks.
type Live struct {
	heavy sched.Heavy

	epoch   atomic.Uint64 // the epoch that readers enter; raised by each grace period
	seq     atomic.Uint64 // the grace-period sequence number
	needed  atomic.Uint64
	hurried atomic.Uint64 // needed, for expedited requests

	work      sched.Work // the running grace period
	invoker   sched.Work // the running callbacks
	waiters   sched.Waiters
	callbacks sched.Callbacks
	readers   atomic.Pointer[record]

	runFn, invokeFn func() // method values, allocated once
}

var _ GracePeriods = (*Live)(nil)

// liveInitial is as far before the wrap as SRCU's initial value.
var liveInitial = SeqBefore(100)

// NewLive returns an RCU without readers, whose grace periods use the heavy
// barrier that HeavyBarrier names.
func NewLive() *Live { return newLive(sched.BestHeavy()) }

func newLive(h sched.Heavy) *Live {
	l := &Live{heavy: h}
	l.epoch.Store(1)
	l.seq.Store(liveInitial)
	l.needed.Store(liveInitial)
	l.hurried.Store(liveInitial)
	l.runFn, l.invokeFn = l.run, l.invoke
	return l
}

// HeavyBarrier returns after every thread of the process has executed a full
// memory barrier between the call and the return.
func HeavyBarrier() { sched.BestHeavy().Run() }

// HeavyBarrierName names the heavy barrier that this machine offers:
// "membarrier", or the portable "stop-the-world".
func HeavyBarrierName() string { return sched.BestHeavy().Name }

// StopTheWorld is the portable HeavyBarrier, for comparison.
func StopTheWorld() { sched.StopTheWorld().Run() }

// Synchronize blocks the caller for one full grace period.
func (l *Live) Synchronize() { l.synchronize(false) }

// SynchronizeExpedited blocks the caller for one full grace period that never
// sleeps between two checks of a reader.
func (l *Live) SynchronizeExpedited() { l.synchronize(true) }

func (l *Live) synchronize(expedited bool) {
	c := l.Snapshot()
	l.request(c, expedited)
	if l.work.TryOwn() {
		for !l.done(uint64(c)) {
			l.gracePeriod()
		}
		l.letGo()
		return
	}
	l.kick()
	// Without a deadline the wait cannot fail.
	_ = l.waiters.Wait(context.Background(), uint64(c), l.done)
}

// Call runs fn once, after a full grace period, on a goroutine of l. An fn that
// blocks delays the callbacks behind it. Call panics if fn is nil.
func (l *Live) Call(fn func()) {
	if fn == nil {
		panic("rcu: Call of a nil function")
	}
	c := l.Snapshot()
	l.callbacks.Push(uint64(c), fn)
	l.request(c, false)
	l.kick()
	if l.Done(c) {
		l.invokeReady() // it ended for another caller before fn was queued
	}
}

// Snapshot returns a cookie for a full grace period from now. It does not start
// one.
func (l *Live) Snapshot() Cookie { return Cookie(SeqSnap(l.seq.Load())) }

// Start returns the same cookie and requests the grace period.
func (l *Live) Start() Cookie { return l.poll(false) }

// StartExpedited is Start with an expedited grace period.
func (l *Live) StartExpedited() Cookie { return l.poll(true) }

func (l *Live) poll(expedited bool) Cookie {
	c := l.Snapshot()
	l.request(c, expedited)
	l.kick()
	return c
}

// Expedite requests an expedited grace period, which completes callbacks too.
func (l *Live) Expedite() { l.poll(true) }

// Done reports whether the cookie's grace period has ended.
func (l *Live) Done(c Cookie) bool { return l.done(uint64(c)) }

// GracePeriods returns the number of completed grace periods.
func (l *Live) GracePeriods() uint64 { return SeqCount(l.seq.Load() - liveInitial) }

func (l *Live) done(c uint64) bool { return SeqDone(l.seq.Load(), c) }

func (l *Live) request(c Cookie, expedited bool) {
	seqRaise(&l.needed, uint64(c))
	if expedited {
		seqRaise(&l.hurried, uint64(c))
	}
}

// kick ensures that an owner reads needed after this call.
func (l *Live) kick() {
	if l.work.Queue(0) {
		go l.runFn()
	}
}

// run owns the work item until no grace period is needed.
func (l *Live) run() {
	for {
		if _, ok := l.work.Next(); !ok {
			return
		}
		for !l.done(l.needed.Load()) {
			l.gracePeriod()
		}
	}
}

// letGo releases the work item, or hands it on if a grace period is still needed. A
// request raises needed before it queues, so none is missed.
func (l *Live) letGo() {
	if !l.done(l.needed.Load()) {
		l.work.Queue(0)
	}
	if !l.work.TryRelease() {
		go l.runFn()
	}
}

// gracePeriod runs one grace period. Only the owner of the work item calls it.
func (l *Live) gracePeriod() {
	l.seq.Add(1)
	now := l.epoch.Add(1)
	// A reader whose store of an older epoch is not visible after this barrier
	// began after it, and sees the unpublishing.
	l.heavy.Run()
	for r := l.readers.Load(); r != nil; r = r.next {
		l.await(r, now)
	}
	l.seq.Store(SeqEnd(l.seq.Load()))
	l.waiters.Wake(l.done)
	l.invokeReady()
}

// spinFor is the number of checks of a reader before a grace period yields the
// processor between checks, and the number of further checks before it sleeps.
const spinFor = 2000

// await returns when the reader is outside, or in a section that began in this
// epoch.
func (l *Live) await(r *record, now uint64) {
	for looks := 0; ; looks++ {
		if e := r.load(); e == 0 || e >= now {
			return
		}
		switch {
		case looks < spinFor:
		case looks < 2*spinFor || !l.done(l.hurried.Load()):
			runtime.Gosched()
		default:
			time.Sleep(100 * time.Microsecond)
		}
	}
}

func (l *Live) invokeReady() {
	if l.callbacks.Pending() > 0 && l.invoker.Queue(0) {
		go l.invokeFn()
	}
}

// invoke owns the callbacks until no invocation is requested. If a callback ends
// the goroutine (runtime.Goexit), a new one runs the rest.
func (l *Live) invoke() {
	finished := false
	defer func() {
		if !finished {
			l.invoker.Queue(0)
			go l.invokeFn()
		}
	}()
	for {
		if _, ok := l.invoker.Next(); !ok {
			break
		}
		l.callbacks.Invoke(l.done)
	}
	finished = true
}
