package kernel

import (
	"testing"

	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// Work that is repeated without a cause is found, and the same work with one is not.
func TestWorkThatIsRepeatedWithoutNeedIsFound(t *testing.T) {
	t.Parallel()
	scans := func(after uint64, stalls int) func(*kernel) {
		return func(k *kernel) {
			k.rcu.startedJiffies = k.jiffies
			for range 3 {
				k.jiffies += after
				k.rcuStalls += stalls
				k.checkPace()
			}
		}
	}
	chain := func(links int) func(*kernel) {
		return func(k *kernel) {
			left := links
			var fn func()
			fn = func() {
				if left--; left > 0 {
					k.invoke(k.chained("a domain"), fn)
				}
			}
			k.invoke(k.chained("a domain"), fn)
		}
	}
	// ends ends grace periods of a domain, and the first of them is requested.
	ends := func(n int) func(*kernel) {
		return func(k *kernel) {
			d := k.domains[0]
			m := &endedMachine{Machine: d.machine, latest: d.machine.Snapshot()}
			d.machine = m
			d.want(m.latest)
			for range n {
				d.checkEnded()
				m.latest += rcu.SeqStep
			}
		}
	}
	again := func(times int, fn func(*kernel)) func(*kernel) {
		return func(k *kernel) {
			for range times {
				fn(k)
			}
		}
	}
	w := func(k *kernel) *work { return &k.domains[0].lists[0].invoke }
	pauses := func(after uint64) func(*kernel) {
		return func(k *kernel) {
			r := &tasksKthread{k: k, task: &task{k: k, name: "rcu_tasks"}}
			r.checkPaused("a scan", 2)
			k.jiffies += after
			r.checkPaused("a scan", 2)
		}
	}
	for _, tt := range []struct {
		name string
		hz   int
		act  func(*kernel)
		want trial.Oracle
	}{
		{"scans with the pause of 250 Hz", 250, scans(1, 0), ""},
		{"scans without a pause", 250, scans(0, 0), trial.WorkUnneeded},
		{"scans with the pause of 1000 Hz", 1000, scans(3, 0), ""},
		{"scans with a shorter pause than that of 1000 Hz", 1000, scans(2, 0), trial.WorkUnneeded},
		{"scans for stall reports", 250, scans(0, 1), ""},
		{"a grace period that is requested", 250, func(k *kernel) { k.rcu.needed = rcu.SeqSnap(k.rcu.seq); k.checkWanted() }, ""},
		{"a grace period that synchronize_rcu() waits for", 250, func(k *kernel) { k.rcu.syncNext = []*completion{{}}; k.checkWanted() }, ""},
		{"a grace period that is not requested", 250, func(k *kernel) { k.checkWanted() }, trial.WorkUnneeded},
		{"a request for the next one", 250, func(k *kernel) { k.checkRequest(rcu.SeqSnap(k.rcu.seq)) }, ""},
		{"a request for one more", 250, func(k *kernel) { k.checkRequest(rcu.SeqSnap(k.rcu.seq) + rcu.SeqStep) }, trial.WorkUnneeded},
		{"an expedited one with a waiter", 250, func(k *kernel) { k.rcu.exp.waiters = []*expWaiter{{}}; k.checkExpWanted() }, ""},
		{"an expedited one without", 250, func(k *kernel) { k.checkExpWanted() }, trial.WorkUnneeded},
		{"the grace period of a domain", 250, ends(1), ""},
		{"another grace period of the domain", 250, ends(2), trial.WorkUnneeded},
		{"a chain of six callbacks", 250, chain(6), ""},
		{"a chain of seven", 250, chain(7), trial.WorkUnneeded},
		{"work that queues itself ten times", 250, again(10, func(k *kernel) { k.checkRequeued(w(k)) }), ""},
		{"work that queues itself eleven times", 250, again(11, func(k *kernel) { k.checkRequeued(w(k)) }), trial.WorkUnneeded},
		{"and with jiffies between", 250, again(11, func(k *kernel) { k.jiffies++; k.checkRequeued(w(k)) }), ""},
		{"five passes of the softirq", 250, again(5, func(k *kernel) { k.checkPass(k.cpus[0]) }), ""},
		{"six passes of the softirq", 250, again(6, func(k *kernel) { k.checkPass(k.cpus[0]) }), trial.WorkUnneeded},
		{"a pause of two jiffies", 250, pauses(2), ""},
		{"a pause of one", 250, pauses(1), trial.WorkUnneeded},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := booted(t, func(sc *workload.Scenario) { sc.Machine.HZ = tt.hz })
			tt.act(k)
			if got := k.firstFinding(); got != tt.want {
				t.Errorf("%v, want %q", k.violations, tt.want)
			}
		})
	}
}

// endedMachine has ended the grace periods up to latest.
type endedMachine struct {
	srcu.Machine
	latest srcu.Cookie
}

func (m *endedMachine) Latest() srcu.Cookie { return m.latest }
