package kernel

import (
	"strings"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// Facts of real kernels that the virtual kernel must reproduce: figures of kernel
// traces, and consequences of the rules.

func lookup(t testing.TB, name string) fixes.Fix {
	t.Helper()
	f, err := fixes.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func preset(t testing.TB, name string) workload.Scenario {
	t.Helper()
	sc, ok := workload.Preset(name)
	if !ok {
		t.Fatalf("no preset %q", name)
	}
	return sc
}

// quietMachine has a single task, which opens and closes an event.
func quietMachine() workload.Scenario {
	sc := workload.Default()
	sc.Name = "quiet"
	sc.Horizon = 60 * time.Second
	sc.Closers = []workload.Closers{{Name: "closer", Count: 1, Start: time.Second, Repeat: 10, Pause: 500 * time.Millisecond}}
	return sc
}

// Counts of Linux 6.19.14 and 7.0.13, by kprobes: 2 normal; 2 expedited and 4
// normal; 8 normal with srcutree.exp_holdoff=0.
func TestGracePeriodsPerCloseMatchRealKernels(t *testing.T) {
	t.Parallel()
	tests := []struct {
		fix    string
		noAuto bool
		ran    trial.GracePeriods // by any scan during the close
		waited trial.GracePeriods // in series on its path; zero: not checked
	}{
		{fix: "v6.19", ran: trial.GracePeriods{Normal: 2}, waited: trial.GracePeriods{Normal: 2}},
		{fix: "baseline", ran: trial.GracePeriods{Normal: 4, Expedited: 2}, waited: trial.GracePeriods{Normal: 4, Expedited: 2}},
		{fix: "baseline", noAuto: true, ran: trial.GracePeriods{Normal: 8}},
		{fix: "revert", ran: trial.GracePeriods{Normal: 1, Expedited: 2}},
		{fix: "revert", noAuto: true, ran: trial.GracePeriods{Normal: 3}, waited: trial.GracePeriods{Normal: 3}},
		{fix: "callrcu", ran: trial.GracePeriods{Normal: 4, Expedited: 2}},
		{fix: "callrcu", noAuto: true, ran: trial.GracePeriods{Normal: 8}},
		{fix: "poll", ran: trial.GracePeriods{Normal: 4, Expedited: 2}},
		{fix: "poll", noAuto: true, ran: trial.GracePeriods{Normal: 8}},
		{fix: "expedited", ran: trial.GracePeriods{Expedited: 6}},
		{fix: "kick", ran: trial.GracePeriods{Normal: 4, Expedited: 2}},
		{fix: "overlap", noAuto: true, ran: trial.GracePeriods{Normal: 6}},
		{fix: "asyncfree"},
	}
	for _, tt := range tests {
		sc := quietMachine()
		sc.SRCU.NoAutoExpedite = tt.noAuto
		r := Run(sc, lookup(t, tt.fix), 1, Options{})
		if len(r.Closes) != 10 || r.Diagnosis != trial.OK {
			t.Fatalf("%s: %d closes, %s %s", tt.fix, len(r.Closes), r.Diagnosis, r.Why())
		}
		for i, c := range r.Closes {
			if c.Ran != tt.ran {
				t.Errorf("%s, no auto-expedite %t, close %d: ran %+v, want %+v", tt.fix, tt.noAuto, i, c.Ran, tt.ran)
			}
			if tt.waited != (trial.GracePeriods{}) && c.Waited != tt.waited {
				t.Errorf("%s, no auto-expedite %t, close %d: waited for %+v, want %+v", tt.fix, tt.noAuto, i, c.Waited, tt.waited)
			}
		}
	}
}

// Without auto-expedite, overlap waits for the two grace periods of tracepoint_srcu,
// which need four of RCU; those of tasks-trace run at the same time.
func TestOverlapWaitsForFewerInSeries(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.SRCU.NoAutoExpedite = true
	serial := Run(sc, lookup(t, "baseline"), 1, Options{})
	overlap := Run(sc, lookup(t, "overlap"), 1, Options{})
	for i := range serial.Closes {
		s, o := serial.Closes[i].Waited.Normal, overlap.Closes[i].Waited.Normal
		if o > 4 || o >= s {
			t.Errorf("close %d: overlap waited for %d in series, baseline for %d", i, o, s)
		}
	}
}

func TestNonBlockingScansRemoveWorkerSleep(t *testing.T) {
	t.Parallel()
	for _, sc := range []workload.Scenario{quietMachine(), preset(t, "repro2"), preset(t, "crowded")} {
		for _, name := range []string{"callrcu", "poll"} {
			if r := Run(sc, lookup(t, name), 3, Options{}); r.WorkerDTotal != 0 {
				t.Errorf("%s in %s: workers slept %v inside process_srcu", name, sc.Name, r.WorkerDTotal)
			}
		}
		if r := Run(sc, lookup(t, "baseline"), 3, Options{}); r.WorkerDTotal == 0 {
			t.Errorf("baseline in %s: workers never slept inside process_srcu", sc.Name)
		}
	}
}

// An RCU grace period that is requested while another one runs takes the rest of that
// one and a full one, on average at least one and a half times a grace period. On an
// idle RCU it takes one.
func TestGracePeriodCostsMoreWhenRCUIsBusy(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	// Many preempted readers make grace periods long, and callbacks on all CPUs make
	// them follow one another.
	sc.Tasks = preset(t, "crowded").Tasks
	for cpu := range 2 {
		sc.RCULoad = append(sc.RCULoad, workload.RCULoad{Kind: workload.RequestCall, CPU: cpu, Period: 5 * time.Millisecond})
	}
	r := Run(sc, lookup(t, "v6.19"), 1, Options{})
	length := r.Elapsed / time.Duration(r.GracePeriods.Normal)
	if each := mean(r) / 2; each < length*14/10 || each > length*21/10 {
		t.Errorf("each of the two waits took %v, grace periods %v: want 1.4 to 2.1 of them", each, length)
	}
}

func mean(r trial.Result) (sum time.Duration) {
	for _, c := range r.Closes {
		sum += c.Wait
	}
	return sum / time.Duration(max(1, len(r.Closes)))
}

// longGracePeriods makes RCU grace periods last 100 ms or more: without preemption,
// CPU 1 owes its quiescent state until a section ends.
func longGracePeriods(sc *workload.Scenario) {
	sc.Machine = workload.Machine{CPUs: 3, HZ: 250, Preempt: workload.PreemptNone, MIPS: 20}
	sc.Tasks = []workload.Tasks{{Name: "long", Count: 1, CPUs: []int{1}, Reads: workload.ReadsRCU, Section: 500 * time.Millisecond, Gap: 100 * time.Microsecond}}
}

// Two SRCU-fast domains whose scans request RCU grace periods at the same time share
// them; a jiffy apart, each domain always just misses the other's.
func TestDomainsOutOfPhaseTakeTwiceAsLong(t *testing.T) {
	t.Parallel()
	took := func(jiffies uint64) (sum ns) {
		sc := quietMachine()
		sc.SRCU.NoAutoExpedite = true
		sc.Closers = nil
		longGracePeriods(&sc)
		fix := lookup(t, "baseline")
		k := newKernel(&sc, &fix, 1, Options{})
		defer k.stop()
		k.boot()
		k.rcu.kthread.allowed, k.rcu.kthread.pinned, k.rcu.kthread.cpu = only(0), true, k.cpus[0] // behind the workers
		const rounds = 10
		task := k.spawn("sync", only(0), k.direct(func(t *task) {
			var left, began [2]ns
			for i, d := range k.domains {
				if i > 0 && jiffies > 0 {
					t.ask(sleepTicks(sleeping, jiffies))
				}
				left[i], began[i] = rounds, k.now
				var again func()
				again = func() {
					if left[i]--; left[i] > 0 {
						d.enqueue(again, false)
						return
					}
					sum += k.now - began[i]
					k.wake(t)
				}
				d.enqueue(again, false)
			}
			t.sleepUntil(blocked, nowhere, func() bool { return left[0]+left[1] == 0 })
		}))
		k.at(500_000_000, func() { k.wake(task) })
		k.runUntil(60_000_000_000, func() bool { return task.state == exited })
		return sum / (2 * rounds)
	}
	in, out := took(0), took(1)
	if ratio := float64(out) / float64(in); ratio < 1.6 || ratio > 2.4 {
		t.Errorf("in phase %v, out of phase %v: ratio %.2f, want about 2", time.Duration(in), time.Duration(out), ratio)
	}
}

func TestClosersQueueOnEventMutex(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.Closers[0].Repeat = 1
	one := Run(sc, lookup(t, "baseline"), 1, Options{}).Closes[0].Wait
	sc.Closers[0].Count = 8
	r := Run(sc, lookup(t, "baseline"), 1, Options{})
	var last time.Duration
	for _, c := range r.Closes {
		last = max(last, c.Wait)
	}
	if ratio := float64(last) / float64(one); ratio < 6 || ratio > 10 {
		t.Errorf("one close %v, the last of eight %v: ratio %.1f, want about 8", one, last, ratio)
	}
}

// Only the last perf user of a tracepoint waits.
func TestOnlyTheLastUserWaits(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.Closers = []workload.Closers{{Name: "closer", Count: 4, Shared: true, Start: time.Second}}
	waits := 0
	for _, c := range Run(sc, lookup(t, "baseline"), 1, Options{}).Closes {
		if c.Waited != (trial.GracePeriods{}) {
			waits++
		}
	}
	if waits != 1 {
		t.Errorf("%d of 4 closes waited for grace periods, want 1", waits)
	}
}

// RCU_SOFTIRQ, on the CPU that posted the callback of a scan, detects the end of its
// grace period and invokes it. The grace-period kthread completes synchronize_rcu().
func TestCallbackScansAreLaterWhenSoftirqsStarve(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.Closers[0].CPUs = []int{0}
	sc.Storms = []workload.Storm{{Source: workload.NMI, CPUs: []int{0}, Events: 8, Period: 10 * time.Microsecond, Handler: 200 * time.Microsecond}}
	sc.Perf.NoThrottle = true
	blocking, callback := mean(Run(sc, lookup(t, "baseline"), 1, Options{})), mean(Run(sc, lookup(t, "callrcu"), 1, Options{}))
	if callback < blocking*5/4 {
		t.Errorf("with starved softirqs callrcu took %v, baseline %v", callback, blocking)
	}
}

func TestExpeditingDoesNotCureAStarvedReader(t *testing.T) {
	t.Parallel()
	sc := preset(t, "repro2")
	if r := Run(sc, lookup(t, "expedited"), 7, Options{}); !r.Hung() || !strings.Contains(r.Why(), "preempted reader") {
		t.Errorf("hung %t, %s by %q; want a hang by a preempted reader", r.Hung(), r.Diagnosis, r.Why())
	}
}

// The reported hang: close() hung for more than two minutes in __synchronize_srcu,
// kworkers in D state inside process_srcu, and an RCU stall that names a preempted
// task and no CPU.
func TestReportsCaseShowsWhatTheReportShows(t *testing.T) {
	t.Parallel()
	r := Run(preset(t, "repro2"), lookup(t, "baseline"), 1, Options{Log: true})
	var text strings.Builder
	for _, l := range r.Log {
		text.WriteString(l.Text + "\n")
	}
	for _, want := range []string{
		"blocked for more than 14",
		"__synchronize_srcu",
		"Workqueue: rcu_gp process_srcu",
		"rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:\nrcu: \tTasks blocked on level-0 rcu_node (CPUs 0-1): P",
		"perf: interrupt took too long",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the console lacks %q", want)
		}
	}
	if !r.Hung() || r.Diagnosis != trial.Starved {
		t.Errorf("hung %t, %s, want a starved hang", r.Hung(), r.Diagnosis)
	}
	if r.WorkerD < 120*time.Second {
		t.Errorf("no worker slept longer than %v inside process_srcu", r.WorkerD)
	}
}

// A scan that finds a reader retries after the delays of srcu_get_delay, which grow
// with the age of the grace period up to ten jiffies.
func TestScanWaitsForItsReaders(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.Tasks = []workload.Tasks{{Name: "reader", Count: 1, Reads: workload.ReadsTracepoint, Section: 2 * time.Second, Gap: time.Millisecond}}
	sc.Closers[0].Repeat = 1
	r := Run(sc, lookup(t, "baseline"), 1, Options{})
	c := r.Closes[0]
	if c.Wait < time.Second || c.Waited.Normal < 10 {
		t.Errorf("close() took %v and %d grace periods with a reader of 2s inside", c.Wait, c.Waited.Normal)
	}
	if r.Diagnosis == trial.Unsafe {
		t.Error(r.Why())
	}
}

func TestBlameNamesAReaderInsideTheDomain(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.Tasks = []workload.Tasks{{Name: "reader", Count: 1, Reads: workload.ReadsTracepoint, Section: 2 * time.Second, Gap: time.Millisecond}}
	sc.Closers[0].Repeat = 1
	r := Run(sc, lookup(t, "baseline"), 1, Options{})
	for _, s := range r.Blame {
		if s.Cause.Mechanism == trial.DomainReader && s.Wait > r.Closes[0].Wait/4 {
			return
		}
	}
	t.Errorf("no share of a reader inside the domain in %+v", r.Blame)
}

// The grace periods of a close are counted up to the horizon, like its wait.
func TestCensoredCloseCountsUpToTheHorizon(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		r := Run(preset(t, "repro2"), lookup(t, "baseline"), seed, Options{})
		for _, c := range r.Closes {
			if c.Censored && c.Waited.Normal > c.Ran.Normal {
				t.Errorf("seed %d: a censored close waited for %+v, when only %+v ran", seed, c.Waited, c.Ran)
			}
		}
	}
}
