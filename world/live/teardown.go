package live

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/srcu"
)

// domains are the domains that a teardown waits for. The candidate's barrier orders
// both SRCU domains, which share an RCU.
type domains struct {
	tracepoint domain
	tasksTrace domain
	rcu        *rcu.Live // RCU, whose readers delay barriers that wait for RCU
	apart      domain    // the SRCU domain of the churn if the tracepoint domain is RCU; else nil
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

// of returns the domain of a reader. Objects of RCU readers are never torn down.
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

// kind is the flavour of RCU that a reader uses.
type kind uint8

const (
	readsTracepoint kind = iota
	readsTasksTrace
	readsRCU
)

// torn is a tracepoint event during its close().
type torn struct {
	t        *run
	o        *object
	cookie   srcu.Cookie
	mu       sync.Mutex
	deferred []chan struct{} // closed when the deferred functions have run
}

var _ fixes.Unregistered = (*torn)(nil)

// errOver is the panic value that ends a teardown at the end of the trial.
var errOver = errors.New("the trial is over")

// tearDown unpublishes the object, waits as the candidate does, and frees it. The
// caller holds the event mutex. The error is that of the context.
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

// untilOver calls f and reports whether it returned.
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

// ReadIn returns both domains: readers of either use the object.
func (u *torn) ReadIn() fixes.Domains { return fixes.TasksTraceDomain | fixes.TracepointDomain }

func (u *torn) Held() int { return int(u.t.held.Load()) }

// Clear and Drop concern the event's list and the trace buffers, which this world
// does not have.
func (u *torn) Clear() {}

func (u *torn) Drop() {}

// Free makes the object too old for any reader.
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

// await waits until a channel is closed. If the trial ends first, it panics with
// errOver.
func (t *run) await(c <-chan struct{}) {
	select {
	case <-c:
	case <-t.ctx.Done():
		panic(errOver)
	}
}

// waiter is the teardown's view of a domain.
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

// Expedite has no effect: all grace periods of this world are as fast as possible.
func (w waiter) Expedite() {}

// jiffy is the interval of checks in Await: 4 ms, scaled.
const jiffy = 4 * time.Millisecond / scale

func (w waiter) Await(c srcu.Cookie) {
	for !w.d.Done(c) {
		if w.t.ctx.Err() != nil {
			panic(errOver)
		}
		time.Sleep(jiffy)
	}
}

// synchronize waits for a grace period of each domain.
func (d *domains) synchronize(ctx context.Context) {
	for _, one := range []domain{d.tracepoint, d.tasksTrace} {
		if one.Synchronize(ctx, false) != nil {
			return
		}
	}
}

// barriers waits for the callbacks of both domains.
func (d *domains) barriers() {
	d.tracepoint.Barrier()
	d.tasksTrace.Barrier()
	d.tracepoint.Barrier() // for callbacks that those of the other domain queued
	if d.apart != nil {
		d.apart.Barrier()
	}
}
