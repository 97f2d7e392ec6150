package live

import (
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"time"
)

// way is a way to wait for a grace period.
type way int

const (
	synchronize way = iota
	expedited
	call
	poll
	barrier
	numWays
)

func (w way) String() string {
	return [...]string{"synchronize", "expedited", "call", "poll", "barrier"}[w]
}

// updater publishes new objects and ages the old ones, each time with a randomly
// chosen kind of wait.
func (t *run) updater(i int) {
	r := rand.New(rand.NewPCG(t.random("updater", i), 0))
	var pipe, pool []*object
	var looked time.Time
	for n := 0; !t.stop.Load(); n++ {
		var o *object
		if last := len(pool) - 1; last >= 0 {
			o, pool = pool[last], pool[:last]
			o.renew()
		} else {
			o = &object{}
		}
		old := t.current.Swap(o)
		old.age.Store(1)
		pipe = append(pipe, old)

		if i == 0 && (n%64 == 0 || time.Since(looked) > lookEvery) {
			t.seekOverlap()
			looked = time.Now()
		}
		w := way(r.IntN(int(numWays)))
		if t.c.Amplify && r.IntN(8) != 0 {
			w = expedited // the shortest wait exposes a missed reader soonest
		}
		if !t.turn(r.IntN(soloOneIn) == 0, w) {
			return
		}
		t.updates[w].Add(1)
		kept := pipe[:0]
		for _, o := range pipe {
			if o.older() {
				pool = append(pool, o)
			} else {
				kept = append(kept, o)
			}
		}
		pipe = kept
	}
}

// soloOneIn: one of so many waits has the domain to itself. A later grace period
// repairs a lost wakeup, so the bug shows only if there is none.
const soloOneIn = 16

// turn waits, alone or concurrently with other updaters.
func (t *run) turn(solo bool, w way) bool {
	if solo {
		t.solo.Lock()
		defer t.solo.Unlock()
	} else {
		t.solo.RLock()
		defer t.solo.RUnlock()
	}
	return t.awaits(w)
}

// awaits waits for a grace period. It returns false if the run ends first.
func (t *run) awaits(w way) bool {
	over := make(chan struct{})
	guard := time.AfterFunc(t.c.StallAfter, func() { t.stalled(w, over) })
	defer guard.Stop()
	if w != call && w != barrier {
		defer close(over)
	}
	switch w {
	case synchronize, expedited:
		// This wait runs on the caller's own goroutine, as for users.
		return t.d.tracepoint.Synchronize(t.ctx, w == expedited) == nil
	case poll:
		c := t.d.tracepoint.Start()
		for !t.d.tracepoint.Done(c) {
			if t.ctx.Err() != nil {
				return false
			}
			runtime.Gosched()
		}
		return true
	}
	t.callbacks.queued.Add(1)
	var mine atomic.Bool
	ran := func() {
		t.callbacks.ran.Add(1)
		mine.Store(true)
		if w == call {
			close(over)
		}
	}
	if err := t.d.tracepoint.Call(ran); err != nil {
		t.fail("Call: " + err.Error())
		return false
	}
	if w == barrier {
		go func() {
			t.d.tracepoint.Barrier()
			if !mine.Load() {
				t.fail("Barrier returned before a callback queued earlier had run")
			}
			close(over)
		}()
	}
	select {
	case <-over:
		return true
	case <-t.ctx.Done():
		return false
	}
}

// The check for parallel running: for this time an updater keeps its processor and
// checks whether readers make progress. If more time has passed, the updater itself
// lost the processor.
const (
	overlapLook = 20 * time.Microsecond
	overlapMost = 100 * time.Microsecond
	lookEvery   = 5 * time.Millisecond
)

// seekOverlap counts the checks in which a reader ran at the same time as the
// updater. On one CPU, or on two busy ones, a torture run proves nothing about
// memory ordering.
func (t *run) seekOverlap() {
	t.looks.Add(1)
	before, start := t.sections(), time.Now()
	for time.Since(start) < overlapLook {
	}
	if t.sections() != before && time.Since(start) < overlapMost {
		t.overlaps.Add(1)
	}
}

func (t *run) sections() (n uint64) {
	for i := range t.progress {
		n += t.progress[i].n.Load()
	}
	return n
}
