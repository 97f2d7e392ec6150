package srcu

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// Updaters take values from the pool, publish them and put the old ones back. The
// owner of a value marks it, and removes the mark before publication: no reader may
// see the mark.
func TestPoolReturnsValuesAfterTheirReaders(t *testing.T) {
	eachConfig(t, func(t *testing.T, d *Domain) {
		type value struct{ taken atomic.Bool }
		p := NewPool(d, func() *value { return &value{} })
		var current Pointer[value]
		current.Publish(p.Get())
		var stop atomic.Bool
		var readers, updaters sync.WaitGroup
		for range 2 {
			readers.Go(func() {
				for !stop.Load() {
					in := d.ReadLock()
					v := current.Load()
					for range 10 {
						if v.taken.Load() {
							t.Error("a reader holds a value that Get returned")
						}
						runtime.Gosched()
					}
					d.ReadUnlock(in)
				}
			})
		}
		for range 2 {
			updaters.Go(func() {
				for range 2 * batchSize {
					v := p.Get()
					if v.taken.Swap(true) {
						t.Error("Get returned a value twice")
					}
					v.taken.Store(false)
					must(p.Put(background, current.Publish(v)))
				}
			})
		}
		updaters.Wait()
		stop.Store(true)
		readers.Wait()
		must(d.Close(background))
		if err := p.Put(background, p.Get()); !errors.Is(err, ErrClosed) || d.Pending() != 0 {
			t.Errorf("Put after Close = %v, %d pending", err, d.Pending())
		}
	})
}

func TestPoolAllocatesOncePerBatch(t *testing.T) {
	if debugging {
		t.Skip("this build notes each section")
	}
	d := NewDomain(Config{})
	p := NewPool[int](d, nil)
	v := new(int)
	if n := testing.AllocsPerRun(20*batchSize, func() { must(p.Put(background, v)) }); n != 0 {
		t.Errorf("%v allocations a Put, want less than 1", n)
	}
	must(d.Barrier(background))
}

// A batch that is closed late, when it is open for the second time, is released
// empty.
func TestPoolSurvivesALateClose(t *testing.T) {
	t.Parallel()
	d := NewDomain(Config{})
	p := NewPool[int](d, nil)
	for range 3 {
		p.close(p.open.Load())
		must(d.Barrier(background))
	}
	if p.Get() != nil {
		t.Error("Get returned a value that was never put")
	}
	v := new(int)
	must(p.Put(background, v))
	must(d.Close(background))
	if got := p.Get(); got != nil && got != v {
		t.Errorf("Get = %p, want %p or nothing", got, v)
	}
}

func TestPoolIsBoundedByMaxPending(t *testing.T) {
	t.Parallel()
	const limit = 3
	d := NewDomain(Config{MaxPending: limit})
	p := NewPool(d, func() *int { return new(int) })
	leave := hold(d)
	for range limit {
		must(p.Put(background, p.Get()))
	}
	if err := d.TryCall(func() {}); !errors.Is(err, ErrFull) {
		t.Errorf("TryCall = %v beside %d values that wait", err, limit)
	}
	leave()
	must(p.Put(background, p.Get())) // waits for room
	must(d.Close(background))
}

func TestPoolKeepsWhatAReaderMayHold(t *testing.T) {
	t.Parallel()
	d := NewDomain(Config{})
	p := NewPool[int](d, nil)
	leave := hold(d)
	for range 16 * batchSize { // full batches, too
		must(p.Put(background, new(int)))
	}
	for range 200 {
		runtime.Gosched()
		if p.Get() != nil {
			t.Fatal("Get returned a value that a reader may hold")
		}
	}
	leave()
	must(d.Close(background))
	if p.Get() == nil { // a sync.Pool may drop some batches, but not nearly all
		t.Error("no value came back")
	}
}
