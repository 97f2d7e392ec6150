package srcu

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestRetiredValueIsFreedOnceAndAfterItsReaders(t *testing.T) {
	eachConfig(t, func(t *testing.T, d *Domain) {
		type value struct{ freed atomic.Int32 }
		var p Pointer[value]
		free := func(v *value) {
			if v.freed.Add(1) != 1 {
				t.Error("freed twice")
			}
		}
		first, second := &value{}, &value{}
		must(p.Replace(d, first, free)) // nothing to free yet
		in := d.ReadLock()
		held := p.Load()
		must(p.Update(d, func(*value) *value { return second }, free))
		if held != first || p.Load() != second || held.freed.Load() != 0 {
			t.Error("freed or not replaced while a reader holds it")
		}
		d.ReadUnlock(in)
		if d.Barrier(); first.freed.Load() != 1 || second.freed.Load() != 0 {
			t.Errorf("freed %d and %d times", first.freed.Load(), second.freed.Load())
		}
	})
}

func TestConcurrentUpdatesFreeEveryValueButTheLast(t *testing.T) {
	d := NewDomain(Config{})
	var p Pointer[int]
	var freed atomic.Int64
	const workers, each = 4, 300
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range each {
				must(p.Update(d, func(old *int) *int {
					n := 1
					if old != nil {
						n += *old
					}
					return &n
				}, func(*int) { freed.Add(1) }))
			}
		})
	}
	wg.Wait()
	d.Barrier()
	if *p.Load() != workers*each || freed.Load() != workers*each-1 {
		t.Errorf("%d updates counted, %d values freed", *p.Load(), freed.Load())
	}
}

func TestReplaceOnAClosedDomainSaysSo(t *testing.T) {
	d := NewDomain(Config{})
	must(d.Close())
	var p Pointer[int]
	a, b := 1, 2
	must(p.Replace(d, &a, nil))
	if err := p.Replace(d, &b, func(*int) { t.Error("freed on a closed domain") }); err != ErrClosed {
		t.Errorf("Replace = %v", err)
	}
}
