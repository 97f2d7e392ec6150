package kernel

import (
	"math"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/workload"
)

// loops is what fair loops on one CPU did in two seconds.
type loops struct {
	switches, hrticks uint64
	ran               time.Duration
}

func (l *loops) Trace(e TraceEvent) {
	if e.Kind == TraceIRQBegin && e.What == "scheduler hrtimer" {
		l.hrticks++
	}
}

func (l *loops) Samples() (from, until time.Duration) { return 0, 0 }

// runLoops runs loops in user mode under a candidate.
func runLoops(t *testing.T, fix string, count int, hrtick workload.Switch) (l loops) {
	t.Helper()
	sc := quietMachine()
	sc.Machine = workload.Machine{CPUs: 1, HZ: 250, Preempt: workload.PreemptLazy, MIPS: 15.625, HRTick: hrtick}
	sc.Tasks = []workload.Tasks{{Name: "loop", Count: count, Gap: time.Millisecond}}
	sc.Closers = []workload.Closers{{Name: "closer", Count: 1, Start: sc.Horizon}}
	f := lookup(t, fix)
	k := newKernel(&sc, &f, 1, Options{Trace: &l})
	defer k.stop()
	k.boot()
	k.runUntil(ns(2*time.Second), func() bool { return false })
	l.switches = k.cpus[0].switches
	for _, o := range k.tasks {
		if o.group == "loop" {
			l.ran += time.Duration(ns(o.loop.rounds)*o.loop.cycle + o.loop.pos)
		}
	}
	return l
}

// Counted on 7.3.4 at 15.6 MIPS: context switches of the CPU in two seconds, and the
// rounds of the loops (7.1.13 has 2259 and 2260 switches).
func TestLoopsSwitchAndLoseAsMuchAsCounted(t *testing.T) {
	t.Parallel()
	const round = 39360 * time.Nanosecond
	for _, c := range []struct {
		hrtick   workload.Switch
		loops    int
		switches float64
		rounds   time.Duration
	}{
		{workload.SwitchOff, 3, 512, 45837},
		{workload.SwitchOff, 8, 513, 45760},
		{workload.SwitchOn, 3, 2258, 29898},
		{workload.SwitchOn, 8, 2256, 29658},
	} {
		got := runLoops(t, "v7.3", c.loops, c.hrtick)
		if math.Abs(float64(got.switches)/c.switches-1) > 0.05 {
			t.Errorf("HRTICK %s, %d loops: %d switches, counted %v", c.hrtick, c.loops, got.switches, c.switches)
		}
		if ran := float64(got.ran) / float64(c.rounds*round); math.Abs(ran-1) > 0.05 {
			t.Errorf("HRTICK %s, %d loops: they ran for %v, counted %v", c.hrtick, c.loops, got.ran, c.rounds*round)
		}
	}
}

func TestHRTickIsOnSince71UnlessTheScenarioSaysOtherwise(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fix    string
		hrtick workload.Switch
		on     bool
	}{
		{"v6.19", "", false}, {"baseline", "", false}, {"v7.0", "", false}, {"v7.3", "", true},
		{"v7.0", workload.SwitchOn, true}, {"v7.3", workload.SwitchOff, false},
	} {
		if got := runLoops(t, c.fix, 3, c.hrtick); (got.hrticks > 0) != c.on {
			t.Errorf("%s, hrtick %q: %d interrupts of the scheduler's timer, want some: %t", c.fix, c.hrtick, got.hrticks, c.on)
		}
	}
}

// The timer is armed for a task that others wait behind, and once for each slice: if
// the same task is picked again, the next tick ends its slice.
func TestHRTickIsArmedAtSwitchesWithSeveralTasks(t *testing.T) {
	t.Parallel()
	if got := runLoops(t, "v7.3", 1, ""); got.hrticks > 10 {
		t.Errorf("one loop: %d interrupts of the scheduler's timer", got.hrticks)
	}
	two := runLoops(t, "v7.3", 2, "")
	if most := two.switches + 2; two.hrticks == 0 || two.hrticks > most {
		t.Errorf("two loops: %d interrupts of the scheduler's timer, want up to %d, one for each switch", two.hrticks, most)
	}
}

// A timer interrupt that is lost, or comes while the CPU is not executing, ends the
// slice late.
func TestHRTickWaitsForLostTimers(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.Machine = workload.Machine{CPUs: 1, HZ: 250, Preempt: workload.PreemptLazy, MIPS: 15.625, HRTick: workload.SwitchOn}
	sc.Tasks = []workload.Tasks{{Name: "loop", Count: 3, Gap: time.Millisecond}}
	sc.Faults = []workload.Fault{{Kind: workload.LostTimer, CPUs: []int{0}, From: 100 * time.Millisecond, Until: 300 * time.Millisecond}}
	sc.Closers = []workload.Closers{{Name: "closer", Count: 1, Start: sc.Horizon}}
	f := lookup(t, "baseline")
	k := newKernel(&sc, &f, 1, Options{})
	defer k.stop()
	k.boot()
	at := func(when time.Duration) uint64 {
		k.runUntil(ns(when), func() bool { return false })
		return k.cpus[0].switches
	}
	before, during, after := at(100*time.Millisecond), at(299*time.Millisecond), at(400*time.Millisecond)
	if before < 80 || during != before || after < during+80 {
		t.Errorf("%d switches in 100 ms, %d in 200 ms without timers, %d in 100 ms after", before, during-before, after-during)
	}
}
