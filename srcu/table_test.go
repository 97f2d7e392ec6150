//go:build amd64 && gc && go1.26 && !go1.27 && !race && !msan && !asan && !libfuzzer && !gpstorm_portable && !gpstorm_debug

package srcu

import (
	"sync"
	"testing"
)

// owns makes the caller read until it owns a slot, and reports whether it does.
func owns(d *Domain) bool {
	for range 64 * claimEvery {
		before := d.sharedSum(unlocked, 0) + d.sharedSum(unlocked, 1)
		d.ReadUnlock(d.ReadLock())
		if d.sharedSum(unlocked, 0)+d.sharedSum(unlocked, 1) == before {
			return true
		}
	}
	return false
}

func TestGoroutineThatReadsALotGetsASlotAfterABurstOfOthers(t *testing.T) {
	d := NewDomain(Config{})
	var in, wg sync.WaitGroup
	const many = 4000
	in.Add(many)
	for range many {
		wg.Go(func() {
			in.Done()
			in.Wait() // all stacks exist at once
			for range 3 {
				d.ReadUnlock(d.ReadLock())
			}
		})
	}
	wg.Wait()
	taken := 0
	for i := range d.tables.newest() {
		if d.tables.newest()[i].owner != 0 {
			taken++
		}
	}
	if taken > minSlots/4 {
		t.Errorf("%d of %d slots went to goroutines that read 3 times", taken, minSlots)
	}
}

func TestTableGrowsUntilReadersFindSlots(t *testing.T) {
	d := NewDomain(Config{})
	crowd(d)
	if owns(d) {
		t.Fatal("a goroutine owns a slot where all are taken")
	}
	for i := 0; len(d.tables.newest()) == minSlots; i++ {
		if i > 100*growEvery {
			t.Fatal("the table does not grow")
		}
		for range claimEvery {
			d.ReadUnlock(d.ReadLock())
		}
		must(d.Synchronize(background))
	}
	in := d.ReadLock() // in the new table, or shared
	if !owns(d) {
		t.Error("no slot in the larger table")
	}
	if d.Poll(d.StartPoll()) {
		t.Error("a grace period ended beside a section")
	}
	d.ReadUnlock(in)
	must(d.Synchronize(background))
	for range 100 {
		crowd(d)
		grown := make(chan struct{})
		go func() { // a goroutine without a slot
			defer close(grown)
			grow(2)
			for range claimEvery * maxSlots / 8 {
				d.ReadUnlock(d.ReadLock())
			}
		}()
		<-grown
		for range growEvery {
			must(d.Synchronize(background))
		}
		if len(d.tables.newest()) == maxSlots {
			break
		}
	}
	if n := len(d.tables.newest()); n != maxSlots {
		t.Errorf("the table has %d slots, want it to grow up to %d", n, maxSlots)
	}
}
