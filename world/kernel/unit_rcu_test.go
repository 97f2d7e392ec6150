package kernel

import (
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// booted is a quiet machine that has booted.
func booted(t *testing.T, change func(*workload.Scenario)) *kernel {
	t.Helper()
	sc := quietMachine()
	if change != nil {
		change(&sc)
	}
	fix := lookup(t, "baseline")
	k := newKernel(&sc, &fix, 1, Options{})
	t.Cleanup(k.stop)
	k.boot()
	return k
}

// An item that is queued on another CPU while it runs, runs once more on its present
// CPU, never twice at a time (find_worker_executing_work). An item queued twice
// before it runs, runs once.
func TestWorkItemNeverRunsTwiceAtATime(t *testing.T) {
	t.Parallel()
	k := booted(t, nil)
	runs, inside, most := 0, 0, 0
	var ranOn []int
	w := &work{name: "twice"}
	w.fn = func(t *task) {
		runs++
		inside++
		most = max(most, inside)
		ranOn = append(ranOn, t.cpu.id)
		t.ask(sleepTicks(sleeping, 20)) // another worker of its pool takes over
		inside--
	}
	queue := func(at ns, cpu int) {
		k.at(at, func() {
			k.cpus[cpu].arrive(irq{kind: irqCall, done: func() {
				running := w.on
				k.queueWork(w)
				if p := k.cpus[cpu].pool; running != nil && running != p && len(p.pending) > 0 {
					t.Errorf("queued on CPU %d while it runs on CPU %d", cpu, running.cpu.id)
				}
			}})
		})
	}
	queue(100_000_000, 0)
	queue(120_000_000, 1) // it runs on CPU 0 until 180 ms
	queue(125_000_000, 1) // and is queued already
	k.runUntil(400_000_000, func() bool { return false })
	if runs != 2 || most != 1 || len(ranOn) != 2 || ranOn[0] != 0 || ranOn[1] != 0 {
		t.Errorf("%d runs, at most %d at a time, on CPUs %v; want 2 on CPU 0, one after the other", runs, most, ranOn)
	}
	if !w.idle() {
		t.Error("the item is not idle after its runs")
	}
	queue(450_000_000, 1)
	k.runUntil(600_000_000, func() bool { return false })
	if runs != 3 || ranOn[2] != 1 {
		t.Errorf("%d runs on CPUs %v; want the third on CPU 1", runs, ranOn)
	}
}

// Normal and expedited grace periods advance one polled number. A grace period nested
// in another one ends the polled one, and the outer one then finds it ended. Of two
// that overlap, the second ends nothing that began after its own start.
func TestOverlappingGracePeriodsAndThePolledOne(t *testing.T) {
	t.Parallel()
	k := booted(t, nil)
	n := &k.rcu
	begin := map[byte]func(){
		'n': func() { k.polledStart(&n.polledNormal, &n.polledNormalOn) },
		'e': func() { k.polledStart(&n.polledExp, &n.polledExpOn) },
	}
	end := map[byte]func(){
		'N': func() { k.polledEnd(&n.polledNormal, &n.polledNormalOn) },
		'E': func() { k.polledEnd(&n.polledExp, &n.polledExpOn) },
	}
	for _, c := range []struct {
		steps string // small letters begin, capital ones end
		ended uint64 // number of polled grace periods
		runs  bool   // one is still in progress
	}{
		{"nN", 1, false},
		{"nNnN", 2, false},
		{"neEN", 1, false},   // the inner one ends it
		{"enNE", 1, false},   // the same
		{"neNE", 1, false},   // the first to end ends it; the second has the same snapshot
		{"neNnE", 1, true},   // the expedited one began before the running polled one
		{"neNnEN", 2, false}, // the second normal one ends that
		{"neEeEN", 2, false}, // two inside a long one
		{"neEeN", 1, true},   // the long one began before the running polled one
	} {
		began := rcu.SeqCount(n.polled)
		for i := range len(c.steps) {
			if f := begin[c.steps[i]]; f != nil {
				f()
			} else {
				end[c.steps[i]]()
			}
		}
		if ended := rcu.SeqCount(n.polled) - began; ended != c.ended || rcu.SeqRunning(n.polled) != c.runs {
			t.Errorf("%s: %d polled grace periods have ended, one runs %t; want %d, %t", c.steps, ended, rcu.SeqRunning(n.polled), c.ended, c.runs)
		}
		if len(k.violations) > 0 {
			t.Errorf("%s: %v", c.steps, k.violations)
		}
		n.polledNormalOn, n.polledExpOn = false, false
		if rcu.SeqRunning(n.polled) {
			n.polled = rcu.SeqEnd(n.polled)
		}
	}
}

// A section that was interrupted for an expedited grace period reports at its end. No
// other section does.
func TestEndOfASectionReportsOnlyIfItWasAsked(t *testing.T) {
	t.Parallel()
	for _, asked := range []bool{false, true} {
		k := booted(t, func(sc *workload.Scenario) {
			sc.Tasks = []workload.Tasks{{Name: "reader", Count: 1, CPUs: []int{1}, Reads: workload.ReadsRCU, Section: time.Second, Gap: time.Second}}
		})
		var reader *task
		for _, o := range k.tasks {
			if o.loop != nil {
				reader = o
			}
		}
		k.runUntil(10_000_000, func() bool { return false })
		e := &k.rcu.exp
		e.running, reader.cpu.leaf.expmask = true, reader.cpu.bit
		reader.rcu.expHint = asked
		k.endSection(reader)
		if reported := !reader.cpu.owesExp(); reported != asked || reader.rcu.expHint {
			t.Errorf("asked %t: reported %t", asked, reported)
		}
	}
}

// A trial that is cut off is reported as such, and has no blame.
func TestTrialThatIsCutOff(t *testing.T) {
	t.Parallel()
	sc := preset(t, "many-closers")
	whole := Run(sc, lookup(t, "baseline"), 3, Options{})
	if whole.Truncated {
		t.Fatal("the whole trial is cut off")
	}
	for _, steps := range []uint64{1, 100, whole.Steps / 3} {
		r := Run(sc, lookup(t, "baseline"), 3, Options{MaxSteps: steps})
		if !r.Truncated || r.Steps < steps || r.Steps > steps+1000 {
			t.Errorf("cut off after %d steps: truncated %t, %d steps", steps, r.Truncated, r.Steps)
		}
		if r.Elapsed >= whole.Elapsed || len(r.Violations) > 0 {
			t.Errorf("cut off after %d steps: took %v of %v, violations %v", steps, r.Elapsed, whole.Elapsed, r.Violations)
		}
		switch r.Diagnosis {
		case trial.OK, trial.Slow, trial.Starved:
		default:
			t.Errorf("cut off after %d steps: %s %s", steps, r.Diagnosis, r.Why())
		}
		for _, c := range r.Closes {
			if c.Start+c.Wait > r.Elapsed || c.Censored && c.Start+c.Wait != r.Elapsed {
				t.Errorf("cut off after %d steps at %v: %+v", steps, r.Elapsed, c)
			}
		}
	}
	if again := Run(sc, lookup(t, "baseline"), 3, Options{MaxSteps: whole.Steps + 1}); again.Checksum != whole.Checksum || again.Truncated {
		t.Error("a limit that is not reached changes the trial")
	}
}

// A CPU that has taken the interrupt of an expedited grace period and has not reported is
// found, unless it is inside the reader or about to switch tasks.
func TestExpeditedReportsThatAreDroppedAreFound(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*kernel, *cpu)
		want   trial.Oracle
	}{
		{"after its section", nil, trial.ReportDropped},
		{"a CPU that owes nothing", func(_ *kernel, c *cpu) { c.leaf.expmask = 0 }, ""},
		{"before the interrupt", func(k *kernel, c *cpu) { c.expTaken = k.rcu.exp.seq - 4 }, ""},
		{"a task that is to be switched out", func(_ *kernel, c *cpu) { c.resched = hardResched }, ""},
		{"a task that is to be switched out some time", func(_ *kernel, c *cpu) { c.resched = lazyResched }, trial.ReportDropped},
		{"inside a section", func(_ *kernel, c *cpu) { c.cur.loop.pos = 0 }, ""},
		{"at the end of one", func(_ *kernel, c *cpu) { c.cur.loop.watching, c.cur.left = true, 0 }, ""},
		{"idle", func(_ *kernel, c *cpu) { c.cur = nil }, trial.ReportDropped},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := booted(t, func(sc *workload.Scenario) {
				sc.Tasks = []workload.Tasks{{Name: "reader", Count: 1, CPUs: []int{1}, Reads: workload.ReadsRCU, Section: time.Second, Gap: time.Second}}
			})
			k.runUntil(10_000_000, func() bool { return false })
			c := k.cpus[1]
			c.cur.loop.pos = c.cur.loop.section
			c.leaf.expmask, c.expTaken = c.bit, k.rcu.exp.seq
			if tt.change != nil {
				tt.change(k, c)
			}
			k.checkDeferred(c)
			if got := k.firstFinding(); got != tt.want {
				t.Errorf("%v, want %q", k.violations, tt.want)
			}
		})
	}
}
