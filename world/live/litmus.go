package live

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
)

// Each trial ends with a litmus test on real CPUs, after its storms and tasks: one
// reader and one updater, each alone on a CPU. A missing barrier shows only if the
// two run at the same instant, and then in one of thousands of updates, far more
// than a trial has closes.
const (
	// litmusTime is the duration of the test, and litmusMost its limit on a machine
	// where the two do not get their CPUs at the same time.
	litmusTime = 10 * time.Millisecond
	litmusMost = 40 * time.Millisecond
	// litmusNull is the limit for a null that must be unsafe. Its test is the same,
	// but continues until the fault shows.
	litmusNull = 2 * time.Second
	litmusTurn = litmusTime / 8

	// longLooks makes a section of about 100 us, longer than a grace period.
	longLooks = 100_000
	looksEach = 64 // updates between two checks for parallel running

	// litmusProcs are processors of the Go runtime for the two, and for others.
	litmusProcs = 4
)

// turn is a part of the test: one way to enter a section, and one length of it.
type turn struct {
	d     domain
	gate  *gate
	looks int
}

// litmus runs the test with the ways to enter a section of both domains, in turn. It
// ends early when the reader has met freed memory.
func (t *run) litmus(ctx context.Context) {
	r := rand.New(rand.NewPCG(t.random("litmus", 0), 0))
	cpu := r.IntN(1 << 10)
	var turns []*turn
	for _, d := range []domain{t.d.tasksTrace, t.d.tracepoint} {
		for _, g := range d.Gates(r) {
			defer g.close()
			turns = append(turns, &turn{d, &g, coldLooks}, &turn{d, &g, longLooks})
		}
	}
	var (
		reader   sync.WaitGroup
		next, at atomic.Pointer[turn] // of the updater; of the reader
	)
	next.Store(turns[0])
	ready := make(chan struct{})
	reader.Go(func() {
		defer t.alone(cpu)()
		close(ready)
		random := r.Uint64()
		for u := turns[0]; u != nil; u = next.Load() {
			at.Store(u)
			random = t.litmusSection(u, random)
		}
	})
	defer reader.Wait()
	defer next.Store(nil)
	<-ready
	defer t.alone(cpu + 1)()
	null := t.c.Fix.Control == fixes.MustBeUnsafe
	start, together := time.Now(), t.overlaps.Load()
	for lasted := time.Duration(0); null && lasted < litmusNull || lasted < litmusTime ||
		t.overlaps.Load() == together && lasted < litmusMost; lasted = time.Since(start) {
		for _, u := range turns {
			if t.isUnsafe() || ctx.Err() != nil || !null && time.Since(start) > litmusMost {
				return
			}
			next.Store(u)
			for spins := 1; at.Load() != u; spins++ { // then it holds no object of the last turn
				if spins%1e5 == 0 {
					runtime.Gosched()
					if t.c.limits != nil && time.Since(start) > litmusMost {
						return
					}
				}
			}
			t.litmusUpdates(ctx, u.d)
		}
	}
}

// litmusSection is one section of the reader.
func (t *run) litmusSection(u *turn, random uint64) uint64 {
	random = coldStore(t.arena, random)
	ticket := u.gate.lock()
	worst := t.current.Load().look(u.looks)
	u.gate.unlock(ticket)
	t.saw(worst)
	t.progress[len(t.progress)-1].n.Add(1)
	return random
}

// litmusUpdates replaces and frees the reader's object, without a pause.
func (t *run) litmusUpdates(ctx context.Context, d domain) {
	ctx, cancel := context.WithTimeout(ctx, t.c.StallAfter)
	defer cancel()
	for n, start := 0, time.Now(); time.Since(start) < litmusTurn && !t.isUnsafe(); n++ {
		if n%looksEach == 0 {
			t.seekOverlap()
		}
		old := t.current.Swap(&object{})
		// Nothing comes between the two: the reader's count can be missed for a
		// microsecond only.
		if d.Synchronize(ctx, true) != nil {
			return
		}
		old.free()
	}
}

// isUnsafe reports whether a reader has met freed memory.
func (t *run) isUnsafe() bool {
	for age := tooOld; age <= pipeLength; age++ {
		if t.reads[age].Load() > 0 {
			return true
		}
	}
	return false
}

// alone gives the calling goroutine a CPU for itself, as far as take can. The
// returned function ends that. A trial with limits must do without: on a busy
// machine other threads of the process, which the two need, may then wait a second
// for a CPU.
func (t *run) alone(i int) (undo func()) {
	if t.c.limits != nil {
		return func() {}
	}
	runtime.LockOSThread()
	restore := take(i)
	return func() {
		restore()
		runtime.UnlockOSThread()
	}
}
