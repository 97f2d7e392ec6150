package sched

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

func TestWorkKeepsTheShorterOfTwoDelays(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []uint64
		want uint64
	}{
		{"one", []uint64{5}, 5},
		{"a shorter one replaces", []uint64{5, 2}, 2},
		{"a longer one does not", []uint64{2, 5}, 2},
		{"at once wins", []uint64{3, 0, 9}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var w Work
			for i, d := range c.in {
				if start := w.Queue(d); start != (i == 0) {
					t.Fatalf("Queue %d: start = %v", i, start)
				}
			}
			if d, ok := w.Next(); !ok || d != c.want {
				t.Fatalf("Next = %d, %v; want %d, true", d, ok, c.want)
			}
			if _, ok := w.Next(); ok {
				t.Fatal("a second run of one request")
			}
			if !w.TryOwn() {
				t.Fatal("an item without a queued run was not given up")
			}
		})
	}
}

func TestWorkRunsAgainForARequestDuringARun(t *testing.T) {
	var w Work
	if !w.TryOwn() || w.TryOwn() {
		t.Fatal("an idle item has exactly one owner")
	}
	if w.Queue(0) {
		t.Fatal("Queue on a running item asked for a second owner")
	}
	if w.TryRelease() {
		t.Fatal("released with a run queued")
	}
	if _, ok := w.Next(); !ok {
		t.Fatal("the run asked for during the run is lost")
	}
}

// Many goroutines queue, and the one for which Queue returns true runs. No request
// may be lost, and no two runs may overlap.
func TestWorkNeitherLosesNorOverlapsRuns(t *testing.T) {
	const workers, each = 8, 20_000
	var (
		w      Work
		asked  [workers]atomic.Uint64
		seen   [workers]uint64
		inside atomic.Int32
		wg     sync.WaitGroup
	)
	own := func() {
		for {
			if _, ok := w.Next(); !ok {
				return
			}
			if inside.Add(1) != 1 {
				t.Error("two runs at once")
			}
			for i := range asked {
				seen[i] = asked[i].Load()
			}
			inside.Add(-1)
		}
	}
	for i := range workers {
		wg.Go(func() {
			for range each {
				asked[i].Add(1)
				if w.Queue(0) {
					own()
				}
			}
		})
	}
	wg.Wait()
	if !w.TryOwn() {
		t.Fatal("still owned after everyone returned")
	}
	for i, n := range seen {
		if n != each {
			t.Errorf("the last run saw %d of worker %d's %d requests", n, i, each)
		}
	}
}

func TestWaitReturnsWhenItsCookieIsDone(t *testing.T) {
	var (
		q   Waiters
		now atomic.Uint64
		wg  sync.WaitGroup
	)
	done := func(c uint64) bool { return now.Load() >= c }
	const n = 64
	var woken [n + 1]atomic.Bool
	for c := uint64(1); c <= n; c++ {
		wg.Go(func() {
			if err := q.Wait(context.Background(), c, done); err != nil {
				t.Error(err)
			}
			if !done(c) {
				t.Errorf("waiter %d woke at %d", c, now.Load())
			}
			woken[c].Store(true)
		})
	}
	for range n {
		now.Add(1)
		q.Wake(done)
	}
	wg.Wait()
}

func TestWaitersThatLeaveDoNotPileUp(t *testing.T) {
	var q Waiters
	never := func(uint64) bool { return false }
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for range 10 * sweepAfter {
		if err := q.Wait(ctx, 1, never); !errors.Is(err, context.Canceled) {
			t.Fatalf("Wait = %v", err)
		}
	}
	n := 0
	for w := q.head.Load(); w != nil; w = w.next {
		n++
	}
	if n > sweepAfter {
		t.Errorf("%d abandoned waiters are kept, want at most %d", n, sweepAfter)
	}
}

func TestCallbacksRunInOrderUpToTheFirstThatIsNotReady(t *testing.T) {
	var (
		q   Callbacks
		ran []uint64
	)
	push := func(c uint64) { q.Push(c, func() { ran = append(ran, c) }) }
	upTo := func(limit uint64) func(uint64) bool { return func(c uint64) bool { return c <= limit } }
	for _, step := range []struct {
		push  []uint64
		limit uint64
		want  []uint64
	}{
		{[]uint64{1, 2, 1, 3}, 1, []uint64{1}},
		{[]uint64{2}, 2, []uint64{1, 2, 1}},
		{nil, 2, []uint64{1, 2, 1}},
		{nil, 3, []uint64{1, 2, 1, 3, 2}},
	} {
		for _, c := range step.push {
			push(c)
		}
		if q.Invoke(upTo(step.limit)); !slices.Equal(ran, step.want) {
			t.Fatalf("up to %d ran %v, want %v", step.limit, ran, step.want)
		}
	}
	if q.Pending() != 0 {
		t.Errorf("%d pending", q.Pending())
	}
}

// The grace period ends between the checks of two callbacks that wait for it.
func TestCallbackDoesNotOvertakeAnOlderOne(t *testing.T) {
	var (
		q   Callbacks
		ran []string
	)
	q.Push(1, func() { ran = append(ran, "older") })
	q.Push(1, func() { ran = append(ran, "newer") })
	looks := 0
	done := func(uint64) bool { looks++; return looks > 1 }
	q.Invoke(done)
	if q.Invoke(done); !slices.Equal(ran, []string{"older", "newer"}) {
		t.Errorf("ran %v", ran)
	}
}

func TestCallbackThatPushesRunsInTheNextInvocation(t *testing.T) {
	var q Callbacks
	always := func(uint64) bool { return true }
	ran := 0
	q.Push(1, func() { q.Push(1, func() { ran++ }) })
	if q.Invoke(always); ran != 0 || q.Pending() != 1 {
		t.Fatalf("ran %d, pending %d", ran, q.Pending())
	}
	if q.Invoke(always); ran != 1 || q.Pending() != 0 {
		t.Fatalf("ran %d, pending %d", ran, q.Pending())
	}
}

func TestCallbackThatPanicsLeavesTheOthers(t *testing.T) {
	var q Callbacks
	ran := 0
	q.Push(1, func() { panic("planned") })
	q.Push(1, func() { ran++ })
	always := func(uint64) bool { return true }
	func() {
		defer func() { _ = recover() }()
		q.Invoke(always)
	}()
	if q.Invoke(always); ran != 1 || q.Pending() != 0 {
		t.Errorf("ran %d, pending %d after the panic", ran, q.Pending())
	}
}

func TestPushAllocatesOneNode(t *testing.T) {
	var q Callbacks
	fn := func() {}
	always := func(uint64) bool { return true }
	if n := testing.AllocsPerRun(1000, func() { q.Push(1, fn); q.Invoke(always) }); n > 1 {
		t.Errorf("%v allocations, want at most 1", n)
	}
}

// The tests of world/live check the ordering, by removing the barriers.
func TestHeavyBarriersReturn(t *testing.T) {
	heavies := []Heavy{StopTheWorld()}
	if h, ok := SystemHeavy(); ok {
		heavies = append(heavies, h)
	}
	for _, h := range heavies {
		t.Run(h.Name, func(t *testing.T) {
			for range 10 {
				h.Run()
			}
		})
	}
}

// The number of dropped waiters always equals the number of those that have left
// and are still on the stack, whether the waiter or its waker is first.
func TestWaitersThatAreWokenWhileTheyLeaveAreNotCounted(t *testing.T) {
	t.Parallel()
	var q Waiters
	for range 10 * sweepAfter {
		looks := 0
		done := func(uint64) bool {
			if looks++; looks == 1 { // the first check in Wait: the condition has just become true
				q.Wake(func(uint64) bool { return true })
			}
			return true
		}
		if err := q.Wait(context.Background(), 1, done); err != nil {
			t.Fatal(err)
		}
	}
	if n := q.dropped.Load(); n != 0 || q.head.Load() != nil {
		t.Errorf("%d waiters are counted as left, want 0 and an empty stack", n)
	}
}

// A barrier waits for the callback before it, and not for the next one, which blocks.
func TestBarrierEndsWithTheCallbackBeforeIt(t *testing.T) {
	t.Parallel()
	always := func(uint64) bool { return true }
	for _, c := range []struct {
		name string
		last func() // the callback before the barrier
	}{
		{"that returns", func() {}},
		{"that panics", func() { panic("planned") }},
		{"that ends its goroutine", runtime.Goexit},
	} {
		var q Callbacks
		if err := q.Barrier(context.Background()); err != nil {
			t.Fatal(err)
		}
		q.Push(1, c.last)
		ended := make(chan error)
		go func() { ended <- q.Barrier(context.Background()) }()
		for !q.waiters.Any() {
			runtime.Gosched()
		}
		select {
		case <-ended:
			t.Errorf("%s: ended before it", c.name)
		default:
		}
		release := make(chan struct{})
		q.Push(1, func() { <-release })
		go func() {
			defer func() { _ = recover() }()
			q.Invoke(always)
		}()
		if err := <-ended; err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		close(release)
	}
}

func TestBarrierEndsWithItsContextAndLeavesNothing(t *testing.T) {
	t.Parallel()
	var q Callbacks
	q.Push(1, func() {})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for range 10 * sweepAfter {
		if err := q.Barrier(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("Barrier = %v", err)
		}
	}
	if q.Pending() != 1 {
		t.Errorf("%d pending, want 1", q.Pending())
	}
}

// Pushers, an invoker and barriers at once: each barrier sees its pusher's callbacks.
func TestBarriersSeeWhatWasPushedBefore(t *testing.T) {
	t.Parallel()
	var q Callbacks
	var stop atomic.Bool
	var invoker, pushers sync.WaitGroup
	invoker.Go(func() {
		for !stop.Load() || q.Pending() > 0 {
			q.Invoke(func(uint64) bool { return true })
			runtime.Gosched()
		}
	})
	for range 4 {
		pushers.Go(func() {
			for range 500 {
				var ran atomic.Bool
				q.Push(1, func() { ran.Store(true) })
				if err := q.Barrier(context.Background()); err != nil || !ran.Load() {
					t.Errorf("Barrier = %v; the callback before it ran: %v", err, ran.Load())
				}
			}
		})
	}
	pushers.Wait()
	stop.Store(true)
	invoker.Wait()
}
