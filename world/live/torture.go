package live

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gpstorm/gpstorm/internal/interrupt"
	"github.com/gpstorm/gpstorm/internal/patience"
	"github.com/gpstorm/gpstorm/seed"
)

// run is the state of a torture run.
type run struct {
	c       Config
	d       domains
	kinds   []kind // of readers; readers beyond its end read tracepoints
	yields  *yielder
	arena   []byte // memory for slow stores
	started time.Time
	stop    atomic.Bool
	ctx     context.Context
	cancel  context.CancelFunc

	current   atomic.Pointer[object]
	untouched atomic.Pointer[object] // read by readers of vanilla RCU
	solo      sync.RWMutex           // held for reading by updaters that do not wait alone

	eventMutex sync.Mutex     // held by the teardown in progress
	workers    sync.WaitGroup // workers of deferred teardowns
	held       atomic.Int64   // objects torn down and not yet freed

	reads     [pipeLength + 1]atomic.Uint64 // sections by the highest age seen
	updates   [numWays]atomic.Uint64
	looks     atomic.Uint64 // for parallel running
	overlaps  atomic.Uint64
	callbacks struct{ queued, ran atomic.Int64 }
	progress  []paddedCount // of each reader, and of that of the litmus test

	source      interrupt.Source // of storms; nil if there are none, or no way to make them
	threads     []int            // of readers, by their IDs; complete before storms begin
	enlisted    sync.WaitGroup   // readers that have not yet entered their threads
	stormsAsked bool
	aims        [][]aim // results of each storm

	closingFrom time.Time     // when all other goroutines of the trial were running
	met         conditionsMet // conditions of the trial

	cut     bool        // a close() hung, or the trial was interrupted
	starved atomic.Bool // the process got too little CPU time to end a wait

	mu       sync.Mutex
	failures []Failure
}

type paddedCount struct {
	n atomic.Uint64
	_ [120]byte
}

// Failure is one kind of observed misbehaviour of the core.
type Failure struct {
	What  string        `json:"what"`
	After time.Duration `json:"after_ns"` // time of the first, from the start
	Times int           `json:"times"`
}

// Torture runs until time is up, ctx ends, or a stall makes progress impossible.
// The error concerns only the Config; failures of the core are in the Report.
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
	t := &run{c: c, progress: make([]paddedCount, c.Readers+1)}
	if c.Yield {
		t.yields = newYielder(c.Seed)
	}
	t.d = newDomains(&t.c, t.yields, t.fail)
	if c.Amplify {
		t.arena = newArena()
	}
	t.current.Store(&object{})
	t.untouched.Store(&object{})
	if c.limits != nil { // for whoever waits; others look at the clock
		t.ctx, t.cancel = context.WithTimeout(ctx, c.limits.time)
	} else {
		t.ctx, t.cancel = context.WithCancel(ctx)
	}
	t.started = time.Now()
	return t
}

// startTasks starts readers, each in read, and the storms against them. Call the
// returned function after the context of the run has ended: it waits for the
// storms, and then stops the readers.
func (t *run) startTasks(wg *sync.WaitGroup, l *load, read func(i int, l *load)) (end func()) {
	if len(l.storms) > 0 {
		if t.source = interrupt.Best(); t.source != nil {
			t.threads = make([]int, t.c.Readers)
			t.enlisted.Add(t.c.Readers)
		}
		t.stormsAsked = true
	}
	for i := range t.c.Readers {
		wg.Go(func() {
			if t.source != nil { // storms need threads as targets
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				t.threads[i] = interrupt.Thread()
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

// watch prints a line per second until the end of the run.
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

// finish waits for readers and updaters, then for the callbacks. It reports those
// that never end as failures, abandons them, and returns false. It returns false as
// well if the process did not get the CPU time to end them.
func (t *run) finish(wg *sync.WaitGroup) bool {
	ended := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		wg.Wait()
		t.d.barriers()
		t.workers.Wait()
		if t.cut { // whoever waited for the last grace period has given up
			t.d.synchronize(ctx)
		}
		close(ended)
	}()
	switch t.wait(ended, t.c.patience) {
	case patience.Ended:
		if q, r := t.callbacks.queued.Load(), t.callbacks.ran.Load(); q != r {
			t.fail(fmt.Sprintf("%d callbacks were queued, %d ran", q, r))
		}
		return true
	case patience.Hung:
		t.fail("the last grace period never ended")
	}
	return false
}

// starvedAfter is the time beyond its limit, by the clock, after which a wait is given up
// on a machine that does not let the process run. Go's fuzzing engine ends a process whose
// execution takes 10 s.
const starvedAfter = 5 * time.Second

// wait waits for the end of something that must end within limit, if the process can
// run. If it cannot, the run says so.
func (t *run) wait(end <-chan struct{}, limit time.Duration) patience.State {
	s := patience.Wait(end, limit, limit+starvedAfter)
	if s == patience.Starved {
		t.starved.Store(true)
	}
	return s
}

// fail records a failure, and counts those of one kind.
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

// secondChance limits what a wait beyond its limit gets in addition, of time in which the
// process can run.
const secondChance = time.Second

// stalled records a wait beyond its limit, and ends the run.
func (t *run) stalled(way way, over <-chan struct{}) {
	switch t.wait(over, min(t.c.StallAfter, secondChance)) {
	case patience.Ended:
		return
	case patience.Hung:
		t.fail(fmt.Sprintf("%s waited for more than %v", way, t.c.StallAfter))
	}
	t.cancel()
}

// limits bound the work of a trial, however busy the machine is.
type limits struct {
	time  time.Duration // after which all loops end
	steps int64         // of all goroutines of the churn together, a yield being one
	gcs   int           // garbage collections that are forced
}

// over reports whether the loops of the run must end. The first loop that sees the
// limit passed ends the run: on a busy machine a timer may come late.
func (t *run) over() bool {
	if t.stop.Load() {
		return true
	}
	if l := t.c.limits; l != nil && time.Since(t.started) > l.time {
		t.stop.Store(true)
		t.cancel()
		return true
	}
	return false
}

func (t *run) random(what string, i int) uint64 {
	return seed.Derive(t.c.Seed, fmt.Sprintf("%s %d", what, i))
}
