package kernel

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// There are as many groups as CPUs in each, rounded down (rcu_nocb_gp_stride). Each
// group's kthread has the number of its first offloaded CPU.
func TestOffloadedCPUsHaveTheKernelsKthreads(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cpus  int
		nocbs []int
		want  string
	}{
		{2, []int{0, 1}, "rcuog/0 rcuop/0 rcuop/1"},
		{4, []int{0, 1, 2, 3}, "rcuog/0 rcuop/0 rcuop/1 rcuog/2 rcuop/2 rcuop/3"},
		{4, []int{3, 1}, "rcuog/1 rcuop/1 rcuog/3 rcuop/3"},
		{16, []int{5, 6, 12}, "rcuog/5 rcuop/5 rcuop/6 rcuog/12 rcuop/12"},
	} {
		k := booted(t, func(sc *workload.Scenario) { sc.Machine.CPUs, sc.RCU.NoCBs, sc.RCU.KthreadPrio = c.cpus, c.nocbs, 7 })
		var names []string
		for _, tk := range k.tasks {
			if strings.HasPrefix(tk.name, "rcuo") {
				names = append(names, tk.name)
				if rt := tk.fifo(); rt != strings.HasPrefix(tk.name, "rcuog") {
					t.Errorf("%s is real-time: %t", tk.name, rt)
				}
			}
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%d CPUs, %v: %s, want %s", c.cpus, c.nocbs, got, c.want)
		}
	}
}

// The callbacks of an offloaded CPU run in its kthread, on that kthread's CPU, while
// the CPU itself stays idle without a tick.
func TestOffloadedCallbacksLeaveTheirCPUAlone(t *testing.T) {
	t.Parallel()
	for _, offloaded := range []bool{false, true} {
		k := booted(t, func(sc *workload.Scenario) {
			sc.Closers[0].Start = 50 * time.Second
			sc.Placement.Isolated = []int{1}
			if offloaded {
				sc.RCU.NoCBs = []int{1}
			}
		})
		k.runUntil(100_000_000, func() bool { return false })
		ticks := k.cpus[1].ticks
		ran := -1
		k.at(k.now, func() {
			k.cpus[1].arrive(irq{kind: irqCall, done: func() {
				k.call(func() { ran = k.hereOr0().id })
			}})
		})
		k.runUntil(k.now+500_000_000, func() bool { return false })
		want := 1
		if offloaded {
			want = 0
		}
		if ran != want {
			t.Errorf("offloaded %t: the callback ran on CPU %d, want %d", offloaded, ran, want)
		}
		if ticked := k.cpus[1].ticks != ticks; ticked == offloaded {
			t.Errorf("offloaded %t: the idle CPU ticked %t", offloaded, ticked)
		}
	}
}

// A callback in a kthread runs with softirqs disabled, so it must not sleep, and the
// softirqs that were raised meanwhile run directly afterwards.
func TestOffloadedCallbackMustNotSleep(t *testing.T) {
	t.Parallel()
	k := booted(t, func(sc *workload.Scenario) { sc.RCU.NoCBs = []int{0, 1} })
	softirq := false
	k.at(10_000_000, func() {
		k.call(func() {
			k.domains[0].Synchronize()
			c := k.here
			c.timers.add(k, c, k.jiffies-1, timer{fn: func() { softirq = k.here == c && c.softActive }})
			c.softPending |= softTimer
		})
	})
	k.runUntil(900_000_000, func() bool { return false })
	if !slices.ContainsFunc(k.violations, func(v trial.Violation) bool { return v.Oracle == trial.BlocksInSoftirq }) {
		t.Errorf("violations %v", k.violations)
	}
	if !softirq {
		t.Error("the pending softirq did not run at the end of the callback")
	}
}

// Under every candidate, closes return on machines that offload callbacks.
func TestOffloadingLosesNoCallback(t *testing.T) {
	t.Parallel()
	for _, fix := range []string{"baseline", "callrcu", "batch", "asyncfree", "v6.19", "v7.3", "callrcu-expedited", "revert", "bpf-links", "atomic"} {
		sc := preset(t, "busy-rcu")
		sc.Machine.CPUs, sc.Horizon, sc.Drain = 3, 10*time.Second, 10*time.Second
		sc.RCU.NoCBs = []int{0, 2}
		sc.Placement.RCUO = []int{1}
		r := Run(sc, lookup(t, fix), 3, Options{})
		if wrong := r.Diagnosis != trial.OK && r.Diagnosis != trial.Slow; wrong {
			t.Errorf("%s: %s %s", fix, r.Diagnosis, r.Why())
		}
	}
}

// A callback of an offloaded CPU is found late if the end of its grace period wakes nobody.
func TestOffloadedCallbacksThatNobodyTakesAreFound(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		further     uint64 // grace periods that the callback needs beyond the last one
		rcuog, rcuo taskState
		want        trial.Oracle
	}{
		{"both kthreads sleep", 0, idling, idling, trial.CallbackLate},
		{"the group's kthread is awake", 0, running, idling, ""},
		{"the CPU's kthread is awake", 0, idling, running, ""},
		{"a callback of a later grace period", 1, idling, idling, ""},
	} {
		k := booted(t, func(sc *workload.Scenario) { sc.RCU.NoCBs = []int{1} })
		c := k.cpus[1]
		c.group.kthread.state, c.rcuo.state = tt.rcuog, tt.rcuo
		c.callbacks.push(rcuCallback{seq: k.rcu.seq + tt.further*rcu.SeqStep})
		c.callbacks.assign()
		k.checkOffloads()
		if got := k.firstFinding(); got != tt.want {
			t.Errorf("%s: %v, want %q", tt.name, k.violations, tt.want)
		}
	}
}
