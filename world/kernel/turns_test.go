package kernel

import (
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// A lock that is passed to the task that came last is found where tasks queue for it.
func TestALockThatIsPassedOutOfTurnIsFound(t *testing.T) {
	t.Parallel()
	for _, inOrder := range []bool{true, false} {
		sc := quietMachine()
		sc.Closers = []workload.Closers{{Name: "closer", Count: 3, Start: 10 * time.Millisecond}}
		fix := lookup(t, "baseline")
		fix.Overrides = []fixes.Override{Overrides{Decide: func() Decider {
			return func(d Decision, _ int, kernel bool) bool { return kernel && (inOrder || d != LockInOrder) }
		}}}
		if r := Run(sc, fix, 1, Options{}); found(r.Violations, trial.Overtaken) == inOrder {
			t.Errorf("passed on in order %t: %s", inOrder, r.Why())
		}
	}
}

// found reports whether an oracle is among the findings.
func found(all []trial.Violation, o trial.Oracle) bool {
	for _, v := range all {
		if v.Oracle == o {
			return true
		}
	}
	return false
}

// Work items and callbacks that run before an earlier one are found, and so is a later one
// if the earlier one is lost.
func TestWhatRunsOutOfTurnIsFound(t *testing.T) {
	t.Parallel()
	nothing := func() {}
	for _, tt := range []struct {
		name   string
		queue  func(*kernel)
		change func(*kernel)
	}{
		{"work items", func(k *kernel) {
			for range 2 {
				k.queueWork(&work{name: "item", fn: func(*task) {}})
			}
		}, func(k *kernel) {
			p := k.cpus[0].pool.pending
			p[0], p[1] = p[1], p[0]
		}},
		{"RCU callbacks", func(k *kernel) {
			k.call(nothing)
			k.call(nothing)
		}, func(k *kernel) {
			u := k.cpus[0].callbacks.unassigned()
			u[0], u[1] = u[1], u[0]
		}},
		{"SRCU callbacks", func(k *kernel) {
			k.tracepointSRCU.Call(nothing)
			k.tracepointSRCU.Call(nothing)
		}, func(k *kernel) {
			l := k.tracepointSRCU.lists[0]
			l.Callbacks = srcu.Callbacks{}
			k.tracepointSRCU.Call(nothing)
		}},
	} {
		for _, changed := range []bool{false, true} {
			k := booted(t, func(sc *workload.Scenario) {
				sc.Closers[0].Start = 50 * time.Second
				sc.Tasks = []workload.Tasks{{Name: "spin", Count: 1, CPUs: []int{0}, Gap: time.Millisecond}} // for ticks
			})
			k.runUntil(100_000_000, func() bool { return false })
			tt.queue(k)
			if changed {
				tt.change(k)
			}
			k.runUntil(k.now+1_000_000_000, func() bool { return false })
			if found(k.violations, trial.Overtaken) != changed {
				t.Errorf("%s, changed %t: %v", tt.name, changed, k.violations)
			}
		}
	}
}
