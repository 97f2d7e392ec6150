package live

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gpstorm/gpstorm/internal/interrupt"
	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/workload"
)

// Readers of a trial time emptySections empty sections in a row, once in timedEach
// sections, and keep at most maxTimed of these times.
const (
	emptySections = 1024
	timedEach     = 32
	maxTimed      = 512
)

// visit is the loop of one reader of a trial: gap, section, and sometimes sleep. It
// stores to uncached memory just before a section, and reads its object throughout
// the section, so that missing barriers show in any strategy.
func (t *run) visit(i int, l *load) {
	g := &l.readers[i]
	runtime.LockOSThread() // for the scheduler's figures of this thread
	defer runtime.UnlockOSThread()
	before := switchedOut()
	defer func() { t.met.preempted.Add(switchedOut() - before) }()
	r := rand.New(rand.NewPCG(t.random("reader", i), 0))
	gates := t.of(i).Gates(r)
	defer func() {
		for _, g := range gates {
			g.close()
		}
	}()
	gate := &gates[(i+1)%len(gates)] // the first reader is a registered one
	from := &t.current
	if g.kind == readsRCU {
		from = &t.untouched
	}
	share := len(t.arena) / len(l.readers)
	arena := t.arena[i*share : (i+1)*share]
	at := r.Uint64()
	var timed []float64
	beats, sections := &t.progress[i].n, uint64(0)
	for n := 1; !t.over(); n++ {
		for left := int(g.gap); left > 0; left -= chunk {
			interrupt.Spin(min(left, chunk))
			beats.Add(1)
		}
		at = coldStore(arena, at)
		ticket := gate.lock()
		o, worst := from.Load(), 0
		for left := int(g.section); left > 0; left -= chunk {
			worst = max(worst, o.look(min(left, chunk)))
			beats.Add(1)
		}
		gate.unlock(ticket)
		sections++
		t.saw(worst)
		if g.kind == readsTracepoint && n%timedEach == 0 && len(timed) < maxTimed {
			timed = append(timed, timeEmpty(gate))
		}
		if g.sleepEvery > 0 && n%g.sleepEvery == 0 {
			time.Sleep(g.sleep)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.met.timed = append(t.met.timed, timed...)
	t.met.sections += sections
}

// chunk is the work between two increments of the progress counter, in nanoseconds.
const chunk = 1000

// timeEmpty returns the duration of an empty section in nanoseconds.
func timeEmpty(g *gate) float64 {
	start := time.Now()
	g.empty(emptySections)
	return float64(time.Since(start)) / emptySections
}

// hog is a task that takes CPU time without reading.
func (t *run) hog(g *group) {
	for n := 1; !t.over(); n++ {
		interrupt.Spin(int(g.gap))
		if g.sleepEvery > 0 && n%g.sleepEvery == 0 {
			time.Sleep(g.sleep)
		}
	}
}

// besides starts all tasks other than readers and closers: hogs, garbage
// collections, and other users of RCU.
func (t *run) besides(wg *sync.WaitGroup, l *load) {
	for i := range l.hogs {
		wg.Go(func() { t.hog(&l.hogs[i]) })
	}
	if l.gc > 0 {
		wg.Go(func() {
			for n := 0; t.pause(l.gc) && (t.c.limits == nil || n < t.c.limits.gcs); n++ {
				runtime.GC()
			}
		})
	}
	for _, user := range t.c.Scenario.RCULoad {
		wg.Go(func() {
			for t.pause(max(user.Period/scale, minLoad)) {
				request(t.d.rcu, user.Kind)
			}
		})
	}
}

// minLoad is the shortest time between two requests of a user of RCU.
const minLoad = 50 * time.Microsecond

func request(l *rcu.Live, kind workload.RCURequest) {
	switch kind {
	case workload.RequestSync:
		l.Synchronize()
	case workload.RequestExpedited:
		l.SynchronizeExpedited()
	default:
		l.Call(func() {})
	}
}

// sharedArena is the memory for cache misses, shared by the readers of all trials.
var sharedArena = sync.OnceValue(newArena)

// conditionsMet collects the conditions of a trial.
type conditionsMet struct {
	before, after usage
	preempted     atomic.Int64
	timed         []float64
	sections      uint64
}

// median returns the median of v, or 0 if v is empty.
func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return v[len(v)/2]
}
