package kernel

import (
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// A task on a CPU outside of its affinity is found at the switch to it.
func TestATaskOnTheWrongCPUIsFound(t *testing.T) {
	t.Parallel()
	for _, may := range []int{0, 1} {
		k := booted(t, func(sc *workload.Scenario) {
			sc.Tasks = []workload.Tasks{{Name: "loop", Count: 1, CPUs: []int{0}, Gap: time.Millisecond, Sleep: time.Millisecond, SleepEvery: 1}}
		})
		k.taskNamed("loop").allowed = only(may)
		k.runUntil(20_000_000, func() bool { return false })
		found := len(k.violations) > 0 && k.violations[0].Oracle == trial.WrongCPU
		if wrong := may != 0; found != wrong {
			t.Errorf("a loop on CPU 0 that may run on CPU %d: %v", may, k.violations)
		}
	}
}

// What vanilla RCU has forgotten is found once 16 more grace periods have ended, unless a
// thread that should act is about to.
func TestForgottenWaitersAndCallbacksAreFound(t *testing.T) {
	t.Parallel()
	later := func(k *kernel, gps uint64) uint64 { return k.rcu.seq - gps*4 }
	waits := func(gps uint64) func(*kernel) {
		return func(k *kernel) {
			t := k.spawn("waiter", only(0), stepFunc(func(*task) demand { return sleepIn(blocked) }))
			t.state, t.where, t.waitMark = blocked, inSyncRCU, &rcuMark{normal: later(k, gps)}
		}
	}
	posted := func(gps uint64) func(*kernel) {
		return func(k *kernel) {
			k.cpus[1].callbacks.push(rcuCallback{seq: later(k, gps)})
			k.cpus[1].callbacks.assign()
		}
	}
	for _, tt := range []struct {
		name   string
		change []func(*kernel)
		want   trial.Oracle
	}{
		{"nothing", nil, ""},
		{"a waiter", []func(*kernel){waits(16)}, trial.WaiterForgotten},
		{"a waiter of a late grace period", []func(*kernel){waits(15)}, ""},
		{"a waiter that a work item wakes", []func(*kernel){waits(16), func(k *kernel) { k.cpus[1].pool.pending = []*work{{}} }}, ""},
		{"a callback", []func(*kernel){posted(16)}, trial.CallbackLost},
		{"a callback of a late grace period", []func(*kernel){posted(15)}, ""},
		{"a callback without a grace period", []func(*kernel){func(k *kernel) {
			k.cpus[1].callbacks.push(rcuCallback{seq: later(k, 16)})
		}}, trial.CallbackLost},
		{"callbacks of a grace period that ended within this jiffy", []func(*kernel){posted(20), func(k *kernel) {
			for i := range k.rcu.ended {
				k.rcu.ended[i] = k.now
			}
		}}, ""},
		{"a callback on a CPU whose timer interrupts have just come back", []func(*kernel){posted(16), func(k *kernel) { k.cpus[1].timerLost = k.now }}, ""},
		{"a callback on a CPU whose timers are delayed by a hang", []func(*kernel){posted(16), func(k *kernel) { k.cpus[1].hrBlocked = k.now }}, ""},
		{"a callback on a CPU with a softirq", []func(*kernel){posted(16), func(k *kernel) { k.cpus[1].softPending = softRCU }}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := booted(t, func(sc *workload.Scenario) { sc.Closers[0].Start = 50 * time.Second })
			k.runUntil(100_000_000, func() bool { return false })
			for _, change := range tt.change {
				change(k)
			}
			k.checkForgotten()
			var got trial.Oracle
			if len(k.violations) > 0 {
				got = k.violations[0].Oracle
			}
			if got != tt.want {
				t.Errorf("%v, want %q", k.violations, tt.want)
			}
		})
	}
}

// A CPU that has not balanced its load for longer than the interval is found.
func TestLoadsThatAreNotBalancedAreFound(t *testing.T) {
	t.Parallel()
	for ago, want := range map[uint64]trial.Oracle{8: "", 9: trial.WaitsTooLong} {
		k := booted(t, func(sc *workload.Scenario) { sc.Machine.CPUs = 2 })
		c := k.cpus[1]
		c.capacity.balanced = k.jiffies - ago
		k.checkBalanced(c)
		if got := k.firstFinding(); got != want {
			t.Errorf("%d jiffies ago: %v, want %q", ago, k.violations, want)
		}
	}
}
