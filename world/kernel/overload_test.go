package kernel

import (
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// A timer of an idle CPU fires, however many interrupts the CPU takes meanwhile.
func TestInterruptsDoNotPostponeTheTimersOfAnIdleCPU(t *testing.T) {
	t.Parallel()
	k := booted(t, func(sc *workload.Scenario) { sc.Machine.HZ, sc.Closers[0].Start = 100, 50*time.Second })
	c := k.cpus[1]
	c.phase = k.tick / 8
	var interrupt func()
	interrupt = func() {
		c.arrive(irq{kind: irqCall, done: func() {}})
		k.at(k.now+c.phase/2, interrupt)
	}
	k.at(k.tick, interrupt)
	var fired ns
	k.at(k.now, func() {
		c.timers.add(k, c, k.jiffies+5, timer{fn: func() { fired = k.now }})
		k.programIdleTick(c)
	})
	if k.runUntil(20*k.tick, func() bool { return fired > 0 }); fired == 0 {
		t.Errorf("a timer of 5 jiffies has not fired after 20")
	}
}

// overloaded is a machine whose CPU 0 gets two callbacks of 2 ms each in 2 ms.
func overloaded() workload.Scenario {
	sc := quietMachine()
	sc.Machine.CPUs = 2
	sc.RCULoad = []workload.RCULoad{{Kind: workload.RequestCall, Period: time.Millisecond}}
	sc.Callbacks.RCU = 2 * time.Millisecond
	return sc
}

// inSRCU makes the callbacks of an overloaded machine those of tracepoint_srcu.
func inSRCU(sc *workload.Scenario) {
	sc.RCULoad[0].Domain, sc.RCULoad[0].CPU = workload.TracepointDomain, 1
	sc.Callbacks = workload.Callbacks{SRCU: 2 * time.Millisecond}
}

// A thread that invokes callbacks lets other tasks run between them: ksoftirqd between
// two passes, a worker where softirqs are enabled again, unless the kernel is without
// preemption. Interrupts run softirqs too, so a loop gets less than half beside ksoftirqd.
func TestThreadsThatInvokeCallbacksShareTheirCPU(t *testing.T) {
	t.Parallel()
	ksoftirqd := func(k *kernel) {
		c := k.cpus[0]
		c.softPending = softRCU
		for range 1000 {
			c.callbacks.push(rcuCallback{seq: k.rcu.seq, fn: func() {}})
		}
		c.callbacks.assign()
		k.wake(c.ksoftirqd)
	}
	worker := func(k *kernel) {
		w := &work{name: "callbacks", fn: func(t *task) {
			for range 1000 {
				k.withoutSoftirqs(t, 2_000_000, func() {})
			}
		}}
		k.queueWork(w)
	}
	for _, tt := range []struct {
		name    string
		preempt workload.Preempt
		invoke  func(*kernel)
		shares  bool
	}{
		{"ksoftirqd", workload.PreemptFull, ksoftirqd, true},
		{"ksoftirqd", workload.PreemptNone, ksoftirqd, true},
		{"kworker", workload.PreemptFull, worker, true},
		{"kworker", workload.PreemptLazy, worker, true},
		{"kworker", workload.PreemptNone, worker, false},
	} {
		t.Run(tt.name+"/"+string(tt.preempt), func(t *testing.T) {
			t.Parallel()
			k := booted(t, func(sc *workload.Scenario) {
				sc.Machine.Preempt, sc.Closers[0].Start, sc.Callbacks.RCU = tt.preempt, 50*time.Second, 2*time.Millisecond
				sc.Tasks = []workload.Tasks{{Name: "loop", Count: 1, CPUs: []int{0}, Gap: time.Millisecond}}
			})
			k.runUntil(100_000_000, func() bool { return false })
			loop := k.taskNamed("loop").loop
			began := loop.rounds
			k.at(k.now, func() { tt.invoke(k) })
			k.runUntil(1_100_000_000, func() bool { return false })
			if got := float64(loop.rounds-began) / 1000; (got > 0.05) != tt.shares {
				t.Errorf("a loop gets %.2f of the CPU", got)
			}
		})
	}
}

// Callbacks that take more time than their CPU has are a queue that only grows. Whoever
// waits behind them is slow; no wake-up is lost.
func TestCallbacksThatNeverDrainAreNotLost(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, fix string
		change    func(*workload.Scenario)
	}{
		{"a scan's callback waits behind others", "callrcu", func(*workload.Scenario) {}},
		{"and an expedited grace period may complete it", "callrcu-expedited", func(*workload.Scenario) {}},
		{"a worker that is never switched out", "batch", func(sc *workload.Scenario) {
			inSRCU(sc)
			sc.Machine.Preempt = workload.PreemptNone
		}},
		{"a worker that is never switched out, under expedited grace periods", "expedited", func(sc *workload.Scenario) {
			inSRCU(sc)
			sc.Machine.Preempt = workload.PreemptNone
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sc := overloaded()
			sc.Watchdog.HungTask, sc.Horizon, sc.Drain = 2*time.Second, 6*time.Second, 4*time.Second
			sc.Closers[0].Start = 4 * time.Second
			tt.change(&sc)
			if r := Run(sc, lookup(t, tt.fix), 1, Options{}); r.Diagnosis != trial.Slow {
				t.Errorf("%s: %s, want slow", r.Diagnosis, r.Why())
			}
		})
	}
}
