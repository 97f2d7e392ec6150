package srcu

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/gpstorm/gpstorm/rcu"
)

var background = context.Background()

// configs lists configurations that must all be correct.
var configs = []struct {
	name   string
	config Config
}{
	{"default", Config{}},
	{"portable heavy barrier", Config{Heavy: rcu.StopTheWorld}},
	{"blocking in RCU", Config{Barrier: BarrierFunc(blockInRCU)}},
	{"resumed by an RCU callback", Config{Barrier: BarrierFunc(resumeByRCU)}},
}

func blockInRCU(s Side, _ *Scan) bool { s.RCU().Synchronize(); return true }

func resumeByRCU(s Side, sc *Scan) bool {
	if sc.First() {
		s.RCU().Call(func() { sc.Elapse(); s.Requeue(0) })
	}
	return sc.Elapsed()
}

// eachConfig runs the test on a fresh domain of every kind. At the end it checks
// that the counters balance and that no work is left.
func eachConfig(t *testing.T, test func(*testing.T, *Domain)) {
	for _, c := range configs {
		t.Run(c.name, func(t *testing.T) {
			d := NewDomain(c.config)
			test(t, d)
			if err := d.Synchronize(background); err != nil && !errors.Is(err, ErrClosed) {
				t.Fatal(err)
			}
			for rank := range 2 {
				if l, u := d.sum(locked, rank), d.sum(unlocked, rank); l != u {
					t.Errorf("rank %d ends with %d locks and %d unlocks", rank, l, u)
				}
			}
		})
	}
}

// waits lists all ways to wait for a grace period.
var waits = []struct {
	name string
	wait func(*Domain)
}{
	{"Synchronize", func(d *Domain) { must(d.Synchronize(background)) }},
	{"SynchronizeExpedited", func(d *Domain) { must(d.SynchronizeExpedited(background)) }},
	{"Call", func(d *Domain) {
		ran := make(chan struct{})
		must(d.Call(background, func() { close(ran) }))
		<-ran
	}},
	{"StartPoll", func(d *Domain) {
		for c := d.StartPoll(); !d.Poll(c); {
			runtime.Gosched()
		}
	}},
	{"Call and Barrier", func(d *Domain) {
		ran := false
		must(d.Call(background, func() { ran = true }))
		if must(d.Barrier(background)); !ran {
			panic("Barrier returned before a callback queued earlier had run")
		}
	}},
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// hold opens a section on another goroutine.
func hold(d *Domain) (leave func()) {
	inside, over := make(chan struct{}), make(chan struct{})
	go func() {
		in := d.ReadLock()
		close(inside)
		<-over
		d.ReadUnlock(in)
		over <- struct{}{}
	}()
	<-inside
	return func() { over <- struct{}{}; <-over }
}

// waysInside lists all ways to enter a read-side critical section; each returns the
// function that leaves it.
var waysInside = []struct {
	name  string
	enter func(*Domain) (leave func())
}{
	{"anonymous", func(d *Domain) func() {
		t := d.ReadLock()
		return func() { d.ReadUnlock(t) }
	}},
	{"anonymous, left on another goroutine", func(d *Domain) func() {
		t := d.ReadLock()
		return func() {
			done := make(chan struct{})
			go func() { d.ReadUnlock(t); close(done) }()
			<-done
		}
	}},
	{"registered", func(d *Domain) func() {
		r := d.Reader()
		t := r.ReadLock()
		return func() { r.ReadUnlock(t); r.Close() }
	}},
	{"nested", func(d *Domain) func() {
		outer := d.ReadLock()
		d.ReadUnlock(d.ReadLock())
		return func() { d.ReadUnlock(outer) }
	}},
	{"beyond the slots that goroutines can own", func(d *Domain) func() {
		crowd(d)
		t := d.ReadLock()
		return func() { d.ReadUnlock(t) }
	}},
	{"fenced", func(d *Domain) func() {
		t := d.FencedReadLock()
		return func() { d.FencedReadUnlock(t) }
	}},
	{"slow", func(d *Domain) func() {
		t := d.readLockSlowly(runtime.Gosched)
		return func() { d.ReadUnlock(t) }
	}},
}

// crowd assigns every slot without an owner to a stack block of no goroutine.
func crowd(d *Domain) {
	if !plainCounters {
		return
	}
	for i := range d.tables.newest() {
		if atomic.CompareAndSwapUintptr(&d.tables.newest()[i].owner, 0, 1) {
			atomic.AddUint32(&d.claims, 1)
		}
	}
}

func TestGracePeriodWaitsForASectionThatBeganBefore(t *testing.T) {
	eachConfig(t, func(t *testing.T, d *Domain) {
		for _, in := range waysInside {
			for _, w := range waits {
				leave := in.enter(d)
				c := d.machine.Snapshot()
				over := make(chan struct{})
				go func() { w.wait(d); close(over) }()
				for range 50 {
					runtime.Gosched()
				}
				select {
				case <-over:
					t.Errorf("%s ended inside of a section: %s", w.name, in.name)
				default:
				}
				if d.machine.Done(c) {
					t.Errorf("%s: a grace period ended inside of a section: %s", w.name, in.name)
				}
				leave()
				<-over
			}
		}
	})
}

func TestGracePeriodDoesNotWaitForSectionsThatBeginLater(t *testing.T) {
	eachConfig(t, func(t *testing.T, d *Domain) {
		// Readers overlap, so that there is always one inside; each grace period
		// must still end.
		var stop atomic.Bool
		var wg sync.WaitGroup
		wg.Go(func() {
			t := d.ReadLock()
			for !stop.Load() {
				next := d.ReadLock()
				d.ReadUnlock(t)
				t = next
			}
			d.ReadUnlock(t)
		})
		for _, w := range waits {
			w.wait(d)
		}
		stop.Store(true)
		wg.Wait()
	})
}

func TestSynchronizeEndsWithItsContext(t *testing.T) {
	eachConfig(t, func(t *testing.T, d *Domain) {
		leave := hold(d)
		for name, wait := range map[string]func(context.Context) error{
			"Synchronize": d.Synchronize, "SynchronizeExpedited": d.SynchronizeExpedited,
		} {
			ctx, cancel := context.WithTimeout(background, 5*time.Millisecond)
			if err := wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s = %v inside of a section", name, err)
			}
			cancel()
			if err := wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s = %v with a context that has ended", name, err)
			}
		}
		leave()
	})
}

func TestCloseRunsWhatWasQueuedAndRefusesTheRest(t *testing.T) {
	eachConfig(t, func(t *testing.T, d *Domain) {
		ran := false
		must(d.Call(background, func() { ran = true }))
		if err := d.Close(background); err != nil || !ran {
			t.Errorf("Close = %v; the callback ran: %v", err, ran)
		}
		for name, err := range map[string]error{
			"Close": d.Close(background), "Call": d.Call(background, func() {}), "TryCall": d.TryCall(func() {}),
		} {
			if !errors.Is(err, ErrClosed) {
				t.Errorf("%s on a closed domain = %v", name, err)
			}
		}
		d.ReadUnlock(d.ReadLock()) // readers continue
	})
}

func TestCloseNamesReadersLeftOpen(t *testing.T) {
	d := NewDomain(Config{})
	closed, open := d.Reader(), d.Reader()
	closed.Close()
	if names := d.OpenReaders(); len(names) != 1 || !strings.Contains(names[0], "domain_test.go:") {
		t.Errorf("OpenReaders = %q, want one line of this file", names)
	}
	err := d.Close(background)
	if !errors.Is(err, ErrOpenReaders) || !strings.Contains(err.Error(), "domain_test.go:") {
		t.Errorf("Close = %v", err)
	}
	open.Close()
	if names := d.OpenReaders(); len(names) != 0 {
		t.Errorf("OpenReaders = %q after Close", names)
	}
}

func TestReaderClosedInsideASectionPanics(t *testing.T) {
	r := NewDomain(Config{}).Reader()
	ticket := r.ReadLock()
	func() {
		defer func() {
			if recover() == nil {
				t.Error("Close inside a section went unnoticed")
			}
		}()
		r.Close()
	}()
	r.ReadUnlock(ticket)
	r.Close()
}

func TestReadSideAllocatesNothing(t *testing.T) {
	if debugging {
		t.Skip("this build notes each section")
	}
	eachConfig(t, func(t *testing.T, d *Domain) {
		if n := testing.AllocsPerRun(1000, func() { d.ReadUnlock(d.ReadLock()) }); n != 0 {
			t.Errorf("anonymous: %v allocations a pair", n)
		}
		r := d.Reader()
		defer r.Close()
		if n := testing.AllocsPerRun(1000, func() { r.ReadUnlock(r.ReadLock()) }); n != 0 {
			t.Errorf("registered: %v allocations a pair", n)
		}
	})
}

// The runtime puts a header before an object with pointers, which therefore begins
// 8 bytes after a cache line; the padding at the end of a slot allows for that.
func TestNoTwoGoroutinesCountInOneCacheLine(t *testing.T) {
	const line = 64
	used := unsafe.Offsetof(slot{}.owner) + unsafe.Sizeof(slot{}.owner)
	d := NewDomain(Config{})
	begins := []*counters{}
	if plainCounters {
		for i := range d.tables.newest() {
			begins = append(begins, &d.tables.newest()[i].n)
		}
	}
	for i := range d.shared {
		begins = append(begins, &d.shared[i].n)
	}
	for i := range d.fenced {
		begins = append(begins, &d.fenced[i].n)
	}
	for range 20 {
		r := d.Reader()
		defer r.Close()
		begins = append(begins, &r.n)
	}
	owner := map[uintptr]int{uintptr(unsafe.Pointer(&d.current)) / line: -1}
	for i, c := range begins {
		first := uintptr(unsafe.Pointer(c)) / line
		last := (uintptr(unsafe.Pointer(c)) + used - 1) / line
		if other, taken := owner[first]; taken || first != last {
			t.Fatalf("counters %d lie in lines %#x to %#x, where %d lie", i, first, last, other)
		}
		owner[first] = i
	}
}

func TestCallAllocatesAtMostOnce(t *testing.T) {
	d := NewDomain(Config{})
	fn := func() {}
	if n := testing.AllocsPerRun(5000, func() { must(d.Call(background, fn)) }); n > 1 {
		t.Errorf("%v allocations a Call, want at most 1", n)
	}
	must(d.Barrier(background))
}

// Goroutines start and end, grow their stacks and are preempted; no count may be
// lost in any slot.
func TestNoCountIsLost(t *testing.T) {
	eachConfig(t, func(t *testing.T, d *Domain) {
		const goroutines, each = 600, 300
		var wg sync.WaitGroup
		for i := range goroutines {
			wg.Go(func() {
				for j := range each {
					t := d.ReadLock()
					grow(i % 12)
					if j%64 == 0 {
						runtime.Gosched()
					}
					d.ReadUnlock(t)
				}
			})
			if i%100 == 0 {
				runtime.GC() // shrinks stacks
			}
		}
		wg.Wait()
		var locks, unlocks uint64
		for rank := range 2 {
			locks += d.sum(locked, rank)
			unlocks += d.sum(unlocked, rank)
		}
		if locks != goroutines*each || unlocks != locks {
			t.Errorf("%d sections counted %d locks and %d unlocks", goroutines*each, locks, unlocks)
		}
	})
}

// A heavy barrier interrupts every reader that runs, and is most of what a grace
// period costs.
func TestGracePeriodHasOneHeavyBarrier(t *testing.T) {
	barriers := 0
	d := NewDomain(Config{Heavy: func() { barriers++; rcu.HeavyBarrier() }})
	const n = 100
	for range n {
		d.ReadUnlock(d.ReadLock())
		must(d.Synchronize(background))
	}
	if barriers != n {
		t.Errorf("%d heavy barriers in %d grace periods", barriers, n)
	}
}
