package live

import (
	"errors"
	"sync"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/srcu"
)

// domains are what the teardown of a tracepoint waits for. Both SRCU domains are
// ordered by the candidate's barrier, and share an RCU.
type domains struct {
	tracepoint domain
	tasksTrace domain
	rcu        *rcu.Live // readers of vanilla RCU, which hold up barriers that wait for it
}

func newDomains(c *Config, y *yielder, misuse func(string)) (d domains) {
	d.rcu = rcu.NewLive()
	tasksTrace, tracepoint := c.Fix.NewBarriers()
	if c.Fix.Reader == fixes.ReaderPreemptOff {
		d.tracepoint = rcuDomain{d.rcu}
	} else {
		d.tracepoint = newSRCU(c, tracepoint, d.rcu, y, misuse)
	}
	if c.Fix.TasksTrace == fixes.TasksTraceHoldouts {
		d.tasksTrace = rcuDomain{rcu.NewLive()}
	} else {
		fast := newSRCU(c, tasksTrace, d.rcu, y, misuse)
		fast.fenced = false
		d.tasksTrace = fast
	}
	return d
}

// of returns the domain that a reader reads, and where it finds its object: what
// readers of vanilla RCU use is never torn down.
func (t *run) of(reader int) domain {
	if reader >= len(t.kinds) {
		return t.d.tracepoint
	}
	switch t.kinds[reader] {
	case readsTasksTrace:
		return t.d.tasksTrace
	case readsRCU:
		return rcuDomain{t.d.rcu}
	}
	return t.d.tracepoint
}

// kind is what a reader reads.
type kind uint8

const (
	readsTracepoint kind = iota
	readsTasksTrace
	readsRCU
)

// torn is a tracepoint event that is being closed.
type torn struct {
	t        *run
	o        *object
	cookie   srcu.Cookie
	mu       sync.Mutex
	deferred []chan struct{} // closed when what was deferred has run
}

var _ fixes.Unregistered = (*torn)(nil)

// errOver is the panic that ends a teardown whose trial is over.
var errOver = errors.New("the trial is over")

// tearDown unpublishes the object, and waits and frees as the candidate does. It
// is called with the event mutex held. The error is that of the context.
func (t *run) tearDown() (err error) {
	o := t.current.Swap(&object{})
	o.age.Store(1)
	t.held.Add(1)
	u := &torn{t: t, o: o, cookie: t.d.tracepoint.Start()}
	if !untilOver(func() { t.c.Fix.TeardownOrDefault()(u) }) {
		return t.ctx.Err()
	}
	return nil
}

// untilOver calls f and reports whether it came to its end.
func untilOver(f func()) (ended bool) {
	defer func() {
		if p := recover(); p != nil && p != any(errOver) {
			panic(p)
		}
	}()
	f()
	return true
}

func (u *torn) TasksTrace() fixes.Domain { return waiter{u.t, u.t.d.tasksTrace} }

func (u *torn) Tracepoint() fixes.Domain { return waiter{u.t, u.t.d.tracepoint} }

func (u *torn) Cookie() srcu.Cookie { return u.cookie }

// ReadIn is both domains: readers of either use the object.
func (u *torn) ReadIn() fixes.Domains { return fixes.TasksTraceDomain | fixes.TracepointDomain }

func (u *torn) Held() int { return int(u.t.held.Load()) }

// Clear and Drop are about the event's list and the trace buffers, which nobody
// reads here.
func (u *torn) Clear() {}

func (u *torn) Drop() {}

// Free makes the object one that no reader may see.
func (u *torn) Free() {
	u.t.held.Add(-1)
	u.o.older()
}

// Defer runs fn on a worker, which takes the event mutex.
func (u *torn) Defer(fn func()) {
	ran := make(chan struct{})
	u.mu.Lock()
	u.deferred = append(u.deferred, ran)
	u.mu.Unlock()
	u.t.workers.Go(func() {
		defer close(ran)
		u.t.eventMutex.Lock()
		defer u.t.eventMutex.Unlock()
		untilOver(fn)
	})
}

func (u *torn) Flush() {
	u.mu.Lock()
	deferred := u.deferred
	u.mu.Unlock()
	for _, ran := range deferred {
		u.t.await(ran)
	}
}

// await waits for a channel to be closed. When the trial is over first it panics
// with errOver.
func (t *run) await(c <-chan struct{}) {
	select {
	case <-c:
	case <-t.ctx.Done():
		panic(errOver)
	}
}

// waiter is a domain as a teardown uses it.
type waiter struct {
	t *run
	d domain
}

func (w waiter) Synchronize() {
	if w.d.Synchronize(w.t.ctx, false) != nil {
		panic(errOver)
	}
}

func (w waiter) Call(fn func()) {
	if err := w.d.Call(func() { untilOver(fn) }); err != nil {
		w.t.fail("Call: " + err.Error())
	}
}

func (w waiter) Begin() (wait func()) {
	ran := make(chan struct{})
	w.Call(func() { close(ran) })
	return func() { w.t.await(ran) }
}

func (w waiter) Start() srcu.Cookie { return w.d.Start() }

// Expedite makes no difference here: grace periods of this world are as soon as
// they can be.
func (w waiter) Expedite() {}

// jiffy is how long Await sleeps between two looks: 4 ms at the scale of this
// world.
const jiffy = 4 * time.Millisecond / scale

func (w waiter) Await(c srcu.Cookie) {
	for !w.d.Done(c) {
		if w.t.ctx.Err() != nil {
			panic(errOver)
		}
		time.Sleep(jiffy)
	}
}

// barriers waits for the callbacks of both domains.
func (d *domains) barriers() {
	d.tracepoint.Barrier()
	d.tasksTrace.Barrier()
	d.tracepoint.Barrier() // for what a callback of the other has queued
}
