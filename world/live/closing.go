package live

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// closeAll runs the tasks, storms and closers of a scenario.
func closeAll(ctx context.Context, c Config, sc *workload.Scenario) trial.Result {
	return runTrial(ctx, c, sc, 0, func(*run, *sync.WaitGroup) {})
}

// runTrial is closeAll with additional goroutines, and with procs processors of the
// Go runtime, or enough of them if procs is 0.
func runTrial(ctx context.Context, c Config, sc *workload.Scenario, procs int, more func(*run, *sync.WaitGroup)) trial.Result {
	if c.limits == nil {
		runtime.GC() // garbage of the previous trial
	}
	load := loadOf(&c)
	c.Readers = len(load.readers)
	defer withProcs(cmp.Or(procs, enoughProcs(&load, sc)))()
	arena := sharedArena()
	t := newRun(ctx, c)
	defer t.cancel()
	t.arena = arena
	t.kinds = load.kinds()
	var tasks sync.WaitGroup
	endStorms := t.startTasks(&tasks, &load, t.visit)
	t.besides(&tasks, &load)
	more(t, &tasks)
	t.met.before = readUsage()
	t.closingFrom = time.Now()
	closes := t.closers(sc)
	if t.cut = t.ctx.Err() != nil && c.limits == nil; t.cut {
		t.c.patience = min(t.c.patience, t.c.StallAfter)
	}
	t.cancel()
	endStorms()
	t.met.after = readUsage()
	if t.finish(&tasks) {
		if procs > 0 {
			defer withProcs(max(procs, litmusProcs))()
		}
		t.litmus(ctx)
	}
	return t.result(closes)
}

// enoughProcs returns the number of goroutines that may run. With a processor of
// the Go runtime for each, the operating system divides the CPUs; it preempts
// within milliseconds, the runtime after ten.
func enoughProcs(l *load, sc *workload.Scenario) int {
	const spare, most = 2, 64
	n := len(l.readers) + len(l.hogs) + len(sc.RCULoad) + l.aims() + spare
	for _, g := range sc.Closers {
		n += g.Count
	}
	return max(min(n, most), runtime.GOMAXPROCS(0))
}

// withProcs sets GOMAXPROCS; the returned function restores it.
func withProcs(n int) (undo func()) {
	before := runtime.GOMAXPROCS(0)
	if n == before {
		return func() {}
	}
	runtime.GOMAXPROCS(n)
	return func() { runtime.GOMAXPROCS(before) }
}

// closers runs the closers until all are done or time is up. The first close that
// hangs ends the trial.
func (t *run) closers(sc *workload.Scenario) (closes []trial.Close) {
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

// closer closes events as often as its group does.
func (t *run) closer(name string, g workload.Closers) (closes []trial.Close) {
	r := rand.New(rand.NewPCG(t.random(name, 0), 0))
	start := g.Start
	if g.Jitter > 0 {
		start += time.Duration(r.Int64N(int64(g.Jitter)))
	}
	t.pause(min(start/scale, t.c.Duration/2))
	for i := range max(g.Repeat, 1) {
		t.seekOverlap()
		began := time.Since(t.closingFrom)
		if i > 0 && began >= t.c.Duration || t.ctx.Err() != nil {
			break
		}
		guard := time.AfterFunc(t.c.StallAfter, t.cancel)
		t.eventMutex.Lock()
		err := t.ctx.Err()
		if err == nil {
			err = t.tearDown()
		}
		t.eventMutex.Unlock()
		guard.Stop()
		c := trial.Close{Task: name, Start: began, Wait: time.Since(t.closingFrom) - began, Censored: err != nil}
		closes = append(closes, c)
		if err != nil {
			break
		}
		t.pause(g.Pause / scale)
	}
	return closes
}

// result returns the outcome of the trial.
func (t *run) result(closes []trial.Close) trial.Result {
	r := trial.Result{
		Symptom: trial.NoSymptom, Diagnosis: trial.OK, Closes: closes,
		Elapsed: time.Since(t.closingFrom), Conditions: t.conditions(),
	}
	for _, c := range closes {
		if c.Wait >= t.c.StallAfter {
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
	if len(r.Violations) == 0 { // a violation is valid under any conditions
		late := r.Hung() && t.c.limits == nil // with limits, a trial may be late
		r.Conditions.Starved = t.starved.Load() || late && starves(r.Conditions.Others, r.Conditions.Idle, cpus())
		r.LeftOut = leftOut(r.Conditions)
	}
	return r
}

// leftOut returns the reason to leave a trial out, "" if there is none: its storm was
// not the scenario's, or it hung on a machine that others used.
func leftOut(c *trial.Conditions) string {
	if c.Starved {
		return fmt.Sprintf("it took too long while others took %.1f of %d CPUs", c.Others, cpus())
	}
	if !c.Storm.AsAsked() {
		return "the storm was not as asked: " + c.Storm.Wrong
	}
	return ""
}
