package srcu

import (
	"runtime"
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
		must(p.Replace(background, d, first, free)) // nothing to free yet
		in := d.ReadLock()
		held := p.Load()
		must(p.Update(background, d, func(*value) *value { return second }, free))
		if held != first || p.current() != second || held.freed.Load() != 0 {
			t.Error("freed or not replaced while a reader holds it")
		}
		d.ReadUnlock(in)
		if must(d.Barrier(background)); first.freed.Load() != 1 || second.freed.Load() != 0 {
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
				must(p.Update(background, d, func(old *int) *int {
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
	must(d.Barrier(background))
	if *p.current() != workers*each || freed.Load() != workers*each-1 {
		t.Errorf("%d updates counted, %d values freed", *p.current(), freed.Load())
	}
}

func TestReplaceThatIsRefusedChangesNothing(t *testing.T) {
	t.Parallel()
	d := NewDomain(Config{})
	must(d.Close(background))
	var p Pointer[int]
	a, b := 1, 2
	p.Publish(&a)
	free := func(*int) { t.Error("freed on a closed domain") }
	if err := p.Replace(background, d, &b, free); err != ErrClosed || p.current() != &a {
		t.Errorf("Replace = %v", err)
	}
	change := func(*int) *int { return &b }
	if err := p.Update(background, d, change, free); err != ErrClosed || p.current() != &a {
		t.Errorf("Update = %v", err)
	}
}

// With several updaters and no reader, the argument of change must not be freed
// before change returns.
func TestUpdateKeepsTheOldValueWhileItIsRead(t *testing.T) {
	t.Parallel()
	type value struct{ freed atomic.Bool }
	d := NewDomain(Config{})
	var p Pointer[value]
	p.Publish(&value{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				must(p.Update(background, d, func(old *value) *value {
					for range 20 {
						runtime.Gosched()
						if old.freed.Load() {
							t.Error("change was given a freed value")
						}
					}
					return &value{}
				}, func(old *value) { old.freed.Store(true) }))
			}
		})
	}
	wg.Wait()
	must(d.Barrier(background))
}

func TestUpdateThatChangesNothingFreesNothing(t *testing.T) {
	t.Parallel()
	d := NewDomain(Config{MaxPending: 1})
	var p Pointer[int]
	a := 1
	p.Publish(&a)
	free := func(*int) { t.Error("the value that is published was freed") }
	must(p.Update(background, d, func(old *int) *int { return old }, free))
	must(p.Replace(background, d, &a, free))
	if panics(func() { _ = p.Update(background, d, func(*int) *int { panic("planned") }, free) }) == nil {
		t.Error("the panic of change got lost")
	}
	must(d.Barrier(background))
	if p.current() != &a || d.Pending() != 0 {
		t.Errorf("another value is published, or %d places are taken", d.Pending())
	}
	must(d.Synchronize(background)) // the section of change has ended
}

// current loads the value outside of sections.
func (p *Pointer[T]) current() *T { return p.p.Load() }
