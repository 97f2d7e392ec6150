package kernel

import (
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/workload"
)

// ranOf is the CPU time of a group's tasks after a while, in a scenario without
// closes.
func ranOf(t *testing.T, sc workload.Scenario, group string, after time.Duration) (total time.Duration) {
	t.Helper()
	if len(sc.Closers) == 0 {
		sc.Closers = []workload.Closers{{Name: "closer", Count: 1, Start: sc.Horizon}}
	}
	fix := lookup(t, "baseline")
	k := newKernel(&sc, &fix, 1, Options{})
	defer k.stop()
	k.boot()
	k.runUntil(ns(after), func() bool { return false })
	for _, o := range k.tasks {
		if o.group == group {
			total += time.Duration(ns(o.loop.rounds)*o.loop.cycle + o.loop.pos)
		}
	}
	return total
}

func TestFairServerGivesATwentiethBesideRealTimeLoops(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.Machine.CPUs = 1
	sc.Tasks = []workload.Tasks{
		{Name: "spin", Count: 1, Sched: workload.FIFO, Gap: time.Millisecond},
		{Name: "fair", Count: 2, Gap: 100 * time.Microsecond},
	}
	if got := ranOf(t, sc, "fair", 900*time.Millisecond); got > 10*time.Millisecond {
		t.Errorf("fair tasks had %v before the server's last moment", got)
	}
	// Budgets are checked in ticks, so each may be a tick too long.
	if got := ranOf(t, sc, "fair", 20*time.Second); got < 950*time.Millisecond || got > 1150*time.Millisecond {
		t.Errorf("fair tasks had %v of 20 s, want 5 %%", got)
	}
	sc.Machine.NoFairServer = true
	if got := ranOf(t, sc, "fair", 20*time.Second); got > 10*time.Millisecond {
		t.Errorf("without the server fair tasks had %v", got)
	}
}

// Time that fair tasks get without the server counts for the server's budget.
func TestFairServerLeavesRealTimeTasksAloneThatSleepEnough(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.Machine.CPUs = 1
	sc.Tasks = []workload.Tasks{
		{Name: "poller", Count: 1, Sched: workload.FIFO, Gap: 90 * time.Millisecond, Sleep: 10 * time.Millisecond, SleepEvery: 1},
		{Name: "fair", Count: 2, Gap: 100 * time.Microsecond},
	}
	with := ranOf(t, sc, "poller", 20*time.Second)
	sc.Machine.NoFairServer = true
	if without := ranOf(t, sc, "poller", 20*time.Second); with != without {
		t.Errorf("the poller had %v with the server, %v without", with, without)
	}
}

func TestFairTasksLeaveCPUsThatInterruptsAndRealTimeTasksTake(t *testing.T) {
	t.Parallel()
	for name, load := range map[string]func(*workload.Scenario){
		"hrtimer": func(sc *workload.Scenario) {
			sc.Perf.NoThrottle = true
			sc.Storms = []workload.Storm{{Source: workload.HRTimer, CPUs: []int{1}, Period: 10 * time.Millisecond, Handler: 9 * time.Millisecond}}
		},
		"real-time": func(sc *workload.Scenario) {
			sc.Tasks = append(sc.Tasks, workload.Tasks{Name: "rt", Count: 1, CPUs: []int{1}, Sched: workload.FIFO,
				Gap: 9 * time.Millisecond, Sleep: time.Millisecond, SleepEvery: 1})
		},
	} {
		sc := quietMachine()
		sc.Tasks = []workload.Tasks{{Name: "fair", Count: 11, Gap: 100 * time.Microsecond}}
		load(&sc)
		sc.Closers = []workload.Closers{{Name: "closer", Count: 1, Start: sc.Horizon}}
		fix := lookup(t, "baseline")
		k := newKernel(&sc, &fix, 1, Options{})
		k.boot()
		k.runUntil(2_000_000_000, func() bool { return false })
		// CPU 1 has a tenth of its time left for fair tasks: one of eleven.
		if n := k.cpus[1].fairTasks(); n > 2 {
			t.Errorf("%s: %d of 11 fair tasks are left on a CPU of which a tenth is free", name, n)
		}
		k.stop()
	}
}
