package mutant_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/fixes/mutant"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// presets returns all presets in turn, each time in another variation.
func presets(hunt uint64, n int) (workload.Scenario, uint64) {
	all := workload.Presets()
	draw := seed.Derive(hunt, fmt.Sprint("preset ", n))
	return workload.Vary(all[n%len(all)], n/len(all), draw), draw
}

// fuzzed returns scenarios made from random bytes.
func fuzzed(hunt uint64, n int) (workload.Scenario, uint64) {
	draws := seed.Stream(hunt, fmt.Sprint("fuzz ", n))
	data := make([]byte, workload.FuzzBytes)
	for i := range data {
		data[i] = byte(draws.Uint32())
	}
	sc, _ := workload.FromBytes(data)
	return sc, draws.Uint64()
}

// shaped returns variations of one scenario.
func shaped(sc workload.Scenario) func(hunt uint64, n int) (workload.Scenario, uint64) {
	return func(hunt uint64, n int) (workload.Scenario, uint64) {
		draw := seed.Derive(hunt, fmt.Sprint(sc.Name, n))
		return workload.Vary(sc, n, draw), draw
	}
}

// lateIncrements delays readers between loading the rank and the increment: on a
// slow machine with many CPUs, with real-time threads that rarely let them run. One
// reader with long sections is inside when the late increments of others count.
func lateIncrements() workload.Scenario {
	sc := workload.Default()
	sc.Name = "late-increments"
	sc.Machine.CPUs, sc.Machine.HZ, sc.Machine.MIPS = 16, 100, 5
	for cpu := 1; cpu < sc.Machine.CPUs; cpu++ {
		section := 60 * time.Microsecond
		if cpu == 1 {
			section = 6 * time.Millisecond
		}
		sc.Tasks = append(sc.Tasks,
			workload.Tasks{Name: fmt.Sprint("poller-", cpu), Count: 1, CPUs: []int{cpu}, Sched: workload.FIFO, Gap: 10 * time.Millisecond, Sleep: 2 * time.Millisecond, SleepEvery: 1},
			workload.Tasks{Name: fmt.Sprint("reader-", cpu), Count: 1, CPUs: []int{cpu}, Reads: workload.ReadsTracepoint, Section: section, Gap: time.Microsecond},
		)
	}
	sc.Closers = []workload.Closers{{Name: "closer", Count: 1, CPUs: []int{0}, Repeat: 1000}}
	sc.Horizon, sc.Drain = 20*time.Second, 20*time.Second
	return sc
}

// manyGracePeriods has so many grace periods that the sequence numbers wrap, with
// readers inside all the time.
func manyGracePeriods() workload.Scenario {
	sc := workload.Default()
	sc.Name = "many-grace-periods"
	sc.Tasks = []workload.Tasks{
		{Name: "traced", Count: 4, Reads: workload.ReadsTracepoint, Section: 20 * time.Millisecond, Gap: time.Millisecond},
		{Name: "sleepable", Count: 2, Reads: workload.ReadsTasksTrace, Section: 20 * time.Millisecond, Gap: time.Millisecond},
	}
	sc.Closers = []workload.Closers{{Name: "closer", Count: 1, Start: 10 * time.Millisecond, Repeat: 150}}
	sc.Horizon, sc.Drain = 120*time.Second, 60*time.Second
	return sc
}

// readerUnderTimers has a reader that takes seconds for its section while hrtimer
// samples take nearly all of its CPU, or a tenth of that with a budget for them.
func readerUnderTimers() workload.Scenario {
	sc := workload.Default()
	sc.Name = "a-reader-under-timers"
	sc.Perf.NoThrottle = true
	sc.Storms = []workload.Storm{{Source: workload.HRTimer, CPUs: []int{1}, Period: time.Millisecond, Handler: 970 * time.Microsecond}}
	sc.Tasks = []workload.Tasks{{Name: "traced", Count: 1, CPUs: []int{1}, Reads: workload.ReadsTracepoint, Section: 60 * time.Millisecond, Gap: 10 * time.Millisecond}}
	sc.Closers = []workload.Closers{{Name: "closer", Count: 1, CPUs: []int{0}, Start: 100 * time.Millisecond, Repeat: 3, Pause: 100 * time.Millisecond}}
	sc.Watchdog = workload.Watchdog{HungTask: 10 * time.Second, RCUStall: 20 * time.Second}
	sc.Horizon, sc.Drain = 60*time.Second, 60*time.Second
	return sc
}

// loopAlone is a CPU with one task, which stays in user mode: only the tick can
// report that the CPU is in no reader.
func loopAlone() workload.Scenario {
	sc := workload.Default()
	sc.Name = "a-loop-alone"
	sc.Tasks = []workload.Tasks{{Name: "spin", Count: 1, CPUs: []int{1}, Gap: time.Millisecond}}
	sc.Closers = []workload.Closers{{Name: "closer", Count: 1, CPUs: []int{0}, Start: 100 * time.Millisecond, Repeat: 3, Pause: 100 * time.Millisecond}}
	sc.Watchdog = workload.Watchdog{HungTask: 5 * time.Second, RCUStall: 3 * time.Second}
	sc.Horizon, sc.Drain = 30*time.Second, 30*time.Second
	return sc
}

// hoppers sleep so often that they seldom run on one CPU for a whole tick, with events
// that reach their limit in each.
func hoppers() workload.Scenario {
	sc := workload.Default()
	sc.Name = "hoppers"
	sc.Machine.CPUs, sc.Machine.HZ = 4, 100
	sc.Storms = []workload.Storm{{Source: workload.NMI, Task: "hopper", Events: 4, Period: 20 * time.Microsecond, Handler: 69 * time.Microsecond}}
	sc.Tasks = []workload.Tasks{{Name: "hopper", Count: 7, Reads: workload.ReadsTracepoint, Section: 20 * time.Microsecond, Gap: time.Millisecond, Sleep: 200 * time.Microsecond, SleepEvery: 1}}
	sc.Closers = []workload.Closers{{Name: "closer", Count: 1, Start: 100 * time.Millisecond, Repeat: 3, Pause: 100 * time.Millisecond}}
	sc.Horizon, sc.Drain = 10*time.Second, 20*time.Second
	return sc
}

// bigMachine has domains with a list of callbacks for each CPU, on more CPUs than a leaf
// of the tree has, closers on all of them, callbacks on two of a leaf and a module.
func bigMachine() workload.Scenario {
	sc := workload.Default()
	sc.Name = "big-machine"
	sc.Machine.CPUs, sc.Machine.Possible, sc.RCU.FanoutLeaf, sc.SRCU.Big = 6, 40, 2, true
	for cpu := range sc.Machine.CPUs {
		sc.Closers = append(sc.Closers, workload.Closers{Name: fmt.Sprint("closer-", cpu), Count: 1, CPUs: []int{cpu}, Start: 10 * time.Millisecond, Jitter: 20 * time.Millisecond, Repeat: 5, Pause: 20 * time.Millisecond})
	}
	for _, cpu := range []int{2, 3} {
		sc.RCULoad = append(sc.RCULoad, workload.RCULoad{Kind: workload.RequestCall, Domain: workload.TracepointDomain, Period: 7 * time.Millisecond, CPU: cpu})
	}
	sc.Modules = []workload.Module{{CPU: 3, Period: 10 * time.Millisecond, Section: 100 * time.Microsecond, Callbacks: 3}}
	sc.Horizon, sc.Drain = 20*time.Second, 20*time.Second
	return sc
}

// unloaders post two callbacks each and destroy their domains on one CPU, which a storm and
// loops of tasks leave little time: the work of a domain can be queued again after its last
// callback, and the module runs first.
func unloaders() workload.Scenario {
	sc := workload.Default()
	sc.Name = "unloaders"
	sc.Machine.CPUs, sc.Machine.HZ, sc.Machine.Preempt = 1, 250, workload.PreemptNone
	sc.Storms = []workload.Storm{{Source: workload.IRQ, CPUs: []int{0}, Period: 3 * time.Millisecond, Handler: 2 * time.Millisecond}}
	sc.Tasks = []workload.Tasks{{Name: "loop", Count: 4, Gap: 5 * time.Millisecond, Sleep: 100 * time.Microsecond, SleepEvery: 4}}
	for range 3 {
		sc.Modules = append(sc.Modules, workload.Module{Period: 20 * time.Millisecond, Section: 100 * time.Microsecond, Callbacks: 2})
	}
	sc.Closers = []workload.Closers{{Name: "closer", Count: 2, Start: 20 * time.Millisecond, Jitter: 20 * time.Millisecond, Repeat: 6, Pause: 50 * time.Millisecond}}
	sc.Horizon, sc.Drain = 20*time.Second, 20*time.Second
	return sc
}

// boostedReader is the preset in which real-time tasks preempt readers, with boosting.
func boostedReader() workload.Scenario {
	sc, _ := workload.Preset("preempted-reader")
	sc.Name = "boosted-reader"
	sc.RCU.Boost = true
	return sc
}

// shortSlices divides the work of kernel threads on one CPU into pieces: a
// real-time thread leaves them only short times, and samples shift the borders.
func shortSlices() workload.Scenario {
	sc := workload.Default()
	sc.Name = "short-slices"
	sc.Machine.MIPS = 15.6
	sc.SRCU.NoAutoExpedite = true
	sc.Storms = []workload.Storm{{Source: workload.HRTimer, CPUs: []int{0}, Period: 170 * time.Microsecond, Handler: 20 * time.Microsecond}}
	sc.Tasks = []workload.Tasks{{Name: "poller", Count: 1, CPUs: []int{0}, Sched: workload.FIFO, Gap: 40 * time.Millisecond, Sleep: 300 * time.Microsecond, SleepEvery: 1}}
	sc.Closers = []workload.Closers{{Name: "closer", Count: 1, CPUs: []int{0}, Start: 10 * time.Millisecond, Repeat: 200}}
	sc.Horizon, sc.Drain = 60*time.Second, 60*time.Second
	return sc
}

// parkedReaders stops readers for seconds at arbitrary places, on a slow machine: a
// real-time thread rarely lets them run. Half of each short section precedes the
// increment, and each reader's event is closed at some time.
func parkedReaders() workload.Scenario {
	const pairs = 12
	sc := workload.Default()
	sc.Name = "parked-readers"
	sc.Machine.CPUs, sc.Machine.MIPS = 2, 15.6
	sc.Tasks = []workload.Tasks{
		{Name: "poller", Count: 1, CPUs: []int{1}, Sched: workload.FIFO, Gap: 2 * time.Second, Sleep: 20 * time.Millisecond, SleepEvery: 1},
		{Name: "reader", Count: pairs, CPUs: []int{1}, Reads: workload.ReadsTracepoint, Section: 1200 * time.Nanosecond, Gap: 3 * time.Microsecond},
	}
	sc.Closers = []workload.Closers{{Name: "closer", Count: pairs, CPUs: []int{0}, Start: 10 * time.Millisecond, Jitter: 40 * time.Second}}
	sc.Horizon, sc.Drain = 60*time.Second, 60*time.Second
	return sc
}

// source is a source of trials for hunts.
type source struct {
	name string
	// trial returns the n-th trial of a hunt: a scenario and the trial's seed.
	trial func(hunt uint64, n int) (workload.Scenario, uint64)
	steps uint64 // limit of each trial
	seen  sync.Map
}

// whole returns the diagnosis of the n-th trial under an unbroken candidate. Many
// mutants break the same candidate, so the source caches it.
func (s *source) whole(t *testing.T, name string, hunt uint64, n int) trial.Diagnosis {
	t.Helper()
	once, _ := s.seen.LoadOrStore(fmt.Sprint(name, hunt, n), sync.OnceValue(func() trial.Diagnosis {
		fix, err := fixes.Find(name)
		if err != nil {
			t.Error(err)
		}
		sc, draw := s.trial(hunt, n)
		return kernel.Run(sc, fix, draw, kernel.Options{MaxSteps: s.steps}).Diagnosis
	}))
	return once.(func() trial.Diagnosis)()
}

// sources are the sources of hunts, the ordinary ones first.
var sources = []*source{
	{name: "presets", trial: presets, steps: 8_000_000},
	{name: "random bytes", trial: fuzzed, steps: 300_000},
	{name: "late increments", trial: shaped(lateIncrements()), steps: 8_000_000},
	{name: "many grace periods", trial: shaped(manyGracePeriods()), steps: 8_000_000},
	{name: "parked readers", trial: shaped(parkedReaders()), steps: 8_000_000},
	{name: "a loop alone", trial: shaped(loopAlone()), steps: 8_000_000},
	{name: "a reader under timers", trial: shaped(readerUnderTimers()), steps: 8_000_000},
	{name: "hoppers", trial: shaped(hoppers()), steps: 8_000_000},
	{name: "a big machine", trial: shaped(bigMachine()), steps: 8_000_000},
	{name: "unloaders", trial: shaped(unloaders()), steps: 8_000_000},
	{name: "a boosted reader", trial: shaped(boostedReader()), steps: 8_000_000},
	{name: "short slices", trial: shaped(shortSlices()), steps: 8_000_000},
}

// wrong reports a diagnosis that no storm can cause.
func wrong(d trial.Diagnosis) bool {
	return d == trial.Unsafe || d == trial.LostWakeup || d == trial.Deadlock
}

// hunt runs at most the given number of trials of a source, beginning at trial from
// and wrapping around, until one has the mutant's diagnosis for the mutant's
// reason. It returns the number of trials that are needed from the first trial on,
// 0 if none succeeds, and the result. The candidate that the mutant breaks must
// pass all of them.
func hunt(t *testing.T, m *mutant.Mutant, src *source, start uint64, from, most int) (trials int, found trial.Result) {
	t.Helper()
	for i := range most {
		n := (from + i) % most
		sc, draw := src.trial(start, n)
		r := kernel.Run(sc, m.Fix, draw, kernel.Options{MaxSteps: src.steps})
		if !caughtBy(&r, m.Kernel) {
			continue // a trial can be slow for many reasons, and unsafe in several ways
		}
		switch whole := src.whole(t, m.Of, start, n); {
		case wrong(whole):
			t.Fatalf("trial %d of hunt %d: %s, which it breaks, is %s", n, start, m.Of, whole)
		case whole != m.Kernel.Diagnosis:
			return n + 1, r
		}
	}
	return 0, trial.Result{}
}
