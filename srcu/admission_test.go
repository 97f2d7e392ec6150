package srcu

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Each callback uses the place that it leaves for a call of its own, so that the
// domain is full nearly always.
func TestCallThatWaitsIsNotOvertaken(t *testing.T) {
	t.Parallel()
	const limit = 4
	for _, c := range []struct {
		name string
		wait func(context.Context, *Domain) error
	}{
		{"Call", func(ctx context.Context, d *Domain) error { return d.Call(ctx, func() {}) }},
		{"Retire", func(ctx context.Context, d *Domain) error { return Retire(ctx, d, new(int), func(*int) {}) }},
		{"Replace", func(ctx context.Context, d *Domain) error { return new(Pointer[int]).Replace(ctx, d, new(int), nil) }},
		{"Update", func(ctx context.Context, d *Domain) error {
			return new(Pointer[int]).Update(ctx, d, func(*int) *int { return nil }, nil)
		}},
		{"Put", func(ctx context.Context, d *Domain) error { return NewPool[int](d, nil).Put(ctx, new(int)) }},
		{"Store", func(ctx context.Context, d *Domain) error { return NewMap[int, int](d, nil).Store(ctx, 1, new(int)) }},
		{"Remove", func(ctx context.Context, d *Domain) error {
			l := NewList[int](d, nil)
			return l.Remove(ctx, l.PushBack(new(int)))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := NewDomain(Config{MaxPending: limit})
			leave := hold(d)
			var again func()
			again = func() { _ = d.TryCall(again) }
			for range limit {
				must(d.Call(background, again))
			}
			ctx, cancel := context.WithTimeout(background, 10*time.Second)
			defer cancel()
			admitted := make(chan error)
			go func() { admitted <- c.wait(ctx, d) }()
			leave()
			if err := <-admitted; err != nil {
				t.Errorf("%s = %v while TryCall succeeded again and again", c.name, err)
			}
			must(d.Close(background))
		})
	}
}

// waiters returns the number of callers in the queue.
func (a *admission) waiters() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.queue.Len()
}

func TestCallersAreAdmittedInTheOrderOfArrival(t *testing.T) {
	t.Parallel()
	a := admission{max: 2}
	must(a.try())
	must(a.try())
	const n = 6
	admitted := make(chan int)
	left := map[int]context.CancelFunc{2: nil, 5: nil}
	for i := range n {
		ctx, cancel := context.WithCancel(background)
		defer cancel()
		if _, leaves := left[i]; leaves {
			left[i] = cancel
		}
		go func() {
			if a.wait(ctx) == nil {
				admitted <- i
			}
		}()
		until(t, "the caller waits", func() bool { return a.waiters() == i+1 })
	}
	for _, cancel := range left {
		cancel()
	}
	until(t, "some have left", func() bool { return a.waiters() == n-len(left) })
	var order []int
	for range n - len(left) {
		if err := a.try(); err != ErrFull {
			t.Errorf("a newcomer is told %v while others wait", err)
		}
		a.give(1)
		order = append(order, <-admitted)
	}
	if want := []int{0, 1, 3, 4}; !slices.Equal(order, want) {
		t.Errorf("admitted %v, want %v", order, want)
	}
	a.give(1)
	if err := a.try(); err != nil || a.taken() != 2 {
		t.Errorf("try = %v when nobody waits, %d places taken", err, a.taken())
	}
}

// Callers come, leave with their contexts and are admitted all at once: no place is
// lost, none is given twice, and nobody is forgotten.
func TestNoPlaceIsLostOrTakenTwice(t *testing.T) {
	t.Parallel()
	const limit, callers, each = 3, 8, 300
	a := admission{max: limit}
	var inside, gone atomic.Int64
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for i := range each {
				ctx, cancel := context.WithCancel(background)
				if i%3 == 0 {
					go cancel()
				}
				err := a.try()
				if err == ErrFull {
					err = a.wait(ctx)
				}
				switch {
				case err == nil:
					if n := inside.Add(1); n > limit {
						t.Errorf("%d places taken of %d", n, limit)
					}
					inside.Add(-1)
					a.give(1)
				case errors.Is(err, context.Canceled):
					gone.Add(1)
				default:
					t.Error(err)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	if w := a.word.Load(); w != 0 || a.queue.Len() != 0 {
		t.Errorf("in the end the word is %#x, and %d callers are in the queue", w, a.queue.Len())
	}
}

func TestCallThatWaitsIsRefusedByClose(t *testing.T) {
	t.Parallel()
	a := admission{max: 1}
	must(a.try())
	refused := make(chan error)
	go func() { refused <- a.wait(background) }()
	until(t, "the caller waits", func() bool { return a.waiters() == 1 })
	a.close()
	if err := <-refused; err != ErrClosed {
		t.Errorf("wait = %v", err)
	}
	drained := make(chan error)
	go func() { drained <- a.drained(background) }()
	until(t, "somebody waits for the last place", a.empty.Any)
	a.give(1)
	must(<-drained)
	if a.reopen(); a.try() != nil {
		t.Error("refused after the end of Close")
	}
}

// BenchmarkCallAtTheLimit has callers that find the domain full most of the time.
func BenchmarkCallAtTheLimit(b *testing.B) {
	for _, limit := range []int{64, 1024, 65536} {
		for _, callers := range []int{1, 4, 64} {
			b.Run(fmt.Sprintf("limit=%d/callers=%d", limit, callers), func(b *testing.B) {
				d := NewDomain(Config{MaxPending: limit})
				var wg sync.WaitGroup
				for range callers {
					wg.Go(func() {
						for range b.N / callers {
							must(d.Call(background, func() {}))
						}
					})
				}
				wg.Wait()
				must(d.Barrier(background))
			})
		}
	}
}
