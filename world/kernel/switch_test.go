package kernel

import (
	"math"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/workload"
)

// twoLoops is one CPU with two loops in user mode. The first has events of its own. An
// instruction takes a microsecond, so a switch takes 3 ms.
func twoLoops(source workload.Source, period time.Duration) func(*workload.Scenario) {
	return func(sc *workload.Scenario) {
		sc.Machine.CPUs, sc.Machine.HZ, sc.Machine.MIPS = 1, 100, 1
		sc.Perf.NoThrottle = true
		sc.Tasks = []workload.Tasks{{Name: "sampled", Count: 1, Gap: time.Second}, {Name: "other", Count: 1, Gap: time.Second}}
		sc.Storms = []workload.Storm{{Source: source, Task: "sampled", Period: period, Handler: 20 * time.Microsecond}}
		sc.Closers[0].Start = sc.Horizon
	}
}

// The events of a task sample what a switch from it costs until perf_event_task_sched_out,
// and what a switch to it costs from perf_event_task_sched_in on.
func TestTheEventsOfATaskSampleItsPartsOfASwitch(t *testing.T) {
	t.Parallel()
	k := booted(t, twoLoops(workload.NMI, 100*time.Microsecond))
	c := k.cpus[0]
	type state struct {
		stage switchStage
		next  string
	}
	samples, switches := map[state]float64{}, map[string]float64{}
	var last state
	var stormTime ns
	var switched uint64
	k.runUntil(20_000_000_000, func() bool {
		k.sync(c)
		k.plan(c)
		samples[last] += float64(c.stormTime-stormTime) / 20_000
		stormTime = c.stormTime
		if c.cur == nil || c.cur.loop == nil {
			last = state{next: "neither"}
			return false
		}
		if was := last.stage; was == beforeSchedIn && !c.switching.on() {
			if got, want := c.overhead, k.cost(costSwitchExit); got != want || len(c.own) != len(c.cur.sources) {
				t.Fatalf("%s has %d events after sched_in, and %d ns left of the switch, want %d", c.cur.name, len(c.own), got, want)
			}
		}
		last = state{c.switching.stage, c.cur.name}
		if c.switches != switched {
			switched = c.switches
			switches[c.cur.name]++
		}
		return false
	})
	const period = 100 // instructions
	for _, tt := range []struct {
		what string
		at   state
		cost float64 // instructions of a switch that the events sample
	}{
		{"from the task, before sched_out", state{beforeSchedOut, "other"}, costSwitchFair - costSwitchMM - costSwitchExit},
		{"from the task, before sched_in", state{beforeSchedIn, "other"}, 0},
		{"the other task", state{notSwitching, "other"}, 0},
		{"to the task, before sched_out", state{beforeSchedOut, "sampled"}, 0},
		{"to the task, before sched_in", state{beforeSchedIn, "sampled"}, 0},
	} {
		n := switches[tt.at.next]
		if got, want := samples[tt.at]/n, tt.cost/period; n < 50 || math.Abs(got-want) > 1 {
			t.Errorf("%s: %.1f samples in each of %v switches, want %.1f", tt.what, got, n, want)
		}
	}
	if n := samples[state{notSwitching, "sampled"}]; n < 1000 {
		t.Errorf("%v samples while the task ran", n)
	}
}

// An hrtimer event goes on with the rest of its period. If it was due before its task was
// switched out, it waits for 10 us, and if it was due just then, for a whole period.
func TestAnHRTimerEventStartsWithTheRestOfItsPeriod(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ left, waits ns }{{1, 1}, {9_999, 9_999}, {500_000, 500_000}, {0, 1_000_000}, {-1, 10_000}, {-5_000_000, 10_000}} {
		b := newStormBench(false, 250, 0)
		s := &source{on: true, events: 1, period: 1_000_000, handler: 1000}
		of := &task{sources: []*source{s}}
		b.c.at = 7_000_000
		b.c.schedIn(of)
		s.next = b.c.at + tt.left
		b.c.schedOut(of)
		if b.c.at = 9_000_000; len(b.c.own) != 0 {
			t.Errorf("%d events of a task that was switched out", len(b.c.own))
		}
		if b.c.schedIn(of); s.next != b.c.at+tt.waits {
			t.Errorf("%d ns before its expiry: then it waits for %d ns, want %d", tt.left, s.next-b.c.at, tt.waits)
		}
	}
}

// Interrupts are off from the decision to the end of a switch between tasks with events.
func TestInterruptsWaitForTheEndOfASwitch(t *testing.T) {
	t.Parallel()
	k := booted(t, twoLoops(workload.HRTimer, time.Second))
	c := k.cpus[0]
	var began, ended ns
	sent, taken := false, ns(0)
	k.runUntil(5_000_000_000, func() bool {
		switch {
		case !sent && c.switching.on():
			sent, began = true, k.now
			k.at(k.now+k.cost(100), func() {
				c.arrive(irq{kind: irqCall, done: func() { taken = k.now }})
			})
		case sent && ended == 0 && !c.switching.on():
			ended = k.now
		}
		return taken > 0
	})
	if ended == 0 || taken < ended || ended-began < k.cost(costSwitchMM) {
		t.Errorf("sent in a switch from %d to %d ns, taken at %d", began, ended, taken)
	}
}

// A request to reschedule that comes during a switch is obeyed at the end of the switch, and
// not at the end of the next task's step.
func TestARequestDuringASwitchIsObeyedAtItsEnd(t *testing.T) {
	t.Parallel()
	k := booted(t, func(sc *workload.Scenario) {
		twoLoops(workload.NMI, time.Second)(sc)
		sc.Storms, sc.Machine.Preempt = nil, workload.PreemptFull
		for i := range sc.Tasks {
			sc.Tasks[i].Reads, sc.Tasks[i].Section = workload.ReadsRCU, 30*time.Millisecond
		}
	})
	c := k.cpus[0]
	var asked, switched ns
	k.runUntil(5_000_000_000, func() bool {
		k.sync(c)
		switch {
		case asked == 0 && c.overhead > 0 && c.cur.loop != nil && c.cur.left > c.overhead && c.cur.left < never:
			asked, switched = k.now, k.now+c.overhead
			c.resched = hardResched
		case asked > 0:
			if c.resched == noResched {
				return true
			}
			if k.now > switched {
				t.Fatalf("asked at %d ns, the switch ends at %d, and at %d it has not been obeyed", asked, switched, k.now)
			}
		}
		k.plan(c)
		return false
	})
	if asked == 0 {
		t.Error("no request in a switch")
	}
}

// A task whose events still sample the CPU that switches from it runs nowhere else. An
// idle CPU gets it when the switch has gone on.
func TestATaskIsNotPulledBeforeItsEventsStop(t *testing.T) {
	t.Parallel()
	k := booted(t, func(sc *workload.Scenario) {
		twoLoops(workload.NMI, 100*time.Microsecond)(sc)
		sc.Machine.CPUs = 2
		sc.Tasks[1].CPUs = []int{0}
		sc.Tasks = append(sc.Tasks, workload.Tasks{Name: "brief", Count: 1, CPUs: []int{1}, Gap: 300 * time.Microsecond, Sleep: 1100 * time.Microsecond, SleepEvery: 1})
	})
	refused, pulled := 0, 0
	var waits *task
	var from *cpu
	k.runUntil(100_000_000_000, func() bool {
		for _, c := range k.cpus {
			for _, s := range c.own {
				for _, o := range k.cpus {
					if o != c && len(o.own) > 0 && o.own[0] == s {
						t.Fatalf("at %d ns an event samples two CPUs", k.now)
					}
				}
			}
			if s := &c.switching; s.awaited && waits == nil {
				refused, waits, from = refused+1, s.prev, c
			}
		}
		if waits == nil || from.switching.prev == waits {
			return false
		}
		switch other := k.cpus[1-from.id]; {
		case waits.cpu == other:
			pulled++
		case other.idle() && waits.state == running && from.cur != waits && waits.allowed.has(other.id):
			t.Fatalf("at %d ns %s waits on CPU %d, and the other one is idle", k.now, waits.name, from.id)
		}
		waits = nil
		return false
	})
	if refused == 0 || pulled == 0 {
		t.Errorf("refused %d times, pulled after it %d times", refused, pulled)
	}
}

// A thread starts at a uniformly drawn point of its loop, inside of a section too, or
// asleep. The point moves monotonically with the number drawn.
func TestThreadsStartAtEveryPhaseOfTheirLoops(t *testing.T) {
	t.Parallel()
	k := &kernel{}
	const us = time.Microsecond
	for _, tt := range []struct {
		spec           workload.Tasks
		inside, asleep float64
	}{
		{workload.Tasks{Reads: workload.ReadsRCU, Section: 10 * us, Gap: 30 * us}, 0.25, 0},
		{workload.Tasks{Reads: workload.ReadsTracepoint, Section: 10 * us}, 1, 0},
		{workload.Tasks{Section: 10 * us, Gap: 30 * us}, 0, 0}, // without reads
		{workload.Tasks{Reads: workload.ReadsTasksTrace, Section: 10 * us, Gap: 30 * us, Sleep: 40 * us, SleepEvery: 1}, 0.125, 0.5},
		{workload.Tasks{Reads: workload.ReadsRCU, Section: 10 * us, Gap: 30 * us, Sleep: 80 * us, SleepEvery: 3}, 0.15, 0.4},
	} {
		const draws = 1000
		inside, asleep, last := 0.0, 0.0, ns(-1)
		for i := range uint64(draws) {
			u := seed.NewDraws(0, seed.Draw{Stream: "x", Value: i * (math.MaxUint64 / draws)}).Stream("x")
			l, rest := newLoop(k, &tt.spec, u.Int64N)
			awake := ns(max(1, tt.spec.SleepEvery)) * l.cycle
			phase := awake - l.untilSleep() // since the end of the last sleep
			switch {
			case rest > 0:
				asleep++
				phase = awake + ns(tt.spec.Sleep) - rest
			case l.entering:
				inside++
			}
			if phase < last || l.inSection() || l.began != 0 {
				t.Fatalf("%+v: draw %d: phase %d after %d, section %d, inside %t", tt.spec, i, phase, last, l.began, l.inSection())
			}
			last = phase
		}
		if math.Abs(inside/draws-tt.inside) > 0.002 || math.Abs(asleep/draws-tt.asleep) > 0.002 {
			t.Errorf("%+v: inside %.3f, asleep %.3f; want %v and %v", tt.spec, inside/draws, asleep/draws, tt.inside, tt.asleep)
		}
	}
}

// untilSleep is the CPU time until the sleep between two rounds, or of one cycle.
func (l *loop) untilSleep() ns {
	left := ns(max(1, l.spec.SleepEvery)-1-l.rounds) * l.cycle
	if l.pos < l.section {
		return left + l.section - l.pos
	}
	if l.section == 0 {
		return left + l.cycle - l.pos
	}
	return left + l.cycle - l.pos + l.section
}

// A thread that starts inside of a section enters it with its first instruction: it has
// a counter incremented, and a grace period waits for it, from then on.
func TestAThreadEntersTheSectionInWhichItStarts(t *testing.T) {
	t.Parallel()
	k := booted(t, func(sc *workload.Scenario) {
		sc.Machine.CPUs = 1
		sc.Tasks = []workload.Tasks{{Name: "reader", Count: 2, Reads: workload.ReadsTracepoint, Section: time.Hour}}
		sc.Closers[0].Start = sc.Horizon
	})
	d := k.tracepointSRCU
	var locks [2]uint64
	k.runUntil(1_000_000_000, func() bool {
		for i, l := range d.loops {
			if !l.entering && locks[i] == 0 {
				locks[i] = k.cpus[0].switches
			}
		}
		return false
	})
	for i, l := range d.loops {
		if l.began != 1 || !l.inSection() || !l.reader.locked {
			t.Errorf("reader %d: section %d, inside %t, locked %t", i, l.began, l.inSection(), l.reader.locked)
		}
	}
	if d.inside != 2 || locks[0] >= locks[1] {
		t.Errorf("%d inside, first seen after %v switches; want both, one after the other", d.inside, locks)
	}
}
