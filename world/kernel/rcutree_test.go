package kernel

import (
	"fmt"
	"math/bits"
	"slices"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// The levels are those of rcu_init_geometry(), the masks those of the online CPUs.
func TestTreeHasTheKernelsGeometry(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cpus, possible, leaf int
		levels, leaves       int
		root                 uint64 // mask of the root's children with online CPUs
	}{
		{cpus: 2, levels: 1, leaves: 1, root: 0b11},
		{cpus: 16, levels: 1, leaves: 1, root: 0xffff},
		{cpus: 17, levels: 2, leaves: 2, root: 0b11},
		{cpus: 224, levels: 2, leaves: 14, root: 1<<14 - 1},
		{cpus: 4, possible: 64, levels: 2, leaves: 4, root: 0b1},
		{cpus: 20, possible: 1024, levels: 2, leaves: 64, root: 0b11},
		{cpus: 4, leaf: 2, levels: 2, leaves: 2, root: 0b11},
		{cpus: 256, leaf: 2, levels: 3, leaves: 128, root: 0b11},
		{cpus: 64, leaf: 64, levels: 1, leaves: 1, root: 1<<64 - 1},
	} {
		k := booted(t, func(sc *workload.Scenario) {
			sc.Machine.CPUs, sc.Machine.Possible, sc.RCU.FanoutLeaf = c.cpus, c.possible, c.leaf
		})
		n, online := &k.rcu, 0
		for _, leaf := range n.leaves {
			online += bits.OnesCount64(leaf.online)
		}
		if levels := n.leaves[0].level + 1; levels != c.levels || len(n.leaves) != c.leaves || n.root.online != c.root || online != c.cpus {
			t.Errorf("%+v: %d levels, %d leaves, root %#x, %d CPUs online", c, levels, len(n.leaves), n.root.online, online)
		}
		for _, o := range k.cpus {
			if o.id < o.leaf.low || o.id > o.leaf.high || o.leaf.online&o.bit == 0 {
				t.Errorf("%+v: CPU %d is on the leaf of %d to %d", c, o.id, o.leaf.low, o.leaf.high)
			}
		}
	}
}

// A leaf reports to the root when its last CPU has reported and its last reader has
// left, in either order.
func TestLeafReportsWhenItsCPUsAndReadersAreDone(t *testing.T) {
	t.Parallel()
	for _, readerLast := range []bool{false, true} {
		k := booted(t, func(sc *workload.Scenario) {
			sc.Machine.CPUs, sc.RCU.FanoutLeaf = 4, 2
			sc.Tasks = []workload.Tasks{{Name: "reader", Count: 1, CPUs: []int{3}, Reads: workload.ReadsRCU, Section: time.Second, Gap: time.Second}}
		})
		k.runUntil(10_000_000, func() bool { return false })
		reader := k.cpus[3].cur
		n := &k.rcu
		n.seq++
		for _, r := range n.nodes {
			r.qsmask = r.online
		}
		for _, c := range k.cpus {
			c.gpSeq, c.needsQS = n.seq, true
		}
		leaf := k.cpus[3].leaf
		leaf.queue(reader, true, false)
		report := func(cpu int) { k.reportCPU(k.cpus[cpu]) }
		report(2)
		if readerLast {
			report(3)
		} else {
			k.endSection(reader)
		}
		if n.root.qsmask != 0b11 {
			t.Errorf("the root waits for %#b before the leaf is done", n.root.qsmask)
		}
		if readerLast {
			k.endSection(reader)
		} else {
			report(3)
		}
		if n.root.qsmask != 0b01 || n.fqsFlag {
			t.Errorf("reader last %t: the root waits for %#b, want the first leaf", readerLast, n.root.qsmask)
		}
		report(0)
		if report(1); !n.root.done() || !n.fqsFlag {
			t.Errorf("the last report of the last leaf does not end the grace period")
		}
	}
}

// A report is lost in a node that is done and whose parent still waits for it, and on a
// CPU that was never online; not where CPUs have yet to report.
func TestALostReportIsFoundInTheTree(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		first, second, root uint64 // CPUs and leaves that owe a report
		cpu                 int    // -1: none is lost
	}{
		{0b00, 0b00, 0b00, -1},
		{0b01, 0b10, 0b11, -1},
		{0b11, 0b00, 0b01, -1},
		{0b00, 0b10, 0b11, 0},
		{0b01, 0b00, 0b11, 2},
		{0b00, 0b00, 0b10, 2},
		{0b01, 0b100, 0b11, 4}, // the second leaf has CPUs 2 and 3
	} {
		k := booted(t, func(sc *workload.Scenario) { sc.Machine.CPUs, sc.Machine.Possible, sc.RCU.FanoutLeaf = 4, 4, 2 })
		k.rcu.leaves[0].qsmask, k.rcu.leaves[1].qsmask, k.rcu.root.qsmask = c.first, c.second, c.root
		cpu, ok := k.lostReport()
		if !ok {
			cpu = -1
		}
		if cpu != c.cpu {
			t.Errorf("%+v: the report of CPU %d is lost", c, cpu)
		}
	}
}

// Grace periods do not wait for CPUs that were never online, and sums of SRCU counters
// go over them.
func TestCPUsThatWereNeverOnlineCostTimeAlone(t *testing.T) {
	t.Parallel()
	run := func(fix string, possible int) trial.Result {
		sc := quietMachine()
		sc.Machine.CPUs, sc.Machine.Possible, sc.Machine.MIPS = 4, possible, 100
		sc.Closers[0].Repeat = 3
		sc.Tasks = []workload.Tasks{{Name: "spin", Count: 4, Reads: workload.ReadsRCU, Section: 50 * time.Microsecond, Gap: time.Millisecond}}
		return Run(sc, lookup(t, fix), 1, Options{})
	}
	for _, fix := range []string{"baseline", "expedited", "callrcu", "membarrier"} {
		r := run(fix, 1000)
		if r.Diagnosis != trial.OK || len(r.Closes) != 3 || r.Closes[2].Censored {
			t.Errorf("%s: %s %s", fix, r.Diagnosis, r.Why())
		}
	}
	cost := func(possible int) int {
		sc := quietMachine()
		sc.Machine.Possible = possible
		fix := lookup(t, "baseline")
		k := newKernel(&sc, &fix, 1, Options{})
		defer k.stop()
		k.boot()
		return len(k.domains[0].counters)
	}
	if few, many := cost(0), cost(1000); few != 2 || many != 1000 {
		t.Errorf("sums over %d and %d counters, want 2 and 1000", few, many)
	}
}

// busyMachine has a task on each CPU but the first that never sleeps, and an expedited
// grace period every 10 ms, whose workers run on CPU 0.
func busyMachine(cpus int) workload.Scenario {
	sc := quietMachine()
	sc.Machine.CPUs, sc.Closers[0].Repeat = cpus, 1
	sc.Closers[0].Start = 900 * time.Millisecond
	sc.Horizon, sc.Drain = time.Second, 0
	sc.RCULoad = []workload.RCULoad{{Kind: workload.RequestExpedited, Period: 10 * time.Millisecond, Sched: workload.FIFO}}
	sc.Placement.Exp = []int{0}
	for cpu := 1; cpu < cpus; cpu++ {
		sc.Tasks = append(sc.Tasks, workload.Tasks{Name: fmt.Sprint("poll-", cpu), Count: 1, CPUs: []int{cpu}, Gap: time.Millisecond})
	}
	return sc
}

// ipiWatch adds up the expedited grace periods' interrupts of one CPU, and the times of
// the grace periods.
type ipiWatch struct {
	cpu            int
	began, gpBegan time.Duration
	n, gps         int
	taken, gpTime  time.Duration
}

func (*ipiWatch) Samples() (from, until time.Duration) { return 0, 0 }

func (w *ipiWatch) Trace(e TraceEvent) {
	switch {
	case e.Kind == TraceExpStart:
		w.gpBegan = e.At
	case e.Kind == TraceExpEnd:
		w.gps++
		w.gpTime += e.At - w.gpBegan
	case e.CPU != w.cpu || e.IRQ != IRQExpedited:
	case e.Kind == TraceIRQBegin:
		w.began = e.At
	case e.Kind == TraceIRQEnd:
		w.n++
		w.taken += e.At - w.began
	}
}

// An expedited grace period interrupts every busy CPU once, except that of the worker
// that selects it, for the time of a short handler. docs/scenarios.md has the figures.
func TestExpeditedGracePeriodsAreAStormOfIPIs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cpus        int
		least, most time.Duration // of a grace period
	}{
		{16, 8 * time.Microsecond, 14 * time.Microsecond},
		{64, 25 * time.Microsecond, 40 * time.Microsecond},
		{224, 90 * time.Microsecond, 130 * time.Microsecond},
	} {
		sc := busyMachine(c.cpus)
		fix := lookup(t, "baseline")
		w := &ipiWatch{cpu: 5}
		r := Run(sc, fix, 1, Options{Trace: w})
		if w.gps < 40 || w.n < w.gps-1 || w.n > w.gps+1 || r.IPIs < w.gps*(c.cpus-1) || r.IPIs > (w.gps+1)*(c.cpus-1) {
			t.Errorf("%d CPUs: %d IPIs in %d expedited grace periods, %d of them to CPU 5", c.cpus, r.IPIs, w.gps, w.n)
		}
		if each := w.taken / time.Duration(w.n); each != 300*time.Nanosecond { // 600 instructions
			t.Errorf("%d CPUs: an IPI takes %v", c.cpus, each)
		}
		if each := w.gpTime / time.Duration(w.gps); each < c.least || each > c.most {
			t.Errorf("%d CPUs: an expedited grace period takes %v, want %v to %v", c.cpus, each, c.least, c.most)
		}
	}
}

// On a machine with several leaves, the leaves' workers interrupt their CPUs, and the
// grace period waits for a reader on any of them.
func TestExpeditedGracePeriodWaitsForReadersOfEveryLeaf(t *testing.T) {
	t.Parallel()
	for cpu := range 6 {
		k := booted(t, func(sc *workload.Scenario) {
			sc.Machine.CPUs, sc.RCU.FanoutLeaf = 6, 2
			sc.Closers[0].Start = 50 * time.Second
			sc.Tasks = []workload.Tasks{
				{Name: "reader", Count: 1, CPUs: []int{cpu}, Reads: workload.ReadsRCU, Section: 300 * time.Millisecond, Gap: time.Second},
				{Name: "other", Count: 6, Gap: time.Second},
			}
		})
		reader := k.tasks[slices.IndexFunc(k.tasks, func(t *task) bool { return t.name == "reader" })]
		k.runUntil(5_000_000_000, func() bool { return reader.inReader() })
		w := k.requestExp()
		k.runUntil(k.now+100_000_000, func() bool { return w.done })
		if w.done || !reader.inReader() {
			t.Errorf("reader on CPU %d: an expedited grace period is over %t while it is inside %t", cpu, w.done, reader.inReader())
		}
		k.runUntil(k.now+5_000_000_000, func() bool { return w.done })
		if !w.done || rcu.SeqRunning(k.rcu.exp.seq) {
			t.Errorf("reader on CPU %d: the grace period does not end after the section", cpu)
		}
	}
}

// With the default geometry a machine of 16 CPUs has one node, and with smaller leaves
// the same machine does the same, apart from the costs of the nodes.
func TestTheTreeChangesNoResultOfQuietMachines(t *testing.T) {
	t.Parallel()
	for _, fix := range []string{"baseline", "callrcu", "expedited", "v6.19", "batch"} {
		sc := preset(t, "crowded")
		sc.Machine.CPUs, sc.Horizon, sc.Drain = 4, 10*time.Second, 10*time.Second
		flat := Run(sc, lookup(t, fix), 1, Options{})
		sc.RCU.FanoutLeaf = 2
		tree := Run(sc, lookup(t, fix), 1, Options{})
		if flat.Diagnosis != tree.Diagnosis || len(flat.Closes) != len(tree.Closes) {
			t.Errorf("%s: %s with one node, %s with three", fix, flat.Diagnosis, tree.Diagnosis)
		}
	}
}
