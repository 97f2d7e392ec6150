package srcu

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

func TestBarrierWaitsForAllCallbacksQueuedBefore(t *testing.T) {
	eachConfig(t, func(t *testing.T, d *Domain) {
		var ran atomic.Int64
		var wg sync.WaitGroup
		const workers, each = 4, 500
		for range workers {
			wg.Go(func() {
				for range each {
					must(d.Call(func() { ran.Add(1) }))
				}
				mine := ran.Load()
				if d.Barrier(); ran.Load() < mine {
					t.Error("callbacks ran backwards")
				}
			})
		}
		wg.Wait()
		if n := ran.Load(); n != workers*each || d.Pending() != 0 {
			t.Errorf("%d of %d callbacks have run, %d pending", n, workers*each, d.Pending())
		}
	})
}

func TestCallbacksOfOneGoroutineRunInOrder(t *testing.T) {
	eachConfig(t, func(t *testing.T, d *Domain) {
		var order []int
		for i := range 100 {
			must(d.Call(func() { order = append(order, i) }))
		}
		if d.Barrier(); len(order) != 100 || !slices.IsSorted(order) {
			t.Errorf("order %v", order)
		}
	})
}

func TestCallbackMayCallBack(t *testing.T) {
	eachConfig(t, func(t *testing.T, d *Domain) {
		done := make(chan struct{})
		must(d.Call(func() {
			d.ReadUnlock(d.ReadLock())
			must(d.Synchronize(background))
			must(d.SynchronizeExpedited(background))
			for c := d.StartPoll(); !d.Poll(c); {
				runtime.Gosched()
			}
			must(d.Call(func() { close(done) }))
		}))
		<-done
	})
}

func TestBlockedCallbackHoldsUpNoGracePeriod(t *testing.T) {
	eachConfig(t, func(t *testing.T, d *Domain) {
		release := make(chan struct{})
		must(d.Call(func() { <-release }))
		must(d.Synchronize(background))
		must(d.Synchronize(background))
		close(release)
		d.Barrier()
	})
}

func TestPanickingCallbackIsReportedAndTheOthersRun(t *testing.T) {
	var caught []any
	d := NewDomain(Config{OnPanic: func(p any) { caught = append(caught, p) }})
	ran := 0
	must(d.Call(func() { panic("planned") }))
	must(d.Call(func() { ran++ }))
	must(d.Call(runtime.Goexit))
	must(d.Call(func() { ran++ }))
	d.Barrier()
	if ran != 2 || len(caught) != 1 || caught[0] != "planned" {
		t.Errorf("%d of 2 callbacks ran, caught %v", ran, caught)
	}
}

func TestCallHoldsBackAtTheLimit(t *testing.T) {
	const limit = 10
	d := NewDomain(Config{MaxPending: limit})
	in := d.ReadLock()
	for range limit {
		must(d.Call(func() {}))
	}
	over := make(chan struct{})
	go func() {
		for range 10 * limit {
			must(d.Call(func() {}))
			if n := d.Pending(); n > limit {
				t.Errorf("%d callbacks pending, want at most %d", n, limit)
			}
		}
		close(over)
	}()
	for range 20 {
		runtime.Gosched()
	}
	d.ReadUnlock(in)
	<-over
	d.Barrier()
}

func TestCallFromACallbackDoesNotDeadlockAtTheLimit(t *testing.T) {
	d := NewDomain(Config{MaxPending: 1})
	done := make(chan struct{})
	must(d.Call(func() {
		must(d.Call(func() {}))
		must(d.Call(func() { close(done) }))
	}))
	<-done
}
