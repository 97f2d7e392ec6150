package kernel

import (
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// An open waits for the close that holds event_mutex, and then for the readers of the
// last probe (tp_rcu_cond_sync).
func TestOpensWaitBehindCloses(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.SRCU.NoAutoExpedite = true
	longGracePeriods(&sc)
	sc.Closers = []workload.Closers{
		{Name: "first", Count: 1, Start: time.Second},
		{Name: "second", Count: 1, Start: 1100 * time.Millisecond, Unopened: true},
	}
	r := Run(sc, lookup(t, "baseline"), 1, Options{})
	first, second := r.Closes[0], r.Closes[1]
	if first.Open != 0 || second.Task != "second" {
		t.Fatalf("%+v", r.Closes)
	}
	if behind := first.Start + first.Wait - 1100*time.Millisecond; second.Open < behind {
		t.Errorf("the open took %v, the close before it went on for %v", second.Open, behind)
	}
}

func TestGapsAndPausesAreDrawn(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.Closers = []workload.Closers{{
		Name: "closer", Count: 1, Start: time.Second, Repeat: 40, Unopened: true,
		Pause: 50 * time.Millisecond, PauseJitter: 10 * time.Millisecond, Gap: time.Millisecond, GapJitter: 3 * time.Millisecond,
	}}
	sc.Horizon = 100 * time.Second
	r := Run(sc, lookup(t, "baseline"), 1, Options{})
	least, most := time.Hour, time.Duration(0)
	for i := 1; i < len(r.Closes); i++ {
		last, c := r.Closes[i-1], r.Closes[i]
		between := c.Start - c.Open - (last.Start + last.Wait) // includes the gap
		least, most = min(least, between), max(most, between)
	}
	// Pause and gap are 51 to 64 ms together.
	if len(r.Closes) != 40 || least < 51*time.Millisecond || least > 54*time.Millisecond || most > 65*time.Millisecond || most < 60*time.Millisecond {
		t.Errorf("%d closes, from %v to %v between them", len(r.Closes), least, most)
	}
	again := Run(sc, lookup(t, "membarrier"), 1, Options{})
	for i := 1; i < len(r.Closes); i++ {
		gap := func(r trial.Result) time.Duration {
			last, c := r.Closes[i-1], r.Closes[i]
			return c.Start - c.Open - (last.Start + last.Wait)
		}
		if d := gap(r) - gap(again); d < -time.Millisecond || d > time.Millisecond {
			t.Errorf("close %d: candidates meet other pauses: %v and %v", i, gap(r), gap(again))
		}
	}
}

// With an interval, the detector checks more often than once in a timeout.
func TestHungTaskDetectorLooksOnceInItsInterval(t *testing.T) {
	t.Parallel()
	sc := preset(t, "preempted-reader")
	sc.Watchdog = workload.Watchdog{HungTask: 10 * time.Second, HungWarnings: 3}
	sc.Horizon = 100 * time.Second
	rare := Run(sc, lookup(t, "baseline"), 1, Options{})
	sc.Watchdog.HungInterval, sc.Watchdog.HungWarnings = time.Second, -1
	often := Run(sc, lookup(t, "baseline"), 1, Options{})
	if rare.HungTasks != 3 {
		t.Errorf("%d reports where 3 are allowed", rare.HungTasks)
	}
	if often.HungTasks <= 10 {
		t.Errorf("%d reports without a limit, once a second", often.HungTasks)
	}
}

// Real-time loops starve a fair detector: it checks only while they sleep.
func TestRealTimeHungTaskDetectorIsNotStarved(t *testing.T) {
	t.Parallel()
	sc := preset(t, "kthread-starved")
	for i := range 2 {
		sc.Tasks[i].Gap = 25 * time.Second
	}
	sc.Watchdog = workload.Watchdog{HungTask: 10 * time.Second, HungInterval: time.Second, HungWarnings: -1}
	sc.Closers[0].Sched = workload.FIFO
	fair := Run(sc, lookup(t, "baseline"), 1, Options{}).HungTasks
	sc.Watchdog.HungSched = workload.FIFO
	if rt := Run(sc, lookup(t, "baseline"), 1, Options{}).HungTasks; fair == 0 || rt < 5*fair {
		t.Errorf("a real-time detector printed %d reports, a fair one %d", rt, fair)
	}
}

// CONFIG_RCU_BOOST makes the grace-period kthread and the worker of expedited
// grace periods real-time tasks, rcutree.kthread_prio the former alone.
func TestRealTimeGracePeriodKthreadDoesNotWaitBehindHogs(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.Machine.CPUs, sc.Horizon, sc.Machine.NoFairServer = 1, 20*time.Second, true
	sc.Tasks = []workload.Tasks{{Name: "spin", Count: 1, Sched: workload.FIFO, Gap: 3 * time.Second, Sleep: time.Millisecond, SleepEvery: 1}}
	sc.RCULoad = []workload.RCULoad{{Kind: workload.RequestCall, Period: 10 * time.Millisecond}}
	sc.Closers = []workload.Closers{{Name: "closer", Count: 1, Start: 19 * time.Second}}
	for _, tt := range []struct {
		rcu          workload.RCU
		kthread, exp int // their priorities
		often        bool
	}{
		{workload.RCU{}, 0, 0, false},
		{workload.RCU{KthreadPrio: 2}, 2, 0, true}, // the loop has 1
		{workload.RCU{Boost: true}, 1, 1, false},
		{workload.RCU{Boost: true, KthreadPrio: 2}, 2, 2, true},
	} {
		sc.RCU = tt.rcu
		fix := lookup(t, "baseline")
		k := newKernel(&sc, &fix, 1, Options{})
		k.boot()
		k.runUntil(18_000_000_000, func() bool { return false })
		if n := k.rcu.counts.normal; (n > 500) != tt.often {
			t.Errorf("%+v: %d grace periods in 18 s", tt.rcu, n)
		}
		if kt, exp := k.rcu.kthread.prio, k.rcu.exp.worker.prio; kt != tt.kthread || exp != tt.exp {
			t.Errorf("%+v: priorities %d and %d, want %d and %d", tt.rcu, kt, exp, tt.kthread, tt.exp)
		}
		k.stop()
	}
}

// Tasks-Trace RCU of 6.19 pauses after each grace period. A request during the pause
// waits for its end (gp_sleep, HZ/200).
func TestRequestDoesNotEndTheRestOfTasksTrace(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.Machine.HZ = 1000 // the pause is 5 jiffies
	fix := lookup(t, "v6.19")
	k := newKernel(&sc, &fix, 1, Options{})
	defer k.stop()
	k.boot()
	var done [2]ns
	k.at(100_000_000, func() {
		k.holdouts.Call(func() {
			done[0] = k.now
			k.at(k.now+100_000, func() { k.holdouts.Call(func() { done[1] = k.now }) })
		})
	})
	k.runUntil(900_000_000, func() bool { return done[1] != 0 })
	length := done[0] - 100_000_000
	if rest := done[1] - done[0] - length; done[1] == 0 || rest < 4_000_000 || rest > 7_500_000 {
		t.Errorf("the second grace period ended %v after the first, which took %v: want a rest of 5 jiffies between", time.Duration(done[1]-done[0]), time.Duration(length))
	}
}
