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

// A Call that waits at the limit while Close runs either is refused or has its
// callback run before Close returns.
func TestNoCallbackRunsAfterClose(t *testing.T) {
	t.Parallel()
	for range 50 {
		d := NewDomain(Config{MaxPending: 1})
		leave := hold(d)
		must(d.Call(background, func() {}))
		var closed, late atomic.Bool
		var ran atomic.Int64
		const callers = 4
		accepted := make(chan bool, callers)
		for range callers {
			go func() {
				accepted <- d.Call(background, func() { ran.Add(1); late.Store(late.Load() || closed.Load()) }) == nil
			}()
		}
		go func() { runtime.Gosched(); leave() }()
		must(d.Close(background))
		closed.Store(true)
		n := int64(0)
		for range callers {
			if <-accepted {
				n++
			}
		}
		if late.Load() || ran.Load() != n {
			t.Fatalf("%d calls accepted, %d callbacks ran, one after Close: %v", n, ran.Load(), late.Load())
		}
	}
}

func TestCloseEndsWithItsContextAndMayBeRepeated(t *testing.T) {
	t.Parallel()
	d := NewDomain(Config{})
	release := make(chan struct{})
	must(d.Call(background, func() { <-release }))
	ctx, cancel := context.WithCancel(background)
	cancel()
	for name, wait := range map[string]func(context.Context) error{"Barrier": d.Barrier, "Close": d.Close} {
		if err := wait(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s = %v", name, err)
		}
	}
	ran := false
	must(d.Call(background, func() { ran = true })) // not closed
	close(release)
	if err := d.Close(background); err != nil || !ran {
		t.Errorf("Close = %v, ran %v", err, ran)
	}
}

// Whichever Close begins first, the other one waits for it, takes over when its context
// ends, and returns what it returned otherwise.
func TestCloseDuringACloseWaitsForIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		readers int
		want    error
	}{{"nothing left open", 0, nil}, {"a Reader left open", 1, ErrOpenReaders}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := NewDomain(Config{})
			for range c.readers {
				d.Reader()
			}
			begun, release := make(chan struct{}), make(chan struct{})
			must(d.Call(background, func() { close(begun); <-release }))
			<-begun
			ctx, cancel := context.WithCancel(background)
			defer cancel()
			outcomes, given := make(chan error), make(chan error)
			var waiting sync.WaitGroup
			waiting.Add(4)
			for range 3 {
				go func() { outcomes <- d.Close(announced{background, sync.OnceFunc(waiting.Done)}) }()
			}
			go func() { given <- d.Close(announced{ctx, sync.OnceFunc(waiting.Done)}) }()
			all := make(chan struct{})
			go func() { waiting.Wait(); close(all) }()
			select {
			case err := <-outcomes:
				t.Errorf("Close = %v while a callback runs", err)
				return
			case <-all:
			}
			cancel()
			if err := <-given; !errors.Is(err, context.Canceled) {
				t.Errorf("Close = %v, want the end of its context", err)
			}
			close(release)
			for range 3 {
				if err := <-outcomes; !errors.Is(err, c.want) {
					t.Errorf("Close = %v, want %v", err, c.want)
				}
			}
			if err := d.Close(background); err != ErrClosed {
				t.Errorf("Close of a closed domain = %v", err)
			}
		})
	}
}

// announced is a context that tells when somebody waits for its end.
type announced struct {
	context.Context
	waits func()
}

func (a announced) Done() <-chan struct{} {
	a.waits()
	return a.Context.Done()
}

// An update has a place while it runs; its callback comes later.
func TestCloseWaitsForAnUpdateThatRuns(t *testing.T) {
	t.Parallel()
	d := NewDomain(Config{})
	freed := false
	m := NewMap[int, int](d, func(*int) { freed = true })
	must(m.Store(background, 1, new(int)))
	inside, finish := make(chan struct{}), make(chan struct{})
	go func() {
		must(m.Update(background, 1, func(*int) *int { close(inside); <-finish; return nil }))
	}()
	<-inside
	closing := make(chan error)
	go func() { closing <- d.Close(background) }()
	until(t, "calls are refused", func() bool { return d.TryCall(func() {}) == ErrClosed })
	close(finish)
	if err := <-closing; err != nil || !freed {
		t.Errorf("Close = %v; the deleted value was freed: %v", err, freed)
	}
}

func TestSynchronizeWaitsOnAClosedDomain(t *testing.T) {
	t.Parallel()
	d := NewDomain(Config{})
	must(d.Close(background))
	leave := hold(d)
	ctx, cancel := context.WithTimeout(background, 5*time.Millisecond)
	defer cancel()
	if err := d.Synchronize(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Synchronize = %v inside of a section", err)
	}
	leave()
	must(d.Synchronize(background))
}
