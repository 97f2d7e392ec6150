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
					must(d.Call(background, func() { ran.Add(1) }))
				}
				mine := ran.Load()
				if must(d.Barrier(background)); ran.Load() < mine {
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
			must(d.Call(background, func() { order = append(order, i) }))
		}
		if must(d.Barrier(background)); len(order) != 100 || !slices.IsSorted(order) {
			t.Errorf("order %v", order)
		}
	})
}

func TestCallbackMayCallBack(t *testing.T) {
	eachConfig(t, func(t *testing.T, d *Domain) {
		done := make(chan struct{})
		must(d.Call(background, func() {
			d.ReadUnlock(d.ReadLock())
			must(d.Synchronize(background))
			must(d.SynchronizeExpedited(background))
			for c := d.StartPoll(); !d.Poll(c); {
				runtime.Gosched()
			}
			must(d.Call(background, func() { close(done) }))
		}))
		<-done
	})
}

func TestBlockedCallbackHoldsUpNoGracePeriod(t *testing.T) {
	eachConfig(t, func(t *testing.T, d *Domain) {
		release := make(chan struct{})
		must(d.Call(background, func() { <-release }))
		must(d.Synchronize(background))
		must(d.Synchronize(background))
		close(release)
		must(d.Barrier(background))
	})
}
