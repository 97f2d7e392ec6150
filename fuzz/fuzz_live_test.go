package fuzz

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/internal/patience"
	"github.com/gpstorm/gpstorm/internal/seam"
	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/srcu"
)

// FuzzLive drives the live core by its bytes: sections of every kind that open
// and close in any order, requests of every kind between them, some of them at
// the weak point of a reader, with pauses inside of the grace period. No
// request may be over while a section is open that was open before it; once
// all sections are closed every request must be over, and every callback must
// have run exactly once.
//
// Beside that, updaters replace a value by Pointer.Update and must never be given
// a freed one; values pass through a Pool and must not come back while a section
// holds them; callbacks panic in a domain whose OnPanic ends its goroutine; owners
// of a grace period lose their goroutine in the middle of it; and Close races with
// callers of Call, none of whose callbacks may run after it.
func FuzzLive(f *testing.F) {
	for _, s := range []string{
		"", "\x00\x00\x03\x08\x02\x00", "\x01\x01\x03\x05\x07\x02\x00\x03",
		"\x02\x00\x05\x06\x09\x02\x01\x07", "\x03\x0a\x03\x08\x03\x08\x02\x00",
		"\x05\x00\x03\x05\x00\x02\x00\x03\x02\x00\x07", "\x04\x00\x03\x0b\x00\x0b\x03\x02\x00\x02\x00", "\x00\x0c\x03\x0d\x05\x00\x03\x09\x00\x03\x02\x00",
		"\x01\x0a\x0a\x03\x0a\x04\x05\x08\x08\x02\x03\x02\x02\x07\x07",
		"\x00\x0e\xff\x0e\x02\x08\x1f\x08\x1f\x0e\xff\x0e\x04\x08\x1f\x08\x1f\x0e\xff\x0e\x01\x08\x1f\x07\x08\x1f",
		"\x00\x0f\x05\x05\x07\x0f\x05", "\x00\x10\x00\x00\x10\x01\x10\x01\x10\x00\x02\x00\x10\x01",
		"\x01\x11\x03\x03\x05\x11\x06\x07", "\x00\x12\x04\x12\x1f\x12\x03",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		w := &witness{T: t, target: "FuzzLive"}
		defer w.keep(data, liveNote)
		l := newLiveDriver(w, data)
		for steps := 0; steps < maxSteps && len(l.data) > 0; steps++ {
			l.step(0)
			l.check()
		}
		l.finish()
	})
}

// liveNote says what running an input again can show.
const liveNote = "the same calls in the same order; how goroutines, CPUs and grace periods interleave is up to the machine: add -count 1000, and -race"

const (
	maxSteps = 64
	maxOpen  = 16              // sections and requests under way
	patient  = 2 * time.Second // in which the process can run
	starved  = 7 * time.Second // the fuzzing engine ends a process after 10
)

// liveDriver carries out operations one after the other; only the requests it
// starts run beside it.
type liveDriver struct {
	t        *witness
	data     []byte
	d        *srcu.Domain
	pauses   atomic.Int32 // yields at the next steps of the grace period
	sections []*section
	requests []*request
	queued   int
	ran      atomic.Int32

	value    srcu.Pointer[updated] // for updaters
	updaters sync.WaitGroup
	pool     *srcu.Pool[pooled]
	current  srcu.Pointer[pooled]
	drop     atomic.Bool // the next owner that sums loses its goroutine
}

// updated is a value that must not be freed while an updater reads it.
type updated struct{ freed atomic.Bool }

// pooled is a value whose use changes each time that Get returns it.
type pooled struct{ use atomic.Int32 }

type section struct {
	leave func()
	open  bool
	held  *pooled // what it has loaded, and the use of that
	use   int32
}

// request is a wait for a grace period, with the sections it must wait for.
type request struct {
	name   string
	before []*section
	over   func() bool
	cancel context.CancelFunc
}

// The entries into package srcu that its users do not have.
var (
	newCore = seam.NewDomain.(func(srcu.Config, func(srcu.Barrier, srcu.Pace) srcu.Machine,
		func(srcu.Side) srcu.Side, func(string)) *srcu.Domain)
	readLockSlowly = seam.ReadLockSlowly.(func(*srcu.Domain, func()) srcu.Ticket)
)

func newLiveDriver(t *witness, data []byte) *liveDriver {
	l := &liveDriver{t: t, data: data}
	barriers := []func() srcu.Barrier{
		fixes.Membarrier, fixes.Blocking, fixes.CallRCU, fixes.Polling, fixes.Expedited, srcu.FenceOnce,
	}
	l.d = newCore(srcu.Config{
		Barrier: barriers[int(l.next())%len(barriers)](), RCU: rcu.NewLive(),
		OnPanic: func(any) { runtime.Goexit() },
	}, nil, func(s srcu.Side) srcu.Side { return pausingSide{s, &l.pauses, &l.drop} }, func(what string) { t.Error(what) })
	l.value.Publish(&updated{})
	l.pool = srcu.NewPool(l.d, func() *pooled { return &pooled{} })
	l.current.Publish(l.pool.Get())
	return l
}

// next is the next byte, and 0 when there is none left.
func (l *liveDriver) next() byte {
	if len(l.data) == 0 {
		return 0
	}
	b := l.data[0]
	l.data = l.data[1:]
	return b
}

func (l *liveDriver) step(depth int) {
	switch op := l.next() % 19; op {
	case 0:
		l.open(func() func() {
			t := l.d.ReadLock()
			return func() { l.d.ReadUnlock(t) }
		})
	case 1:
		l.open(func() func() {
			r := l.d.Reader()
			t := r.ReadLock()
			return func() { r.ReadUnlock(t); r.Close() }
		})
	case 2:
		l.close(int(l.next()), false)
	case 3, 4:
		l.synchronize(op == 4)
	case 5:
		l.call(func() {})
	case 6:
		c := l.d.StartPoll()
		l.request("StartPoll", func() bool { return l.d.Poll(c) }, func() {})
	case 7:
		l.barrier()
	case 8:
		for range l.next() % 32 {
			runtime.Gosched()
		}
	case 9:
		if n := len(l.requests); n > 0 {
			l.requests[int(l.next())%n].cancel()
		}
	case 10: // something else happens at the reader's weak point
		if depth < 4 {
			l.open(func() func() {
				t := readLockSlowly(l.d, func() { l.step(depth + 1) })
				return func() { l.d.ReadUnlock(t) }
			})
		}
	case 11:
		l.close(int(l.next()), true)
	case 12:
		l.pauses.Store(int32(l.next() % 64))
	case 13:
		l.call(func() { // a callback that calls back
			l.d.ReadUnlock(l.d.ReadLock())
			if err := l.d.Synchronize(context.Background()); err != nil {
				l.t.Errorf("Synchronize in a callback: %v", err)
			}
		})
	case 14:
		l.update(int(l.next()))
	case 15:
		l.call(func() { panic("planned") })
	case 16:
		for range 1 + int(l.next())%2*300 { // one value, or more than a batch
			v := l.pool.Get()
			v.use.Add(1)
			if err := l.pool.Put(context.Background(), l.current.Publish(v)); err != nil {
				l.t.Fatalf("Put: %v", err)
			}
		}
	case 17:
		l.drop.Store(true)
	case 18:
		l.closeBesideCallers(int(l.next() % 32))
	}
}

// update replaces the value on another goroutine, which yields so often while it
// reads the old one.
func (l *liveDriver) update(yields int) {
	l.updaters.Go(func() {
		err := l.value.Update(context.Background(), l.d, func(old *updated) *updated {
			for range yields {
				runtime.Gosched()
				if old.freed.Load() {
					l.t.Error("Update gave its function a freed value")
				}
			}
			return &updated{}
		}, func(old *updated) {
			if old.freed.Swap(true) {
				l.t.Error("a value was freed twice")
			}
		})
		if err != nil {
			l.t.Errorf("Update: %v", err)
		}
	})
}

// closeBesideCallers closes a domain of its own, whose limit is low, while others
// call: each callback that was accepted must have run when Close returns.
func (l *liveDriver) closeBesideCallers(pauses int) {
	d := srcu.NewDomain(srcu.Config{MaxPending: 2})
	var accepted, ran, late atomic.Int32
	var closed atomic.Bool
	var callers sync.WaitGroup
	in := d.ReadLock()
	for range 4 {
		callers.Go(func() {
			for d.Call(context.Background(), func() {
				ran.Add(1)
				if closed.Load() {
					late.Add(1)
				}
			}) == nil {
				accepted.Add(1)
			}
		})
	}
	callers.Go(func() {
		for range pauses {
			runtime.Gosched()
		}
		d.ReadUnlock(in)
	})
	if err := d.Close(context.Background()); err != nil {
		l.t.Errorf("Close beside callers: %v", err)
	}
	closed.Store(true)
	callers.Wait()
	if ran.Load() != accepted.Load() || late.Load() > 0 {
		l.t.Errorf("%d calls were accepted, %d callbacks ran, %d of them after Close", accepted.Load(), ran.Load(), late.Load())
	}
}

func (l *liveDriver) open(enter func() func()) {
	if len(l.sections) < maxOpen {
		s := &section{leave: enter(), open: true}
		s.held = l.current.Load()
		s.use = s.held.use.Load()
		l.sections = append(l.sections, s)
	}
}

// close ends a section, here or on another goroutine. The request that could
// go on as soon as the section ends must not be judged by it.
func (l *liveDriver) close(i int, elsewhere bool) {
	if len(l.sections) == 0 {
		return
	}
	i %= len(l.sections)
	s := l.sections[i]
	l.sections = append(l.sections[:i], l.sections[i+1:]...)
	if s.held.use.Load() != s.use {
		l.t.Error("the pool returned a value that a section holds")
	}
	s.open = false
	if !elsewhere {
		s.leave()
		return
	}
	left := make(chan struct{})
	go func() { s.leave(); close(left) }()
	<-left
}

// request notes a request that has just been made. The sections that a slow
// reader is about to open are not among those it must wait for.
func (l *liveDriver) request(name string, over func() bool, cancel context.CancelFunc) {
	l.requests = append(l.requests, &request{name, append([]*section(nil), l.sections...), over, cancel})
}

// beside runs a request on a goroutine of its own.
func (l *liveDriver) beside(name string, wait func(context.Context) error) *request {
	if len(l.requests) >= maxOpen {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	var over, gone atomic.Bool
	l.request(name, nil, cancel)
	r := l.requests[len(l.requests)-1]
	r.over = func() bool {
		if gone.Load() { // given up: that says nothing about the readers
			r.before = nil
			return true
		}
		return over.Load()
	}
	go func() {
		defer func() {
			if !over.Load() { // given up, or this goroutine was the owner that got lost
				gone.Store(true)
			}
		}()
		if wait(ctx) == nil {
			over.Store(true)
		}
	}()
	return r
}

func (l *liveDriver) synchronize(expedited bool) {
	if expedited {
		l.beside("SynchronizeExpedited", l.d.SynchronizeExpedited)
	} else {
		l.beside("Synchronize", l.d.Synchronize)
	}
}

func (l *liveDriver) call(then func()) {
	var over atomic.Bool
	l.queued++
	l.request("Call", over.Load, func() {})
	err := l.d.Call(context.Background(), func() {
		if over.Swap(true) {
			l.t.Error("a callback ran twice")
		}
		l.ran.Add(1)
		then()
	})
	if err != nil {
		l.t.Fatalf("Call: %v", err)
	}
}

func (l *liveDriver) barrier() {
	queued := l.queued
	r := l.beside("Barrier", func(ctx context.Context) error {
		if err := l.d.Barrier(ctx); err != nil {
			return err
		}
		if n := int(l.ran.Load()); n < queued {
			l.t.Errorf("Barrier returned after %d of %d callbacks", n, queued)
		}
		return nil
	})
	if r != nil {
		r.before = nil // it waits for callbacks, and for no section without them
	}
}

// check looks at every request: none may be over with a section open that it
// must wait for.
func (l *liveDriver) check() {
	kept := l.requests[:0]
	for _, r := range l.requests {
		if !r.over() {
			kept = append(kept, r)
			continue
		}
		for i, s := range r.before {
			if s.open {
				l.t.Fatalf("%s is over, but section %d of the %d that were open before it is still open", r.name, i, len(r.before))
			}
		}
	}
	l.requests = kept
}

// finish closes all sections; all requests must then end.
func (l *liveDriver) finish() {
	for len(l.sections) > 0 {
		l.close(0, false)
		l.check()
	}
	l.updaters.Wait()
	for clock := patience.New(patient, starved); len(l.requests) > 0; l.check() {
		switch clock.Look() {
		case patience.Hung:
			l.t.Fatalf("%s is not over %v after the last section was closed", l.requests[0].name, patient)
		case patience.Starved:
			l.t.Skip("undecided: this machine does not let the process run")
		}
		runtime.Gosched()
	}
	if err := l.d.Close(context.Background()); err != nil {
		l.t.Fatalf("Close: %v", err)
	}
	if n := int(l.ran.Load()); n != l.queued {
		l.t.Fatalf("%d callbacks were queued, %d ran", l.queued, n)
	}
}

// pausingSide lets others run between the steps of a grace period.
type pausingSide struct {
	srcu.Side
	pauses *atomic.Int32
	drop   *atomic.Bool
}

func (s pausingSide) pause() {
	for range s.pauses.Load() {
		runtime.Gosched()
	}
}

func (s pausingSide) Unlocks(rank int) uint64 {
	if s.drop.Swap(false) {
		runtime.Goexit()
	}
	defer s.pause()
	return s.Side.Unlocks(rank)
}

func (s pausingSide) Locks(rank int) uint64 {
	defer s.pause()
	return s.Side.Locks(rank)
}

func (s pausingSide) Flip() {
	s.pause()
	s.Side.Flip()
	s.pause()
}

func (s pausingSide) Ended(jiffies uint64) {
	s.pause()
	s.Side.Ended(jiffies)
}

func (s pausingSide) Requeue(jiffies uint64) {
	s.pause()
	s.Side.Requeue(jiffies)
}
