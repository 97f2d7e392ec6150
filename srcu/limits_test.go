package srcu

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// until waits for a condition that other goroutines make true.
func until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for range 100_000 {
		if cond() {
			return
		}
		time.Sleep(50 * time.Microsecond) // only yields the processor
	}
	t.Fatalf("never: %s", what)
}

func panics(f func()) (value any) {
	defer func() { value = recover() }()
	f()
	return nil
}

func TestPanickingCallbackIsReportedAndTheOthersRun(t *testing.T) {
	t.Parallel()
	var caught []any
	d := NewDomain(Config{OnPanic: func(p any) { caught = append(caught, p) }})
	ran := 0
	must(d.Call(background, func() { panic("planned") }))
	must(d.Call(background, func() { ran++ }))
	must(d.Call(background, runtime.Goexit))
	must(d.Call(background, func() { ran++ }))
	must(d.Barrier(background))
	if ran != 2 || len(caught) != 1 || caught[0] != "planned" {
		t.Errorf("%d of 2 callbacks ran, caught %v", ran, caught)
	}
}

// t.Fatal in OnPanic has this effect.
func TestOnPanicThatEndsItsGoroutineHoldsUpNothing(t *testing.T) {
	t.Parallel()
	d := NewDomain(Config{OnPanic: func(any) { runtime.Goexit() }})
	must(d.Call(background, func() { panic("planned") }))
	ran := false
	must(d.Call(background, func() { ran = true }))
	ctx, cancel := context.WithTimeout(background, 10*time.Second)
	defer cancel()
	if err := d.Barrier(ctx); err != nil || !ran {
		t.Errorf("Barrier = %v; the next callback ran: %v", err, ran)
	}
}

// A barrier, a heavy barrier or a context may end the goroutine that runs a grace
// period; another must take the machine over.
func TestGracePeriodsGoOnAfterTheirOwnerIsGone(t *testing.T) {
	t.Parallel()
	for _, end := range []struct {
		name string
		how  func()
	}{{"panic", func() { panic("planned") }}, {"Goexit", runtime.Goexit}} {
		t.Run(end.name, func(t *testing.T) {
			t.Parallel()
			for range 20 {
				// A domain of its own: the goroutine that takes one over may run on,
				// and would meet the next failure, which it cannot recover from.
				var failed atomic.Bool
				d := NewDomain(Config{Barrier: BarrierFunc(func(s Side, _ *Scan) bool {
					if !failed.Swap(true) {
						end.how()
					}
					s.FenceAll()
					return true
				})})
				gone := make(chan struct{})
				go func() {
					defer close(gone)
					defer func() { _ = recover() }()
					_ = d.Synchronize(background)
				}()
				<-gone
				ctx, cancel := context.WithTimeout(background, 10*time.Second)
				if err := d.Synchronize(ctx); err != nil {
					t.Fatalf("Synchronize = %v after its owner had gone", err)
				}
				cancel()
			}
		})
	}
}

// Barriers whose contexts end leave nothing behind.
func TestAbandonedBarriersDoNotPileUp(t *testing.T) {
	t.Parallel()
	d := NewDomain(Config{})
	leave := hold(d)
	must(d.Call(background, func() {}))
	for range 500 {
		ctx, cancel := context.WithCancel(background)
		ended := make(chan error)
		go func() { ended <- d.Barrier(ctx) }()
		runtime.Gosched()
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Fatalf("Barrier = %v inside of a section", err)
		}
	}
	if n := d.callbacks.Pending(); n != 1 {
		t.Errorf("%d callbacks are queued, want the one that was called", n)
	}
	leave()
	must(d.Barrier(background))
}

// The limit holds for many concurrent callers, with slow callbacks, and while a
// section delays all callbacks.
func TestPendingCallbacksAreBounded(t *testing.T) {
	t.Parallel()
	const limit, callers = 10, 16
	for _, c := range []struct {
		name     string
		callback func()
		each     int64 // calls of a caller
		hold     bool  // a section is open while the callers start
	}{
		{"quick callbacks", func() {}, 50, false},
		{"slow callbacks", func() { time.Sleep(100 * time.Microsecond) }, 10, false},
		{"a section that holds all up", func() {}, 50, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := NewDomain(Config{MaxPending: limit})
			var leave func()
			if c.hold {
				leave = hold(d)
			}
			var ran, most atomic.Int64
			var wg sync.WaitGroup
			for range callers {
				wg.Go(func() {
					for range c.each {
						must(d.Call(background, func() { ran.Add(1); c.callback() }))
						if n := int64(d.Pending()); n > most.Load() {
							most.Store(n)
						}
					}
				})
			}
			if c.hold {
				until(t, "the domain is full", func() bool { return d.Pending() == limit })
				if err := d.TryCall(func() {}); !errors.Is(err, ErrFull) {
					t.Errorf("TryCall = %v in a full domain", err)
				}
				ctx, cancel := context.WithCancel(background)
				cancel()
				if err := d.Call(ctx, func() {}); !errors.Is(err, context.Canceled) {
					t.Errorf("Call = %v in a full domain, with a context that has ended", err)
				}
				leave()
			}
			wg.Wait()
			must(d.Barrier(background))
			if ran.Load() != callers*c.each || most.Load() > limit || d.Pending() != 0 {
				t.Errorf("%d of %d callbacks ran, %d were pending at most, %d are; the limit is %d",
					ran.Load(), callers*c.each, most.Load(), d.Pending(), limit)
			}
		})
	}
}

// Other callbacks may wait for this one, so it must not wait for them; it can use
// the place that it has just left.
func TestCallInACallbackDoesNotWait(t *testing.T) {
	t.Parallel()
	d, other := NewDomain(Config{MaxPending: 1}), NewDomain(Config{MaxPending: 1})
	leave := hold(other)
	must(other.Call(background, func() {}))
	errs := make(chan error, 3)
	must(d.Call(background, func() {
		errs <- d.Call(background, func() {})
		errs <- d.Call(background, func() {})
		errs <- other.Call(background, func() {})
	}))
	for i, want := range []error{nil, ErrFull, ErrFull} {
		if err := <-errs; err != want {
			t.Errorf("call %d in a callback = %v, want %v", i, err, want)
		}
	}
	leave()
}

// OnPanic runs on the goroutine of the callbacks, and would wait for itself.
func TestCallInOnPanicDoesNotWait(t *testing.T) {
	t.Parallel()
	errs := make(chan error, 2)
	var d *Domain
	d = NewDomain(Config{MaxPending: 1, OnPanic: func(any) {
		errs <- d.Call(background, func() {})
		errs <- d.Call(background, func() {})
	}})
	must(d.Call(background, func() { panic("planned") }))
	for i, want := range []error{nil, ErrFull} {
		if err := <-errs; err != want {
			t.Errorf("call %d in OnPanic = %v, want %v", i, err, want)
		}
	}
}

func TestNilFunctionsAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	d := NewDomain(Config{})
	if panics(func() { _ = d.Call(background, nil) }) == nil || panics(func() { _ = d.TryCall(nil) }) == nil {
		t.Error("a nil function was accepted")
	}
	if d.Pending() != 0 {
		t.Errorf("%d pending", d.Pending())
	}
}

// The sums prove it, at no cost to readers.
func TestSectionThatEndsTwiceIsReported(t *testing.T) {
	t.Parallel()
	if debugging {
		t.Skip("this build panics at the second ReadUnlock")
	}
	for name, twice := range map[string]func(*Domain){
		"anonymous": func(d *Domain) { in := d.ReadLock(); d.ReadUnlock(in); d.ReadUnlock(in) },
		"registered": func(d *Domain) {
			r := d.Reader()
			in := r.ReadLock()
			r.ReadUnlock(in)
			r.ReadUnlock(in)
		},
	} {
		var found atomic.Bool
		d := newDomain(Config{}, nil, nil, func(string) { found.Store(true) })
		twice(d)
		ctx, cancel := context.WithTimeout(background, 100*time.Millisecond)
		_ = d.Synchronize(ctx)
		_ = d.Synchronize(ctx)
		cancel()
		if !found.Load() {
			t.Errorf("%s: went unnoticed", name)
		}
	}
}
