package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/workload"
)

// beside measures threads beside n tasks that never sleep: the wait for the CPU at
// their first wakeup, and the waits of one thread that keeps waking for very little
// work.
func beside(t *testing.T, n int) (first, again []ns) {
	t.Helper()
	sc := quietMachine()
	sc.Machine = workload.Machine{CPUs: 1, HZ: 250, Preempt: workload.PreemptLazy, MIPS: 2000}
	sc.Tasks = []workload.Tasks{{Name: "busy", Count: n, Gap: time.Millisecond}}
	sc.Closers[0].Start = 50 * time.Second
	fix := lookup(t, "baseline")
	k := newKernel(&sc, &fix, 1, Options{})
	defer k.stop()
	k.boot()
	const wakes, apart = 200, 101_234_567
	for i := range ns(wakes) {
		due := 1_000_000_000 + i*apart
		task := k.spawn("once", only(0), k.direct(func(*task) { first = append(first, k.now-due) }))
		k.at(due, func() { k.wake(task) })
	}
	task := k.spawn("often", only(0), k.direct(func(t *task) {
		for range wakes {
			due := k.now + apart
			t.ask(demand{state: sleeping, sleep: apart})
			again = append(again, k.now-due)
		}
	}))
	k.at(1_050_000_000, func() { k.wake(task) })
	k.runUntil(40_000_000_000, func() bool { return task.state == exited })
	if len(first) != wakes || len(again) != wakes {
		t.Fatalf("%d and %d of %d wakes in 40s", len(first), len(again), wakes)
	}
	slices.Sort(first)
	slices.Sort(again)
	return first, again
}

// A woken thread starts at the average virtual runtime. Tasks below the average, half
// of the others, run first, for a tick of 4 ms each. The thread keeps its lag when it
// sleeps, so a thread with little work soon stops waiting.
func TestWokenThreadWaitsBehindThoseBelowTheAverage(t *testing.T) {
	t.Parallel()
	for _, n := range []int{4, 8, 24} {
		first, again := beside(t, n)
		round := ns(n) * 4_000_000
		median := first[len(first)/2]
		if median < round/5 || median > round*4/5 {
			t.Errorf("beside %d: median %v at first, want about half of a round of %v", n, time.Duration(median), time.Duration(round))
		}
		if worst := first[len(first)-1]; worst > round+8_000_000 {
			t.Errorf("beside %d: waited %v, a round is %v", n, time.Duration(worst), time.Duration(round))
		}
		if median := again[len(again)/2]; median > 4_000_000 {
			t.Errorf("beside %d: median %v when it wakes often, want less than a tick", n, time.Duration(median))
		}
	}
}

// Over a long time, tasks of equal weight get equal shares.
func TestFairTasksShareTheCPUEqually(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.Machine = workload.Machine{CPUs: 1, HZ: 250, Preempt: workload.PreemptFull, MIPS: 2000}
	sc.Tasks = []workload.Tasks{
		{Name: "busy", Count: 4, Gap: time.Millisecond},
		{Name: "sleepy", Count: 1, Gap: 3 * time.Millisecond, Sleep: 2 * time.Millisecond, SleepEvery: 1},
	}
	fix := lookup(t, "baseline")
	k := newKernel(&sc, &fix, 1, Options{})
	defer k.stop()
	k.boot()
	k.runUntil(30_000_000_000, func() bool { return false })
	var least, most ns = never, 0
	for _, task := range k.tasks {
		if task.group == "busy" {
			had := ns(task.loop.rounds) * task.loop.cycle
			least, most = min(least, had), max(most, had)
		}
	}
	if least == 0 || float64(most-least) > 0.02*float64(most) {
		t.Errorf("from %v to %v of CPU time in 30s", time.Duration(least), time.Duration(most))
	}
}

// The queue is sorted so that picks are short. A scan of all tasks picks the same ones,
// and the task that has waited for longest moves to another CPU.
func TestSortedQueueAgreesWithAScan(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	c := &cpu{}
	var arrived []*task
	for pid := range 2000 {
		if len(arrived) == 0 || r.IntN(20) < 11 {
			v := r.Int64N(50)
			o := &task{pid: pid, vruntime: v, deadline: v + r.Int64N(20)}
			for cpu := range 4 {
				if r.IntN(4) == 0 {
					o.allowed.add(cpu)
				}
			}
			c.addFair(o)
			arrived = append(arrived, o)
			continue
		}
		to := &cpu{id: r.IntN(4)}
		oldest := slices.IndexFunc(arrived, func(o *task) bool { return o.allowed.has(to.id) })
		if i := c.spare(to); (i >= 0) != (oldest >= 0) || i >= 0 && c.fair[i] != arrived[oldest] || c.lends(to) != (i >= 0) {
			t.Fatalf("step %d: task %d of the queue is spare for CPU %d, want the one that arrived as %d", pid, i, to.id, oldest)
		}
		var sum ns
		for _, o := range arrived {
			sum += o.vruntime
		}
		average := floorDiv(sum, ns(len(arrived)))
		best := -1
		for i, o := range arrived {
			if o.vruntime <= average && (best < 0 || o.deadline < arrived[best].deadline || o.deadline == arrived[best].deadline && o.pid < arrived[best].pid) {
				best = i
			}
		}
		if got := c.pickFair(); got != arrived[best] || c.vtime != average {
			t.Fatalf("step %d: picked task %d at an average of %d, want task %d at %d", pid, got.pid, c.vtime, arrived[best].pid, average)
		}
		arrived = slices.Delete(arrived, best, best+1)
	}
}
