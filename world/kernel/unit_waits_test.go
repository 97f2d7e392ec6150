package kernel

import (
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/workload"
)

// The wheel never fires early: a timer fires at the end of its expiry's bucket, and
// buckets widen eightfold with distance.
func TestTimersAreNeverEarly(t *testing.T) {
	t.Parallel()
	tests := []struct{ delta, width uint64 }{
		{1, 1}, {62, 1}, {63, 8}, {503, 8}, {504, 64}, {4031, 64}, {4032, 512}, {14000, 512}, {32255, 512}, {32256, 4096},
	}
	for _, tt := range tests {
		for now := uint64(initialJiffies); now < initialJiffies+2*tt.width; now++ {
			expires := now + tt.delta
			at := bucket(expires, tt.delta)
			if at <= expires || at-expires > tt.width || at%tt.width != 0 {
				t.Fatalf("%d jiffies from %d: expires at %d, fires at %d; want the end of its bucket of %d", tt.delta, now, expires, at, tt.width)
			}
		}
	}
}

// runTask boots a machine and runs body on CPU 0 from 500 ms on.
func runTask(t *testing.T, sc workload.Scenario, fix string, body func(k *kernel, t *task)) *kernel {
	t.Helper()
	f := lookup(t, fix)
	k := newKernel(&sc, &f, 1, Options{})
	t.Cleanup(k.stop)
	k.boot()
	asker := k.spawn("asker", only(0), k.direct(func(t *task) { body(k, t) }))
	k.at(500_000_000, func() { k.wake(asker) })
	k.runUntil(120_000_000_000, func() bool { return asker.state == exited })
	if asker.state != exited {
		t.Fatalf("not done after %v", time.Duration(k.now))
	}
	return k
}

// A reader that is switched out after an expedited grace period selected its CPU, but
// before the IPI arrives, still blocks it.
func TestExpeditedWaitsForAReaderSwitchedOutBeforeTheIPI(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.Tasks = []workload.Tasks{
		{Name: "reader", Count: 1, CPUs: []int{1}, Reads: workload.ReadsRCU, Section: 500 * time.Microsecond, Gap: 10 * time.Microsecond},
		{Name: "rt", Count: 1, CPUs: []int{1}, Sched: workload.FIFO, Gap: 30 * time.Microsecond, Sleep: 40 * time.Microsecond, SleepEvery: 1},
	}
	early, overtaken := 0, 0
	rounds := 12_000
	if testing.Short() {
		rounds = 3_000
	}
	runTask(t, sc, "baseline", func(k *kernel, t *task) {
		w := k.rcu.exp.worker
		w.allowed, w.pinned, w.cpu = only(0), true, k.cpus[0]
		var l *loop
		for _, o := range k.tasks {
			if o.name == "reader" {
				l = o.loop
			}
		}
		for n := range rounds {
			k.syncAll()
			inside, section := l.inRCU(), l.rounds
			running := k.cpus[1].cur == l.t
			k.expedite(t)
			k.syncAll()
			if inside && l.inRCU() && l.rounds == section {
				early++
			}
			if inside && running {
				overtaken++
			}
			t.ask(demand{state: sleeping, sleep: 37_123 + ns(n*6131%299_993)})
		}
	})
	if early > 0 {
		t.Errorf("%d expedited grace periods ended with a reader inside since before", early)
	}
	if overtaken < rounds/20 {
		t.Errorf("the reader was running at the start of %d only: the test sees little", overtaken)
	}
}

// A grace period does not wait for a reader switched out between fetching the rank
// and the increment: the reader loads the pointer after the increment. No oracle may
// object.
func TestAReaderThatHasNotIncrementedIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.Tasks = []workload.Tasks{
		{Name: "traced", Count: 1, CPUs: []int{1}, Reads: workload.ReadsTracepoint, Section: 50 * time.Millisecond, Gap: 10 * time.Microsecond},
		{Name: "rt", Count: 1, CPUs: []int{1}, Sched: workload.FIFO, Gap: 10 * time.Millisecond, Sleep: 3 * time.Millisecond, SleepEvery: 1},
	}
	placed, inside := 0, 0
	k := runTask(t, sc, "membarrier", func(k *kernel, t *task) {
		var l *loop
		for _, o := range k.tasks {
			if o.name == "traced" {
				l = o.loop
			}
		}
		for range 300 {
			k.syncAll()
			if l.inSection() && l.reader.locked && l.t.cpu.cur != l.t {
				// Its section ends here and the next one begins.
				l.reader.unlock(k, l.t)
				l.pos = 0
				l.reader.begin(k)
				placed++
			}
			wait := k.tracepointSRCU.begin(false)
			wait(t)
			if l.inSection() && l.reader.locked {
				inside++
			}
			t.ask(demand{state: sleeping, sleep: 3_371_123})
		}
	})
	if len(k.violations) > 0 {
		t.Errorf("%d findings, first: %s", len(k.violations), k.violations[0].Detail)
	}
	if placed < 50 || inside < 10 {
		t.Errorf("%d readers placed, %d inside at the end of a grace period: the test sees little", placed, inside)
	}
}

// A work item that is queued again while its worker sleeps in it waits for that
// worker, and runs once more for all requests.
func TestAWorkItemNeverRunsTwiceAtOnce(t *testing.T) {
	t.Parallel()
	runs, at, most := 0, 0, 0
	runTask(t, quietMachine(), "baseline", func(k *kernel, t *task) {
		w := &work{name: "test", fn: func(t *task) {
			runs++
			at++
			most = max(most, at)
			t.ask(demand{state: blocked, sleep: 10_000_000})
			at--
		}}
		for range 6 {
			k.queueWork(w)
			t.ask(demand{state: sleeping, sleep: 3_000_000})
		}
		t.ask(demand{state: sleeping, sleep: 100_000_000})
	})
	if most != 1 || runs != 3 {
		t.Errorf("%d runs, %d at once; want 3 for six requests in 15 ms, one after the other", runs, most)
	}
}

// A softirq raised in an interrupt runs on its exit, without ksoftirqd.
func TestInterruptsDoNotWakeKsoftirqd(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.Tasks = []workload.Tasks{{Name: "reader", Count: 2, Reads: workload.ReadsRCU, Section: 5 * time.Millisecond, Gap: 100 * time.Microsecond}}
	sc.RCULoad = []workload.RCULoad{{Kind: workload.RequestCall, CPU: 0, Period: 20 * time.Millisecond}}
	k := runTask(t, sc, "baseline", func(_ *kernel, t *task) { t.ask(demand{state: sleeping, sleep: 5_000_000_000}) })
	if k.rcu.counts.normal < 50 {
		t.Errorf("%d grace periods in 5 s: the test sees little", k.rcu.counts.normal)
	}
	for _, c := range k.cpus {
		if c.ksoftirqd.switches > 0 {
			t.Errorf("ksoftirqd/%d was switched %d times in %d ticks", c.id, c.ksoftirqd.switches, c.ticks)
		}
	}
}

// The exit from an hrtimer sample runs pending softirqs, as that of any interrupt does.
func TestTheExitFromASampleRunsSoftirqs(t *testing.T) {
	t.Parallel()
	k := booted(t, func(sc *workload.Scenario) {
		sc.Tasks = []workload.Tasks{{Name: "loop", Count: 1, CPUs: []int{1}, Gap: time.Second}}
		sc.Closers[0].Start = 50 * time.Second
	})
	k.runUntil(100_000_000, func() bool { return false })
	c, ran := k.cpus[1], ns(0)
	k.at(c.tickAt+1_000_000, func() {
		k.sync(c)
		c.callbacks.push(rcuCallback{seq: k.rcu.seq, epoch: k.newEpoch(), fn: func() { ran = k.now }})
		c.callbacks.assign()
		c.softPending = softRCU
		c.leaveHR()
		k.settle(c)
	})
	from := c.tickAt + 1_000_000
	k.runUntil(from+2*k.tick, func() bool { return ran > 0 })
	if d := ran - from; ran == 0 || d > 100_000 {
		t.Errorf("a softirq that was pending at the end of a sample ran %d ns later", d)
	}
}

// A barrier on every CPU interrupts each one that is busy, except its own.
func TestABarrierOnEveryCPUInterruptsTheBusyOnes(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.Machine.CPUs = 4
	sc.Closers[0].Start = 50 * time.Second
	sc.Tasks = []workload.Tasks{{Name: "loop", Count: 1, CPUs: []int{1}, Gap: time.Second}, {Name: "other", Count: 1, CPUs: []int{3}, Gap: time.Second}}
	runTask(t, sc, "membarrier", func(k *kernel, _ *task) {
		before := k.ipis
		if k.domains[0].side.FenceAll(); k.ipis-before != 2 {
			t.Errorf("%d interrupts, want 2", k.ipis-before)
		}
	})
}
