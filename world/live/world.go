package live

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/internal/seam"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
)

// Name is the name of this world in results and tokens.
const Name = "live"

// World is the live core as a world. The readers, storms and closers of a scenario
// are goroutines of this process, with times divided by 100. A close() takes a
// mutex, unpublishes an object and tears it down as the subject does, over a domain
// of tracepoint readers and one of tasks-trace readers, in wall-clock time.
//
// Its subjects are strategies, alone or with a teardown ("membarrier+overlap"), and
// the fixes given to New.
type World struct {
	fixes *fixes.Catalogue
	one   sync.Mutex // held by the running trial: concurrent trials would disturb each other
}

var _ world.World = (*World)(nil)

// A trial begins closes until the horizon of its scenario, for at most maxWindow,
// then waits for those that it began. It ends early when a close() has taken the
// hung-task timeout, at most maxHang. All of these times are scaled.
const (
	maxWindow = 250 * time.Millisecond
	maxHang   = 1200 * time.Millisecond
)

func windowOf(sc *workload.Scenario) time.Duration { return min(sc.Horizon/scale, maxWindow) }

// hangOf returns the duration from which a close() counts as hung.
func hangOf(sc *workload.Scenario) time.Duration {
	return min(sc.HungTimeout()/scale, maxHang)
}

// New returns the live core with more groups of fixes beside the strategies and
// teardowns: candidates, mutants and nulls. An error concerns their names.
func New(more ...fixes.Group) (*World, error) {
	c, err := newCatalogue(more)
	if err != nil {
		return nil, err
	}
	return &World{fixes: c}, nil
}

// Name returns "live".
func (*World) Name() string { return Name }

// Facts describes wall-clock times and results that do not repeat.
func (*World) Facts() world.Facts {
	counts := ""
	if !seam.PlainCounters {
		counts = "; readers of this build count atomically, which hides a missing barrier"
	}
	return world.Facts{
		Trial: fmt.Sprintf("goroutines on this machine at 1/%d of the scenario's times, every variation the scenario itself; close() is one teardown over two domains under a mutex, by wall clock, and hangs if it takes the hung-task timeout at that scale; storms interrupt the threads of readers; the scenario's processor, HZ, preemption and perf's limits have no part in it",
			scale) + counts,
		Measures: world.Conditions,
	}
}

func (w *World) find(name string) (fixes.Fix, error) { return find(w.fixes, name) }

// Subject returns the named strategy, strategy with teardown, or fix.
func (w *World) Subject(name string) (world.Subject, error) {
	f, err := w.find(name)
	if err != nil {
		return world.Subject{}, err
	}
	s := world.Candidate(f)
	s.Base = name == Base
	if s.Must == world.MustHang {
		s.Must = world.MustAlwaysHang // a null hangs in any scenario
	}
	return s, nil
}

// Subjects returns the subjects of a campaign without explicit ones.
func (w *World) Subjects() []world.Subject { return w.subjects(names(w.fixes)) }

// Controls returns the base and the nulls, which every campaign must contain.
func (w *World) Controls() []world.Subject {
	return w.subjects(append([]string{Base}, w.fixes.Names(Null)...))
}

func (w *World) subjects(names []string) (all []world.Subject) {
	for _, name := range names {
		s, err := w.Subject(name)
		if err != nil {
			panic(err) // the name is in the catalogue
		}
		all = append(all, s)
	}
	return all
}

// Names returns the names that Subject accepts, of the given kinds or of all.
func (w *World) Names(kinds ...fixes.Kind) []string { return w.fixes.Names(kinds...) }

// Strategies returns the strategies and teardowns, for display.
func (w *World) Strategies() []fixes.Fix { return w.fixes.All(Strategy, Default, Teardown) }

// Run runs one trial. Concurrent calls wait for each other.
func (w *World) Run(ctx context.Context, s world.Spec, _ world.Want) (trial.Result, error) {
	w.one.Lock()
	defer w.one.Unlock()
	if err := ctx.Err(); err != nil {
		return trial.Result{}, err
	}
	f, err := w.find(s.Subject)
	if err != nil {
		return trial.Result{}, err
	}
	sc := &s.Scenario
	f = f.On(sc.Machine.Version)
	c, err := Config{
		Fix: f, Seed: s.Seed, Duration: windowOf(sc), Scenario: sc, StallAfter: hangOf(sc), patience: patient,
	}.withDefaults()
	if err != nil {
		return trial.Result{}, &world.Failure{World: Name, Err: err}
	}
	r := closeAll(ctx, c, sc)
	s.Label(&r)
	return r, ctx.Err()
}
