package live

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
)

// Name is the name of this world in results and tokens.
const Name = "live"

// World is the live core as a world: readers, storms and closers of a scenario
// as goroutines of this process, at a hundredth of the scenario's times. One
// close() takes a mutex, unpublishes an object and tears it down as the candidate
// does, over a domain of tracepoint readers and one of tasks-trace readers, in
// wall-clock time. Of a candidate its readers, its barrier, its machine and its
// teardown take part; its bounds on storms and its changes of vanilla RCU do
// not.
type World struct {
	find func(name string) (fixes.Fix, error)
}

var _ world.World = (*World)(nil)

// A trial begins to close for trialTime at most, then waits for what it began,
// and is cut off after hangAfter more. A wait of hangAfter or longer is a hang.
const (
	trialTime = 250 * time.Millisecond
	hangAfter = 300 * time.Millisecond
)

// New returns the live core with the candidates that find finds by name.
func New(find func(name string) (fixes.Fix, error)) *World { return &World{fixes.In(Name, find)} }

// Name is "live".
func (*World) Name() string { return Name }

// Facts says that times are this machine's, and that nothing repeats.
func (*World) Facts() world.Facts {
	return world.Facts{
		Trial: fmt.Sprintf("goroutines on this machine at 1/%d of the scenario's times; close() is one teardown over two domains under a mutex, by wall clock, and hangs from %v on; storms interrupt the threads of readers, and storm_duty is the share of CPU time that handlers took; bounds on storms and vanilla RCU are not compared",
			scale, hangAfter),
	}
}

// Subject returns the candidate of that name.
func (w *World) Subject(name string) (world.Subject, error) {
	f, err := w.find(name)
	if err != nil {
		return world.Subject{}, err
	}
	return world.Candidate(f), nil
}

// Run runs one trial, which takes less than a second.
func (w *World) Run(ctx context.Context, s world.Spec, _ world.Want) (trial.Result, error) {
	if err := ctx.Err(); err != nil {
		return trial.Result{}, err
	}
	f, err := w.find(s.Subject)
	if err != nil {
		return trial.Result{}, err
	}
	sc := s.Varied()
	f = f.On(sc.Machine.Version)
	c, err := Config{Fix: f, Seed: s.Seed, Duration: trialTime, Scenario: &sc, StallAfter: hangAfter}.withDefaults()
	if err != nil {
		return trial.Result{}, &world.Failure{World: Name, Err: err}
	}
	r := closeAll(ctx, c, &sc)
	s.Label(&r)
	return r, ctx.Err()
}

// closeAll runs readers, storms and closers of a scenario.
func closeAll(ctx context.Context, c Config, sc *workload.Scenario) trial.Result {
	load := loadOf(&c)
	t := newRun(ctx, c)
	defer t.cancel()
	t.kinds = load.kinds
	var readers sync.WaitGroup
	endStorms := t.startReaders(&readers, &load)
	closes := t.closers(sc)
	t.cancel()
	endStorms()
	t.finish(&readers)
	return t.result(closes)
}

// closers runs the closers until each is done or the time is over.
func (t *run) closers(sc *workload.Scenario) (closes []trial.Close) {
	closing := time.AfterFunc(trialTime+hangAfter, t.cancel)
	defer closing.Stop()
	var (
		wg sync.WaitGroup
		mu sync.Mutex
	)
	for _, g := range sc.Closers {
		for i := range g.Count {
			name := fmt.Sprintf("%s-%d", g.Name, i)
			wg.Go(func() {
				own := t.closer(name, g)
				mu.Lock()
				defer mu.Unlock()
				closes = append(closes, own...)
			})
		}
	}
	wg.Wait()
	slices.SortFunc(closes, func(a, b trial.Close) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.Task, b.Task))
	})
	return closes
}

// closer closes as often as its group does.
func (t *run) closer(name string, g workload.Closers) (closes []trial.Close) {
	r := rand.New(rand.NewPCG(t.random(name, 0), 0))
	start := g.Start
	if g.Jitter > 0 {
		start += time.Duration(r.Int64N(int64(g.Jitter)))
	}
	t.sleep(min(start/scale, trialTime/2))
	for i := range max(g.Repeat, 1) {
		began := time.Since(t.started)
		if i > 0 && began >= trialTime || t.ctx.Err() != nil {
			break
		}
		t.eventMutex.Lock()
		err := t.ctx.Err()
		if err == nil {
			err = t.tearDown()
		}
		t.eventMutex.Unlock()
		c := trial.Close{Task: name, Start: began, Wait: time.Since(t.started) - began, Censored: err != nil}
		closes = append(closes, c)
		if err != nil {
			break
		}
		t.sleep(g.Pause / scale)
	}
	return closes
}

// sleep sleeps until a time has passed or the trial is over.
func (t *run) sleep(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.ctx.Done():
	}
}

// result is what a trial found.
func (t *run) result(closes []trial.Close) trial.Result {
	r := trial.Result{Symptom: trial.NoSymptom, Diagnosis: trial.OK, Closes: closes, Elapsed: time.Since(t.started)}
	if s := t.storm(); s != nil {
		r.StormDuty = s.Most
	}
	for _, c := range closes {
		if c.Wait >= hangAfter {
			r.Overdue++
			r.Diagnosis = trial.Slow
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, f := range t.failures {
		if f.What == metTooOld {
			r.Violations = append(r.Violations, trial.Violation{Oracle: trial.UseAfterFree, Detail: f.What, Unsafe: true})
			r.Diagnosis = trial.Unsafe
			continue
		}
		r.Violations = append(r.Violations, trial.Violation{Oracle: trial.PromiseBroken, Detail: f.What})
		if r.Diagnosis == trial.OK {
			r.Diagnosis = trial.Slow
		}
	}
	return r
}
