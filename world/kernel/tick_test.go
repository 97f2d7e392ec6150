package kernel

import (
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/workload"
)

// An idle CPU that finds a timer overdue takes it at once if its tick is stopped, and in
// its next tick otherwise.
func TestAnIdleCPUTakesAnOverdueTimerAtOnce(t *testing.T) {
	t.Parallel()
	for _, stopped := range []bool{true, false} {
		k := booted(t, func(sc *workload.Scenario) { sc.Machine.HZ, sc.Closers[0].Start = 100, 50*time.Second })
		c := k.cpus[1]
		var armed, fired ns
		k.at(50*k.tick+c.phase/2, func() {
			k.sync(c)
			k.updateJiffies()
			c.tickStopped, armed = stopped, k.now
			c.timers.timers = append(c.timers.timers, timer{expires: k.jiffies - 3, fn: func() { fired = k.now }})
			k.programIdleTick(c)
			k.settle(c)
		})
		k.runUntil(60*k.tick, func() bool { return fired > 0 })
		want := k.cost(costTick) + k.cost(costSoftirq) + k.cost(costTimer)
		if !stopped {
			want += c.phase / 2
		}
		if late := fired - armed; fired == 0 || late < want || late > want+1000 {
			t.Errorf("tick stopped: %t: the timer fires after %d ns, want %d", stopped, late, want)
		}
	}
}

// An interrupt of an idle CPU without a tick updates jiffies, whichever CPU keeps them.
func TestAnInterruptOfAnIdleCPUUpdatesJiffies(t *testing.T) {
	t.Parallel()
	k := booted(t, func(sc *workload.Scenario) {
		sc.Machine.HZ, sc.Closers[0].Start = 100, 50*time.Second
		sc.Tasks = []workload.Tasks{{Name: "busy", Count: 1, CPUs: []int{0}, Gap: time.Second}}
	})
	c := k.cpus[1]
	c.phase = 0
	k.cpus[0].phase, k.cpus[0].grid = k.tick/8, k.tick/8
	var stale, fresh uint64
	k.at(50*k.tick+k.tick/16, func() {
		stale = k.jiffies
		c.arrive(irq{kind: irqCall, done: func() { fresh = k.jiffies }})
	})
	k.runUntil(51*k.tick, func() bool { return fresh > 0 })
	if k.timekeeper != 0 || fresh != stale+1 {
		t.Errorf("CPU %d keeps jiffies: %d before the interrupt, %d in it", k.timekeeper, stale, fresh)
	}
}
