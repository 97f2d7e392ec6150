package kernel

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// befall runs a quiet machine with a fault of CPU 1 for ten seconds, beginning just
// after the start of the only close(). Unless idle is set, a task on that CPU never
// sleeps.
func befall(t *testing.T, kind workload.FaultKind, idle bool) trial.Result {
	t.Helper()
	sc := quietMachine()
	sc.Closers[0].Repeat, sc.Closers[0].CPUs = 1, []int{0}
	sc.Placement.GP, sc.Placement.Exp, sc.Placement.Workers = []int{0}, []int{0}, []int{0}
	if !idle {
		sc.Tasks = []workload.Tasks{{Name: "spin", Count: 1, CPUs: []int{1}, Reads: workload.ReadsRCU, Section: 10 * time.Microsecond, Gap: time.Millisecond}}
	}
	sc.Faults = []workload.Fault{{Kind: kind, CPUs: []int{1}, From: 1005 * time.Millisecond, Until: 11 * time.Second}}
	return Run(sc, lookup(t, "baseline"), 1, Options{})
}

func TestFaultsHoldUpWhatNeedsTheCPU(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind  workload.FaultKind
		idle  bool
		waits bool // close() waits until the fault ends
		cause trial.Mechanism
		why   string
	}{
		{workload.StolenCPU, false, true, trial.CPUStopped, "a busy CPU passes no quiescent state"},
		{workload.StolenCPU, true, false, 0, "an idle CPU is reported for"},
		{workload.DeafCPU, false, true, trial.CPUStopped, "a busy CPU passes no quiescent state"},
		{workload.DeafCPU, true, true, trial.CPUStopped, "what it executes is no idle loop"},
		{workload.LostTimer, false, true, trial.GPNotNoticed, "without a tick the CPU does not notice the grace period"},
		{workload.LostTimer, true, false, 0, "an idle CPU is reported for"},
		{workload.LostIPI, false, false, 0, "normal grace periods need no IPI, and the tick finds them"},
	} {
		r := befall(t, c.kind, c.idle)
		if len(r.Closes) != 1 || r.Diagnosis == trial.LostWakeup || r.Diagnosis == trial.Unsafe {
			t.Fatalf("%s, idle %t: %d closes, %s %s", c.kind, c.idle, len(r.Closes), r.Diagnosis, r.Why())
		}
		took := r.Closes[0].Wait
		if waited := took > 9*time.Second; waited != c.waits || took > 11*time.Second {
			t.Errorf("%s, idle %t: close() took %v: %s", c.kind, c.idle, took, c.why)
		}
		if c.waits && r.Blame[0].Cause.Mechanism != c.cause {
			t.Errorf("%s, idle %t: close() waited for %s", c.kind, c.idle, r.Blame[0].Cause.Text())
		}
	}
}

// The CPU notices a lost IPI at its next interrupt of another kind.
func TestLostIPIIsNoticedAtTheNextInterrupt(t *testing.T) {
	t.Parallel()
	took := func(faults ...workload.Fault) time.Duration {
		sc := quietMachine()
		sc.Closers[0].Repeat, sc.Closers[0].CPUs = 1, []int{0}
		sc.Tasks = []workload.Tasks{{Name: "spin", Count: 1, CPUs: []int{1}, Gap: time.Second}}
		sc.Faults = faults
		return Run(sc, lookup(t, "membarrier"), 1, Options{}).Closes[0].Wait
	}
	lost := workload.Fault{Kind: workload.LostIPI, CPUs: []int{1}, From: time.Millisecond}
	tickless := workload.Fault{Kind: workload.LostTimer, CPUs: []int{1}, From: time.Millisecond, Until: 5 * time.Second}
	quick, ticked, never := took(), took(lost), took(lost, tickless)
	if ticked <= quick || ticked > quick+100*time.Millisecond {
		t.Errorf("membarrier took %v, with lost IPIs %v: want a few ticks more", quick, ticked)
	}
	if never < 3*time.Second || never > 5*time.Second {
		t.Errorf("with lost IPIs and no tick until 5s it took %v", never)
	}
}

// A fault changes nothing before it begins, and nothing in trials without it.
func TestFaultsInTheFutureChangeNothing(t *testing.T) {
	t.Parallel()
	sc := preset(t, "heavy")
	sc.Horizon, sc.Drain = 8*time.Second, 0
	sc.Storms[0].Until = 0
	plain := Run(sc, lookup(t, "baseline"), 1, Options{})
	for _, kind := range workload.Faults() {
		sc.Faults = []workload.Fault{{Kind: kind, CPUs: []int{0}, From: 8 * time.Second}}
		if r := Run(sc, lookup(t, "baseline"), 1, Options{}); r.Checksum != plain.Checksum {
			t.Errorf("%s at the horizon changes the trial before", kind)
		}
	}
}

func TestTasksLiveFromUntil(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.Horizon = 4 * time.Second
	sc.Closers[0].Start = 3500 * time.Millisecond
	sc.Tasks = []workload.Tasks{{Name: "hog", Count: 1, CPUs: []int{0}, Reads: workload.ReadsRCU, Section: 3 * time.Millisecond, Gap: time.Millisecond, From: time.Second, Until: 2 * time.Second}}
	fix := lookup(t, "baseline")
	k := newKernel(&sc, &fix, 1, Options{})
	defer k.stop()
	k.boot()
	var hog *task
	for _, o := range k.tasks {
		if o.loop != nil {
			hog = o
		}
	}
	for _, c := range []struct {
		at    ns
		state taskState
	}{{900_000_000, sleeping}, {1_500_000_000, running}, {2_010_000_000, sleeping}, {3_000_000_000, sleeping}} {
		k.runUntil(c.at, func() bool { return false })
		if hog.state != c.state || c.state == sleeping && hog.loop.inSection() {
			t.Errorf("at %v the task is in state %c, inside %t", time.Duration(c.at), hog.state, hog.loop.inSection())
		}
	}
	if ran := hog.loop.rounds; ran < 200 || ran > 300 {
		t.Errorf("%d rounds of 4 ms in a second", ran)
	}
}

// A probe that faults sleeps inside its section, and blocks tasks-trace alone.
func TestReadersSleepInside(t *testing.T) {
	t.Parallel()
	took := func(inside time.Duration) trial.Result {
		sc := quietMachine()
		sc.Closers[0].Repeat = 1
		sc.Tasks = []workload.Tasks{{Name: "faulting", Count: 1, Reads: workload.ReadsTasksTrace, Section: 100 * time.Microsecond, Gap: 10 * time.Microsecond, SleepInside: inside}}
		return Run(sc, lookup(t, "baseline"), 1, Options{})
	}
	awake, asleep := took(0), took(2*time.Second)
	if asleep.Closes[0].Wait < awake.Closes[0].Wait+500*time.Millisecond || asleep.Diagnosis == trial.Unsafe {
		t.Errorf("close() took %v, and %v where readers sleep 2s inside (%s)", awake.Closes[0].Wait, asleep.Closes[0].Wait, asleep.Diagnosis)
	}
	if c := asleep.Blame[0].Cause; c.Mechanism != trial.DomainReader || c.Domain != "rcu_tasks_trace_srcu_struct" {
		t.Errorf("close() waited for %s", c.Text())
	}
}

// Only tasks bound to an isolated CPU run on it. Work that is queued on it runs on
// the CPUs of placement.workers.
func TestIsolatedCPUsRunOnlyWhatIsBoundToThem(t *testing.T) {
	t.Parallel()
	sc := preset(t, "crowded")
	sc.Machine.CPUs, sc.Horizon = 4, 5*time.Second
	sc.Placement = workload.Placement{Isolated: []int{2, 3}, Workers: []int{0, 1}}
	sc.Tasks = append(sc.Tasks, workload.Tasks{Name: "bound", Count: 1, CPUs: []int{3}, Gap: time.Millisecond})
	fix := lookup(t, "baseline")
	k := newKernel(&sc, &fix, 1, Options{})
	defer k.stop()
	k.boot()
	ran := map[int]map[string]bool{2: {}, 3: {}}
	k.opt.everyTick = func(k *kernel) {
		for id, names := range ran {
			if c := k.cpus[id].cur; c != nil {
				names[c.name] = true
			}
		}
	}
	k.runUntil(ns(sc.Horizon), func() bool { return false })
	for name := range ran[2] {
		t.Errorf("%s ran on an isolated CPU", name)
	}
	for name := range ran[3] {
		if name != "bound" && !strings.HasPrefix(name, "ksoftirqd") {
			t.Errorf("%s ran on an isolated CPU", name)
		}
	}
	if !ran[3]["bound"] {
		t.Error("the bound task did not run")
	}
}

// The number of interrupts in ten seconds on one CPU, by source and rearm rule, for
// handlers of half the period and of twice the period.
func TestRearm(t *testing.T) {
	t.Parallel()
	const period, seconds = ns(10_000_000), 10
	for _, c := range []struct {
		source  workload.Source
		rearm   workload.Rearm
		handler ns
		duty    float64
	}{
		{workload.IRQ, workload.RearmPeriod, period / 2, 0.5},
		{workload.IRQ, workload.RearmDefault, period / 2, 0.5},
		{workload.IRQ, workload.RearmEnd, period / 2, 1. / 3},
		{workload.IRQ, workload.RearmPeriod, 2 * period, 1}, // latched: back to back
		{workload.IRQ, workload.RearmEnd, 2 * period, 2. / 3},
		{workload.HRTimer, workload.RearmDefault, period / 2, 0.5},
		{workload.HRTimer, workload.RearmEnd, period / 2, 1. / 3},
		{workload.HRTimer, workload.RearmEnd, 2 * period, 2. / 3},
		{workload.NMI, workload.RearmDefault, period / 2, 1. / 3}, // a counter
		{workload.NMI, workload.RearmPeriod, period / 2, 0.5},
		{workload.NMI, workload.RearmPeriod, 2 * period, 1},
		{workload.NMI, workload.RearmDefault, 2 * period, 2. / 3},
	} {
		sc := quietMachine()
		sc.Machine.CPUs = 1
		sc.Perf.NoThrottle = true
		sc.Horizon = seconds * time.Second
		sc.Closers[0].Start = 9 * time.Second
		sc.Tasks = []workload.Tasks{{Name: "spin", Count: 1, Gap: time.Second}}
		sc.Storms = []workload.Storm{{Source: c.source, Rearm: c.rearm, Period: time.Duration(period), Handler: time.Duration(c.handler)}}
		if err := sc.Validate(); err != nil {
			t.Fatal(err)
		}
		r := Run(sc, lookup(t, "baseline"), 1, Options{})
		if d := r.StormDuty; d < c.duty-0.01 || d > c.duty+0.01 {
			t.Errorf("%s, rearm %q, handler %v: takes %.3f of the CPU, want %.3f", c.source, c.rearm, time.Duration(c.handler), d, c.duty)
		}
	}
}

// The interrupt of a device is not a perf event, so no limit on samples applies.
func TestDevicesAreNotThrottled(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.Perf.MaxSampleRate = 100
	sc.Storms = []workload.Storm{{Source: workload.IRQ, Period: time.Millisecond, Handler: 500 * time.Microsecond}}
	for _, fix := range []string{"baseline", "throttle"} {
		if d := Run(sc, lookup(t, fix), 1, Options{}).StormDuty; d < 0.49 {
			t.Errorf("%s: a device takes %.2f of a CPU, want 0.5", fix, d)
		}
	}
}

// The scenarios made from public reports print the messages of those reports.
func TestFieldScenariosPrintTheirReports(t *testing.T) {
	t.Parallel()
	prints := map[string][]string{
		"stressor-timers":         {`detected stalls on CPUs/tasks:`, `Tasks blocked on level-0 rcu_node \(CPUs 0-3\): P\d+$`, `t=52\d\d jiffies`},
		"cpu-deaf":                {`detected stalls on CPUs/tasks:`, `\t7-\.\.\.0: \(\d{3} GPs behind\) idle=\w{3}4/0/0x1 `, `expedited stalls on CPUs/tasks: \{ 7-`},
		"rt-latency-test":         {`detected stalls on CPUs/tasks:`, `rcu_preempt kthread starved for 21\d\d jiffies! .* ->state=R`},
		"expedited-worker-hung":   {`expedited stalls on CPUs/tasks: \{ 3-`, `task kworker/\S+ blocked for more than 12\d seconds`, `Workqueue: rcu_gp`},
		"vcpu-stolen":             {`All QSes seen`, `rcu_sched kthread starved for 210\d\d jiffies! .* ->cpu=1`},
		"handler-outlasts-period": {`rcu_preempt kthread starved for 18\d\d\d jiffies!`},
		"expedited-224":           nil, // nothing hangs
		"telecom-nocb":            nil,
		"slow-hypervisor-timers":  {`rcu_sched self-detected stall on CPU`, `\t1-.* idle=\w{4}/1/0x4000000000000002 .*\n.*\(t=150\d\d jiffies`, `rcu_sched kthread starved for 1\d{4} jiffies! .* ->cpu=2`},
	}
	// A CPU that takes no interrupt answers no NMI.
	never := map[string]string{"cpu-deaf": `NMI backtrace for cpu 7$`}
	all := workload.FieldPresets()
	if len(all) != len(prints) {
		t.Errorf("%d scenarios, want %d", len(all), len(prints))
	}
	for _, sc := range all {
		if testing.Short() && prints[sc.Name] == nil {
			continue
		}
		var text strings.Builder
		for _, l := range Run(sc, lookup(t, "baseline"), 1, Options{Log: true}).Log {
			text.WriteString(l.Text + "\n")
		}
		for _, want := range prints[sc.Name] {
			if !regexp.MustCompile(`(?m)` + want).MatchString(text.String()) {
				t.Errorf("%s: no line like %s in\n%s", sc.Name, want, text.String())
			}
		}
		if no := never[sc.Name]; no != "" && regexp.MustCompile(`(?m)`+no).MatchString(text.String()) {
			t.Errorf("%s: a line like %s in\n%s", sc.Name, no, text.String())
		}
	}
}

func fieldPreset(t *testing.T, name string) workload.Scenario {
	t.Helper()
	for _, sc := range workload.FieldPresets() {
		if sc.Name == name {
			return sc
		}
	}
	t.Fatalf("no scenario %s", name)
	panic("unreachable")
}

// Whether a candidate's scans sleep or poll, the expedited grace period waits for the CPU.
func TestCPUIsNamedWhetherScansSleepOrPoll(t *testing.T) {
	t.Parallel()
	sc := fieldPreset(t, "expedited-worker-hung")
	for _, name := range []string{"baseline", "poll", "callrcu"} {
		r := Run(sc, lookup(t, name), 1, Options{Blame: true})
		if len(r.Closes) != 1 {
			t.Fatalf("%s: %d closes", name, len(r.Closes))
		}
		took, stopped := r.Closes[0].Wait, time.Duration(0)
		for _, s := range r.Closes[0].Blame {
			if strings.HasSuffix(s.Cause.Text(), "CPU 3 > CPU stopped from outside") {
				stopped += s.Wait
			}
		}
		if took < 200*time.Second || stopped < took*99/100 {
			t.Errorf("%s: close() took %v, %v of it for CPU 3, want nearly all of over 200s", name, took, stopped)
		}
		if want := "CPU 3 > CPU stopped from outside"; !strings.Contains(r.Why(), want) {
			t.Errorf("%s: %s, want %s", name, r.Why(), want)
		}
	}
}

// A late tick comes within the two jiffies in which only a CPU that owes looks once in
// five times. The CPU that alone stays awake keeps the time, and looks in the tick that
// advances jiffies.
func TestBusyCPUThatKeepsTheTimeReportsItself(t *testing.T) {
	t.Parallel()
	sc := fieldPreset(t, "slow-hypervisor-timers")
	sc.Horizon, sc.Drain = 70*time.Second, 0
	others := func(sc workload.Scenario) workload.Scenario {
		sc.Tasks = append(slices.Clone(sc.Tasks), workload.Tasks{Name: "spin", Count: 1, CPUs: []int{7}, Gap: time.Millisecond})
		return sc
	}
	for _, c := range []struct {
		what        string
		sc          workload.Scenario
		least, most int
	}{
		{"idle", sc, 9, 12},
		{"ticking", others(sc), 0, 6},
	} {
		self := 0
		for seed := range uint64(12) {
			for _, l := range Run(c.sc, lookup(t, "baseline"), seed+1, Options{Log: true}).Log {
				if strings.Contains(l.Text, "self-detected stall") {
					self++
					break
				}
			}
		}
		if self < c.least || self > c.most {
			t.Errorf("other CPUs %s: CPU 1 reports itself with %d seeds of 12, want %d to %d", c.what, self, c.least, c.most)
		}
	}
}

// rcutree.kthread_prio lets the grace-period kthread run beside real-time tasks, and
// CONFIG_RCU_BOOST the preempted readers too. close() also needs kworkers.
func TestKthreadPrioHelpsTheKthreadAlone(t *testing.T) {
	t.Parallel()
	sc := fieldPreset(t, "rt-latency-test")
	for _, c := range []struct {
		rcu             workload.RCU
		stalls, starved bool
	}{
		{workload.RCU{}, true, true},
		{workload.RCU{KthreadPrio: 2}, true, false},
		{workload.RCU{KthreadPrio: 2, Boost: true}, false, false},
	} {
		sc.RCU = c.rcu
		r := Run(sc, lookup(t, "baseline"), 1, Options{Log: true})
		starved := slices.ContainsFunc(r.Log, func(l trial.Log) bool { return strings.Contains(l.Text, "kthread starved for") })
		if starved != c.starved || (r.RCUStalls > 0) != c.stalls || !r.Closes[0].Censored {
			t.Errorf("%+v: %d stalls, kthread starved %t, close() at the horizon still waits: %t", c.rcu, r.RCUStalls, starved, r.Closes[0].Censored)
		}
	}
}

// The timer of the grace-period kthread's CPU does not fire. A report of a stall wakes
// the kthread, whoever makes it, and marks idle CPUs that nobody has scanned.
func TestReportsOfStallsWakeTheStarvedKthread(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		section time.Duration // of the busy CPU
		report  string
	}{
		{10 * time.Microsecond, `detected stalls on CPUs/tasks:\n(?s:.*)\t2-\.\.\.!: .* idle=\w{3}[08]/0/0x0 .* \(false positive\?\)$`},
		{30 * time.Second, `self-detected stall on CPU\n.*\t0-.* idle=\w{3}[4c]/1/0x4000000000000002 softirq=0/0 fqs=\d+$`},
	} {
		sc := quietMachine()
		sc.Machine.CPUs, sc.Machine.Preempt = 3, workload.PreemptNone
		sc.Horizon = 100 * time.Second
		sc.Closers[0].Start = 90 * time.Second
		sc.Placement.GP = []int{1}
		sc.RCULoad = []workload.RCULoad{{Kind: workload.RequestSync, CPU: 2, Period: time.Second}}
		sc.Tasks = []workload.Tasks{{Name: "busy", Count: 1, CPUs: []int{0}, Reads: workload.ReadsRCU, Section: c.section, Gap: time.Millisecond, From: 900 * time.Millisecond}}
		sc.Faults = []workload.Fault{{Kind: workload.LostTimer, CPUs: []int{1}, From: time.Millisecond, Until: 80 * time.Second}}
		fix := lookup(t, "baseline")
		k := newKernel(&sc, &fix, 1, Options{Log: true})
		k.boot()
		k.runUntil(60_000_000_000, func() bool { return false })
		var text strings.Builder
		for _, l := range k.console {
			text.WriteString(l.Text + "\n")
		}
		if !regexp.MustCompile(`(?m)` + c.report).MatchString(text.String()) {
			t.Errorf("section %v: no report like %s in\n%s", c.section, c.report, text.String())
		}
		if k.rcu.counts.normal < 2 {
			t.Errorf("section %v: the first grace period did not end", c.section)
		}
		k.stop()
	}
}
