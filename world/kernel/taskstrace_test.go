package kernel

import (
	"fmt"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// traceGP is one grace period of Tasks-Trace RCU in a kernel of 6.19.
type traceGP struct {
	*kernel
	rests []ns // between two scans
	ipis  int
	end   ns
}

// runTraceGP requests a grace period as soon as ready holds, and calls each after every
// event of it.
func runTraceGP(t *testing.T, cpus int, tasks []workload.Tasks, ready func(*kernel) bool, each func(*traceGP)) *traceGP {
	t.Helper()
	sc := quietMachine()
	sc.Machine.CPUs, sc.Machine.HZ, sc.Tasks, sc.Closers = cpus, 100, tasks, nil
	sc.Horizon = time.Hour
	fix := lookup(t, "v6.19")
	k := newKernel(&sc, &fix, 1, Options{})
	t.Cleanup(k.stop)
	k.boot()
	k.runUntil(100_000_000, func() bool { return false })
	k.runUntil(10_000_000_000, func() bool { return ready(k) })
	g := &traceGP{kernel: k}
	k.at(k.now, func() { k.holdouts.Call(func() { g.end = k.now }) })
	before, looking, since := k.ipis, false, ns(0)
	k.runUntil(20_000_000_000, func() bool {
		if h := k.holdouts; h.looking != looking {
			if looking = h.looking; looking {
				since = k.now
			} else {
				g.rests = append(g.rests, k.now-since)
			}
		}
		if each != nil {
			each(g)
		}
		return g.end > 0
	})
	g.ipis = k.ipis - before
	if g.end == 0 || len(k.holdouts.list) > 0 || len(k.violations) > 0 {
		t.Fatalf("ended at %d with %d holdouts, %v", g.end, len(k.holdouts.list), k.violations)
	}
	return g
}

func always(*kernel) bool { return true }

// onCPU1 is a task of CPU 1.
func onCPU1(spec workload.Tasks) []workload.Tasks {
	spec.Name, spec.Count, spec.CPUs = "task", 1, []int{1}
	return []workload.Tasks{spec}
}

// Each CPU's running task is checked after a first rest of a jiffy, by an IPI if it still
// runs, and leaves the list after the next rest, which is a jiffy longer. The kthread
// itself is no holdout.
func TestTasksTraceInterruptsTasksThatStillRun(t *testing.T) {
	t.Parallel()
	brief := workload.Tasks{Gap: 5 * time.Millisecond, Sleep: 2 * time.Second, SleepEvery: 1}
	for _, tt := range []struct {
		name        string
		cpus        int
		tasks       []workload.Tasks
		ready       func(*kernel) bool
		rests, ipis int
	}{
		{"one CPU", 1, nil, always, 0, 0},
		{"an idle CPU", 2, nil, always, 2, 1},
		{"two idle CPUs", 3, nil, always, 2, 2},
		{"a task in user mode", 2, onCPU1(workload.Tasks{Gap: time.Second}), always, 2, 1},
		{"a task that sleeps before the first scan", 2, onCPU1(brief), func(k *kernel) bool { c := k.cpus[1]; return c.cur != nil && c.cur.loop != nil }, 1, 0},
		{"a task that sleeps outside of its sections", 1, []workload.Tasks{{Name: "task", Count: 1, Reads: workload.ReadsTasksTrace, Section: time.Millisecond, Gap: time.Millisecond, Sleep: 2 * time.Second, SleepEvery: 1}}, func(k *kernel) bool { return k.holdouts.loops[0].t.state == sleeping }, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := runTraceGP(t, tt.cpus, tt.tasks, tt.ready, nil)
			if len(g.rests) != tt.rests || g.ipis != tt.ipis {
				t.Errorf("rests %v, %d IPIs; want %d and %d", g.rests, g.ipis, tt.rests, tt.ipis)
			}
			for i, r := range g.rests {
				if n := ns(1 + i); r < n*g.tick || r > (n+1)*g.tick+1_000_000 {
					t.Errorf("rest %d takes %v, want %d jiffies", i, time.Duration(r), n)
				}
			}
		})
	}
}

// A reader that a check finds inside a section delays the grace period until the end of
// that section, but not of later ones.
func TestTasksTraceWaitsForTheSectionThatItFinds(t *testing.T) {
	t.Parallel()
	reader := workload.Tasks{Reads: workload.ReadsTasksTrace, Section: 400 * time.Millisecond, Gap: 100 * time.Microsecond}
	asleep := reader
	asleep.Section, asleep.SleepInside = 10*time.Millisecond, 400*time.Millisecond
	for _, tt := range []struct {
		name  string
		cpus  int
		spec  workload.Tasks
		ready func(*loop) bool
		ipis  int
	}{
		{"it runs", 2, reader, func(l *loop) bool { p := l.k.positionOf(l); return p.locked && p.pos < 50_000_000 }, 1},
		{"it sleeps inside", 1, asleep, func(l *loop) bool { return l.t.state == sleeping && l.inSection() && l.k.now-l.t.asleep < 1_000_000 }, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.spec.Name, tt.spec.Count, tt.spec.CPUs = "task", 1, []int{tt.cpus - 1}
			var left ns // the first time at which the section had ended
			var found *traceHoldout
			blamed := map[trial.Mechanism]bool{}
			g := runTraceGP(t, tt.cpus, []workload.Tasks{tt.spec}, func(k *kernel) bool { return tt.ready(k.holdouts.loops[0]) }, func(g *traceGP) {
				if h := g.holdouts; h.looking {
					blamed[g.causeOf(h.task).what] = true
				}
				for _, o := range g.holdouts.list {
					if o.needQS {
						found = o
					}
				}
				if found != nil && left == 0 && !found.inside(g.kernel) {
					left = g.now
				}
			})
			last := len(g.rests)
			if found == nil || left == 0 || g.end < left || g.end > left+ns(last+1)*g.tick || last < 5 {
				t.Errorf("found inside %t, outside at %v, ended at %v after %d rests", found != nil, time.Duration(left), time.Duration(g.end), last)
			}
			if g.ipis != tt.ipis || !blamed[trial.Holdouts] {
				t.Errorf("%d IPIs, want %d; blamed %v", g.ipis, tt.ipis, blamed)
			}
		})
	}
}

// A CPU that does not take its IPI delays the grace period, and is blamed for it.
func TestTasksTraceWaitsForTheAnswerToItsIPI(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fault workload.FaultKind
		want  trial.Mechanism
	}{
		{workload.DeafCPU, trial.CPUStopped},
		{workload.StolenCPU, trial.CPUStopped},
		{workload.LostIPI, trial.TraceNotAnswered},
	} {
		t.Run(fmt.Sprint(tt.fault), func(t *testing.T) {
			t.Parallel()
			var until ns
			var cause trial.Cause
			g := runTraceGP(t, 2, nil, always, func(g *traceGP) {
				switch h := g.holdouts; {
				case until == 0 && h.looking:
					c := h.list[0].runsOn()
					until = g.now + 1_000_000_000
					g.faultBegins(c, tt.fault, until)
					g.at(until, func() { g.faultEnds(c, tt.fault) })
					cause.CPU = trial.OnCPU(c.id)
				case h.looking && g.now > until-400_000_000 && cause.Mechanism == trial.NoMechanism:
					want := cause.CPU
					if cause = g.export(g.causeOf(h.task)); cause.CPU != want {
						t.Errorf("blames CPU %d, want %d", cause.CPU, want)
					}
					if p := g.prospectOf(h.task); p.outlook != moves {
						t.Errorf("outlook %d", p.outlook)
					}
				}
			})
			if late := g.end - until; until == 0 || late < 0 || late > 20*g.tick || g.ipis != 1 || cause.Mechanism != tt.want {
				t.Errorf("ended %v after the fault, %d IPIs, cause %v", time.Duration(late), g.ipis, cause)
			}
		})
	}
}
