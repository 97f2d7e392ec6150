package kernel

import (
	"testing"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/srcu/funnel"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// Callbacks that wait for a grace period more than they need are found, whether the end of
// theirs is not told to the worker or the worker leaves them.
func TestCallbacksThatWaitForAFurtherGracePeriodAreFound(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		big    bool
		change func(*fixes.Fix)
		want   bool
	}{
		{"a small domain", false, func(*fixes.Fix) {}, false},
		{"a big domain", true, func(*fixes.Fix) {}, false},
		{"a tree that finds the CPUs late", true, func(f *fixes.Fix) {
			f.Funnel = func(t *funnel.Tree) funnel.Funnel { return &lateTree{Tree: t} }
		}, true},
		{"an end that is announced late", false, func(f *fixes.Fix) {
			f.Side = func(s srcu.Side) srcu.Side { return &lateEnd{Side: s} }
		}, true},
		{"callbacks with a late cookie", false, func(f *fixes.Fix) {
			f.Machine = func(b srcu.Barrier, p srcu.Pace) srcu.Machine { return &lateCookie{GracePeriod: srcu.New(b, p)} }
		}, true},
	} {
		sc := withModule()
		sc.SRCU.Big = tt.big
		fix := lookup(t, "callrcu")
		tt.change(&fix)
		if r := Run(sc, fix, 1, Options{}); found(r.Violations, trial.CallbackLate) != tt.want {
			t.Errorf("%s: %s %s", tt.name, r.Diagnosis, r.Why())
		}
	}
}

// lateTree calls ready for the CPUs of the grace period before.
type lateTree struct {
	*funnel.Tree
	found []int
}

func (l *lateTree) End(c srcu.Cookie, ready func(int)) {
	for _, cpu := range l.found {
		ready(cpu)
	}
	l.found = nil
	l.Tree.End(c, func(cpu int) { l.found = append(l.found, cpu) })
}

// lateEnd announces every second end of a grace period.
type lateEnd struct {
	srcu.Side
	ends int
}

func (l *lateEnd) Ended(jiffies uint64) {
	if l.ends++; l.ends%2 == 0 {
		l.Side.Ended(jiffies)
	}
}

// lateCookie gives every second snapshot, which is that of the list, the cookie of one
// grace period more.
type lateCookie struct {
	*srcu.GracePeriod
	taken int
}

func (l *lateCookie) Snapshot() srcu.Cookie {
	c := l.GracePeriod.Snapshot()
	if l.taken++; l.taken%2 == 0 {
		c += rcu.SeqStep
	}
	return c
}

// A scan that polls for a grace period which nobody has requested is found though others
// need grace periods, so that it does not wait for ever.
func TestAPollForAGracePeriodThatNobodyRequestedIsFound(t *testing.T) {
	t.Parallel()
	for _, asks := range []bool{true, false} {
		k := booted(t, nil)
		d := k.tracepointSRCU
		r := (*domainRCU)(d)
		c := r.Snapshot()
		if asks {
			c = r.Start()
		}
		if r.Done(c) {
			t.Fatal("done at once")
		}
		d.checkRequested()
		if found(k.violations, trial.CookieUnrequested) == asks {
			t.Errorf("requested %t: %v", asks, k.violations)
		}
	}
}

// Callbacks whose grace period has ended are given to a worker within a jiffy.
func TestCallbacksThatAreHandedOverLateAreFound(t *testing.T) {
	t.Parallel()
	for jiffies, want := range []trial.Oracle{"", "", trial.WaitsTooLong} {
		k := booted(t, nil)
		k.tracepointSRCU.scheduleOn(0, uint64(jiffies))
		if got := k.firstFinding(); got != want {
			t.Errorf("after %d jiffies: %v, want %q", jiffies, k.violations, want)
		}
	}
}

// Callbacks that wait for a timer of more than a jiffy are found, whoever armed it.
func TestCallbacksBehindALongTimerAreFound(t *testing.T) {
	t.Parallel()
	for wait, want := range map[uint64]trial.Oracle{1: "", 2: "", 3: trial.CallbackLate} {
		k := booted(t, nil)
		d := k.tracepointSRCU
		l := d.lists[0]
		l.due, l.timers, l.fires = []srcu.Cookie{d.machine.Latest()}, 1, k.jiffies+wait
		d.checkHandedOver()
		if got := k.firstFinding(); got != want {
			t.Errorf("a timer in %d jiffies: %v, want %q", wait, k.violations, want)
		}
	}
}

// Runs of process_srcu beyond the limit are found, unless a grace period ended in each run
// before: the next one begins without delay.
func TestRunsOfFurtherGracePeriodsAreNoRetries(t *testing.T) {
	t.Parallel()
	for _, ended := range []bool{false, true} {
		k := booted(t, nil)
		d := k.tracepointSRCU
		d.retries, d.burst = true, burst{jiffy: k.jiffies, n: 5, ended: ended}
		d.checkBurst(5)
		if found := k.firstFinding() == trial.WorkerSpins; found == ended {
			t.Errorf("a grace period has ended %t: %v", ended, k.violations)
		}
	}
}

// Readers that are not boosted, stalls that are not reported, interrupts that a fault leaves
// and jiffies that are not the time are found.
func TestWhatAnotherMechanismHidesIsFound(t *testing.T) {
	t.Parallel()
	blocking := func(age ns, prio int) func(*kernel) {
		return func(k *kernel) {
			n := &k.rcu
			n.seq++
			n.started, k.now = 0, age
			reader := &task{k: k, name: "reader", prio: prio, state: running, cpu: k.cpus[0]}
			reader.rcu.blocksGP = true
			n.leaves[0].qsmask, n.leaves[0].readers = 0, []*task{reader}
			k.checkBoosts()
		}
	}
	lasted := func(seconds uint64, reports int) func(*kernel) {
		return func(k *kernel) {
			k.rcu.startedJiffies = k.jiffies
			k.jiffies += seconds * 250
			k.rcuStalls += reports
			k.checkReported()
		}
	}
	for _, tt := range []struct {
		name string
		act  func(*kernel)
		want trial.Oracle
	}{
		{"a young grace period", blocking(400_000_000, 0), ""},
		{"a reader that is boosted", blocking(600_000_000, 1), ""},
		{"a reader that is not", blocking(600_000_000, 0), trial.WaitsTooLong},
		{"no stall", lasted(21, 0), ""},
		{"a stall", lasted(23, 1), ""},
		{"a stall without a report", lasted(23, 0), trial.WaitsTooLong},
		{"no missed interrupts", func(k *kernel) { k.checkNoticed(k.cpus[0]) }, ""},
		{"a missed interrupt", func(k *kernel) { k.cpus[0].unnoticed = []irq{{}}; k.checkNoticed(k.cpus[0]) }, trial.NotRescheduled},
		{"jiffies", func(k *kernel) { k.jiffies += 3; k.jiffyBegan += 3 * k.tick; k.checkJiffies() }, ""},
		{"jiffies that are late", func(k *kernel) { k.jiffies += 3; k.jiffyBegan += 4 * k.tick; k.checkJiffies() }, trial.TimerMisplaced},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := booted(t, func(sc *workload.Scenario) { sc.Machine.HZ, sc.RCU.Boost = 250, true })
			tt.act(k)
			if got := k.firstFinding(); got != tt.want {
				t.Errorf("%v, want %q", k.violations, tt.want)
			}
		})
	}
}
