package live

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gpstorm/gpstorm/internal/interrupt"
	"github.com/gpstorm/gpstorm/seed"
)

// run is a torture run under way.
type run struct {
	c       Config
	d       domains
	kinds   []kind // of readers; all read tracepoints beyond its end
	yields  *yielder
	arena   []uint64 // what the amplifier misses the cache in
	started time.Time
	stop    atomic.Bool
	ctx     context.Context
	cancel  context.CancelFunc

	current   atomic.Pointer[object]
	untouched atomic.Pointer[object] // what readers of vanilla RCU read
	solo      sync.RWMutex           // held for reading by updaters that wait among others

	eventMutex sync.Mutex     // held by whoever tears down
	workers    sync.WaitGroup // that tear down later
	held       atomic.Int64   // objects torn down and not freed yet

	reads     [pipeLength + 1]atomic.Uint64 // by the worst age seen
	updates   [numWays]atomic.Uint64
	looks     atomic.Uint64 // for parallel running
	overlaps  atomic.Uint64
	callbacks struct{ queued, ran atomic.Int64 }
	progress  []paddedCount // of each reader

	source      interrupt.Source // of storms; nil if there are none, or no way to make them
	targets     []target         // readers, as storms see them; filled in before storms begin
	enlisted    sync.WaitGroup   // readers that have yet to fill theirs in
	stormsAsked bool
	stormFailed atomic.Bool // a storm could not be aimed

	closingFrom time.Time     // when everything else of a trial was under way
	met         conditionsMet // by a trial

	mu       sync.Mutex
	failures []Failure
}

type paddedCount struct {
	n atomic.Uint64
	_ [120]byte
}

// Failure is one way in which the core was seen to be broken.
type Failure struct {
	What  string        `json:"what"`
	After time.Duration `json:"after_ns"` // from the start, of the first one
	Times int           `json:"times"`
}

// Torture runs until the time is over, ctx ends, or a stall makes going on
// pointless. The error is about the Config only; what went wrong is in the
// Report.
func Torture(ctx context.Context, c Config) (Report, error) {
	c, err := c.withDefaults()
	if err != nil {
		return Report{}, err
	}
	load := loadOf(&c)
	t := newRun(ctx, c)
	defer t.cancel()
	var goroutines sync.WaitGroup
	endStorms := t.startTasks(&goroutines, &load, t.reader)
	for i := range c.Updaters {
		goroutines.Go(func() { t.updater(i) })
	}
	t.watch()
	t.cancel()
	endStorms()
	t.finish(&goroutines)
	return t.report(), nil
}

func newRun(ctx context.Context, c Config) *run {
	t := &run{c: c, progress: make([]paddedCount, c.Readers)}
	if c.Yield {
		t.yields = newYielder(c.Seed)
	}
	t.d = newDomains(&t.c, t.yields, t.fail)
	if c.Amplify {
		t.arena = newArena()
	}
	t.current.Store(&object{})
	t.untouched.Store(&object{})
	t.ctx, t.cancel = context.WithCancel(ctx)
	t.started = time.Now()
	return t
}

// startTasks starts the readers of a run, each as read does it, and the storms
// against them. The function it returns is to be called after the context of the run
// has ended: it waits for the storms, and then lets the readers end.
func (t *run) startTasks(wg *sync.WaitGroup, l *load, read func(i int, l *load)) (end func()) {
	if len(l.storms) > 0 {
		if t.source = interrupt.Best(); t.source != nil {
			t.targets = make([]target, t.c.Readers)
			t.enlisted.Add(t.c.Readers)
		}
		t.stormsAsked = true
	}
	for i := range t.c.Readers {
		wg.Go(func() {
			if t.source != nil { // storms are aimed at threads
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				t.targets[i].thread = interrupt.Thread()
				t.enlisted.Done()
			}
			read(i, l)
		})
	}
	t.enlisted.Wait()
	var storms sync.WaitGroup
	if t.source != nil {
		storms.Go(func() { t.strike(l) })
	}
	return func() {
		storms.Wait()
		t.stop.Store(true)
	}
}

// watch prints a line a second until the run is over.
func (t *run) watch() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	over := time.NewTimer(t.c.Duration)
	defer over.Stop()
	for {
		select {
		case <-tick.C:
			if t.c.Line != nil {
				t.c.Line(t.report())
			}
		case <-over.C:
			return
		case <-t.ctx.Done():
			return
		}
	}
}

// finish waits for readers and updaters, then for the callbacks. What never
// ends is a failure and is left behind.
func (t *run) finish(wg *sync.WaitGroup) {
	ended := make(chan struct{})
	go func() {
		wg.Wait()
		t.d.barriers()
		t.workers.Wait()
		close(ended)
	}()
	guard := time.NewTimer(t.c.patience)
	defer guard.Stop()
	select {
	case <-ended:
		if q, r := t.callbacks.queued.Load(), t.callbacks.ran.Load(); q != r {
			t.fail(fmt.Sprintf("%d callbacks were queued, %d ran", q, r))
		}
	case <-guard.C:
		t.fail("the last grace period never ended")
	}
}

// fail notes a failure; those of one kind are counted.
func (t *run) fail(what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.failures {
		if t.failures[i].What == what {
			t.failures[i].Times++
			return
		}
	}
	t.failures = append(t.failures, Failure{What: what, After: time.Since(t.started), Times: 1})
}

// stalled notes that a wait went on for too long, and ends the run.
func (t *run) stalled(way way) {
	t.fail(fmt.Sprintf("%s waited for more than %v", way, t.c.StallAfter))
	t.cancel()
}

func (t *run) random(what string, i int) uint64 {
	return seed.Derive(t.c.Seed, fmt.Sprintf("%s %d", what, i))
}
