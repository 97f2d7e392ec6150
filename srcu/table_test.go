//go:build amd64 && gc && go1.26 && !go1.27 && !race && !msan && !asan && !libfuzzer && !gpstorm_portable && !gpstorm_debug

package srcu

import (
	"sync"
	"testing"
	"unsafe"
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

// In each way to call them, ReadLock and ReadUnlock must find the stack of their
// caller: an address elsewhere would give several goroutines one slot.
func TestOwnerOfASlotIsOnItsGoroutinesStack(t *testing.T) {
	const n, near = 16, 1 << 10 // the frames of the caller and of the two methods
	for name, section := range map[string]func(*Domain){
		"inlined":      func(d *Domain) { d.ReadUnlock(d.ReadLock()) },
		"as values":    func(d *Domain) { values(d.ReadLock, d.ReadUnlock) },
		"in interface": func(d *Domain) { x := anonymous(d); x.ReadUnlock(x.ReadLock()) },
	} {
		t.Run(name, func(t *testing.T) {
			d := NewDomain(Config{})
			var (
				here      [n]uintptr
				owns, all sync.WaitGroup
			)
			owns.Add(n)
			for i := range n {
				all.Go(func() {
					var local byte
					for range 2 * claimEvery * sharedSlots {
						section(d)
					}
					here[i] = uintptr(unsafe.Pointer(&local))
					owns.Done()
					owns.Wait() // all stacks exist at once
				})
			}
			all.Wait()
			found := 0
			for i := range d.tables.newest() {
				owner := d.tables.newest()[i].owner
				for _, local := range here {
					if owner != 0 && owner-local+near < 2*near {
						found++
					}
				}
			}
			if found < n/2 || int(d.claims) != found { // some blocks have the same slot
				t.Errorf("%d owners near variables of %d goroutines, %d slots were claimed", found, n, d.claims)
			}
		})
	}
}

type anonymous interface {
	ReadLock() Ticket
	ReadUnlock(Ticket)
}

//go:noinline
func values(lock func() Ticket, unlock func(Ticket)) { unlock(lock()) }

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
