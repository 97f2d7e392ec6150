package kernel

import (
	"strings"
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

// A pause of hrtimers follows the third pass of one interrupt that found more timers, and no
// other.
func TestPausesOfHrtimersWithoutThreePassesAreFound(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		passes int
		pauses bool
		want   trial.Oracle
	}{
		{0, false, ""},
		{2, false, ""},
		{3, true, ""},
		{1, true, trial.WaitsTooLong},
		{3, false, trial.WaitsTooLong},
	} {
		k := booted(t, nil)
		c := k.cpus[1]
		for range 2 { // the second interrupt has none
			if c.hrBlocked = c.at; tt.pauses {
				c.hrBlocked++
			}
			c.hrPassed = tt.passes
			c.leaveHR()
			tt.passes, tt.pauses = 0, false
		}
		if got := k.firstFinding(); got != tt.want || len(k.violations) > 1 {
			t.Errorf("%+v: %v", tt, k.violations)
		}
	}
}

// A whole grace period of RCU that leaves the polled one in progress is found.
func TestGracePeriodsThatDoNotEndThePolledOneAreFound(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		steps string // small letters begin, capital ones end, P ends the polled one too
		want  trial.Oracle
	}{
		{"nPN", ""},
		{"nN", trial.WaitsTooLong},
		{"nePEN", ""},
		{"neEPN", trial.WaitsTooLong}, // the expedited one began after the polled one
		{"nePNnE", ""},                // the expedited one began before the running polled one
		{"nePNnEN", trial.WaitsTooLong},
	} {
		k := booted(t, nil)
		n := &k.rcu
		if rcu.SeqRunning(n.polled) {
			t.Fatal("a polled grace period is in progress")
		}
		was := n.polled
		for _, s := range tt.steps {
			switch s {
			case 'n', 'e':
				n.order.noteStart(strings.IndexRune("ne", s), !rcu.SeqRunning(n.polled))
				if !rcu.SeqRunning(n.polled) {
					n.polled++
				}
				was = n.polled
			case 'P':
				was, n.polled = n.polled, rcu.SeqEnd(n.polled)
			default:
				k.checkPolledEnd(strings.IndexRune("NE", s), was)
				was = n.polled
			}
		}
		if got := k.firstFinding(); got != tt.want {
			t.Errorf("%s: %v, want %q", tt.steps, k.violations, tt.want)
		}
	}
}

// The callbacks of a grace period that is requested as an expedited one have no delay.
func TestADelayAfterAnExpeditedGracePeriodIsFound(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		request int // the grace period that is expedited, from the one that ends; none if negative
		delay   uint64
		want    trial.Oracle
	}{
		{"none is expedited", -1, 1, ""},
		{"this one, without a delay", 0, 0, ""},
		{"this one, with a delay", 0, 1, trial.WaitsTooLong},
		{"the next one, with a delay", 1, 1, trial.WaitsTooLong},
	} {
		k := booted(t, nil)
		d := k.domains[0]
		m := &endedMachine{Machine: d.machine, latest: d.machine.Snapshot()}
		d.machine = m
		d.want(m.latest)
		d.wantedExp = m.latest - rcu.SeqStep
		if tt.request >= 0 {
			d.wantedExp = m.latest + srcu.Cookie(tt.request*rcu.SeqStep)
		}
		(*domainSide)(d).Ended(tt.delay)
		if found(k.violations, trial.WaitsTooLong) != (tt.want != "") {
			t.Errorf("%s: %v", tt.name, k.violations)
		}
	}
}

// The passes of an interrupt are forgotten at its end, also if the rest is computed at once.
func TestAnInterruptThatLosesItsOtherSourcesEndsItsPasses(t *testing.T) {
	t.Parallel()
	for _, step := range []bool{false, true} {
		b := newStormBench(step, 250, 0, source{on: true, events: 1, period: 1_000_000, handler: 1000})
		b.c.hr, b.c.hrLeft, b.c.hrPassed = b.c.wide[0], 500, 2
		b.c.run(2000, never, false)
		if b.c.hrPassed != 0 || len(b.k.violations) > 0 {
			t.Errorf("step %t: %d passes, %v", step, b.c.hrPassed, b.k.violations)
		}
	}
}
