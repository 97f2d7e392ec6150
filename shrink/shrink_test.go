package shrink

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// check verifies the properties of every search result with its own trials.
func check(t *testing.T, name string, fix fixes.Fix, seed uint64, r *Result, fails func(*trial.Result) bool) {
	t.Helper()
	if err := r.After.Validate(); err != nil {
		t.Fatalf("%s: not a valid scenario: %v", name, err)
	}
	again := kernel.Run(r.After, fix, seed, kernel.Options{})
	if !fails(&again) || !fails(&r.Is) || again.Checksum != r.Is.Checksum {
		t.Errorf("%s: want %+v, what was found is: %s; again: %s", name, r.Failure, Outcome(&r.Is), Outcome(&again))
	}
	if m := (&search{best: r.After}); m.single() {
		step := kernel.Run(r.After, fix, seed, kernel.Options{Step: true})
		if step.Checksum != again.Checksum {
			t.Errorf("%s: stepping through what is left takes other decisions", name)
		}
	}
	if was := kernel.Run(r.Before, fix, seed, kernel.Options{}); failureOf(&was) != r.Failure {
		t.Errorf("%s: failed with %+v, the search was for %+v", name, failureOf(&was), r.Failure)
	}
	if r.To.compare(r.From) > 0 || r.To != sizeOf(&r.After) || r.From != sizeOf(&r.Before) {
		t.Errorf("%s: of size %+v, was %+v", name, r.To, r.From)
	}
	if r.To.AnyPreemption != (r.After.Machine.Preempt == workload.PreemptFull || r.After.Machine.Preempt == workload.PreemptLazy) {
		t.Errorf("%s: of size %+v with preemption %s", name, r.To, r.After.Machine.Preempt)
	}
	if r.After.Machine.Preempt == workload.PreemptListed && !r.Spent {
		var rec recording
		rec.cpus = make([]load, r.After.Machine.CPUs)
		kernel.Run(r.After, fix, seed, kernel.Options{Trace: &rec})
		if len(rec.preempted) != r.To.Preemptions || len(r.Preemptions) == 0 {
			t.Errorf("%s: %d preemptions are listed, %d happen: %q", name, r.To.Preemptions, len(rec.preempted), r.Preemptions)
		}
	}
	if after, before := longest(&r.After), longest(&r.Before); after > before {
		t.Errorf("%s: a handler takes %v, and %v at most in the failure", name, after, before)
	}
	if r.To.CPUs > r.From.CPUs || r.To.Tasks > r.From.Tasks || r.To.Horizon > r.From.Horizon {
		t.Errorf("%s: something grew from %+v to %+v", name, r.From, r.To)
	}
	for i, w := range r.Removals {
		if i%4 > 0 && !w.Same { // one in four is enough
			continue
		}
		got := kernel.Run(w.Scenario, fix, seed, kernel.Options{})
		if got.Checksum != w.Result.Checksum || fails(&got) != w.Same {
			t.Errorf("%s: without %s it is said that %s; it is that %s", name, w.What, Outcome(&w.Result), Outcome(&got))
		}
		size := sizeOf(&w.Scenario)
		if size.compare(r.To) >= 0 {
			t.Errorf("%s: without %s it is not smaller: %+v", name, w.What, size)
		}
		if w.Same && !r.Spent {
			t.Errorf("%s: it fails the same way without %s, and yet has it", name, w.What)
		}
	}
}

// Every failing trial shrinks to one with the same failure, of which no part can be
// removed.
func TestWhatIsLeftFailsTheSameWayAndIsNeeded(t *testing.T) {
	t.Parallel()
	wanted := 5
	if testing.Short() {
		wanted = 2
	}
	all := fixes.All()
	draws := rand.New(rand.NewPCG(7, 7))
	buf := make([]byte, workload.FuzzBytes)
	found := 0
	for i := 0; found < wanted && i < 1000; i++ {
		for j := range buf {
			buf[j] = byte(draws.Uint32())
		}
		sc, _ := workload.FromBytes(buf)
		fix := all[i%len(all)]
		seed := uint64(i)
		was := kernel.Run(sc, fix, seed, kernel.Options{MaxSteps: 100_000})
		if !was.Failed() || was.Truncated {
			continue
		}
		found++
		r, err := Minimise(sc, fix, seed, Options{Budget: 120})
		if err != nil {
			t.Fatal(err)
		}
		check(t, fix.Name, fix, seed, r, r.Failure.in)
	}
	if found < wanted {
		t.Errorf("only %d of 1000 random scenarios fail", found)
	}
}

func reportsCase(t *testing.T) (workload.Scenario, fixes.Fix) {
	t.Helper()
	sc, ok := workload.Preset("repro2")
	fix, err := fixes.Find("baseline")
	if !ok || err != nil {
		t.Fatal("no repro2 or no baseline")
	}
	return sc, fix
}

// failingCase returns the report's case, or in the short form a machine that hangs in
// the same way and takes a fraction of the time.
func failingCase(t *testing.T) (workload.Scenario, fixes.Fix) {
	t.Helper()
	sc, fix := reportsCase(t)
	if testing.Short() {
		small, err := workload.Decode([]byte(`name: small
machine: {cpus: 2, hz: 100, preempt: full, mips: 200}
perf: {no_throttle: true}
srcu: {no_auto_expedite: true}
storms:
- {source: nmi, task: reader, events: 8, period: 1us, handler: 336us}
tasks:
- {name: reader, count: 8, reads: rcu, section: 10ms, gap: 1ms}
- {name: worker, count: 4, gap: 10ms}
closers: [{name: closer, count: 1, start: 1s}]
watchdog: {hung_task: 2s}
horizon: 8s
`))
		if err != nil {
			t.Fatal(err)
		}
		sc = small
	}
	return sc, fix
}

// Where handlers may take seconds, a few long interrupts on fewer CPUs are enough, of
// the report's 64 sampling events and millions of samples.
func TestReportsCaseShrinksToAFewInterrupts(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a search of hundreds of trials")
	}
	sc, fix := reportsCase(t)
	sc.Storms = append(sc.Storms, workload.Storm{Source: workload.NMI, CPUs: []int{0}, At: []time.Duration{sc.Horizon}, Handler: workload.MaxHandler})
	r, err := Minimise(sc, fix, 1, Options{Fails: (*trial.Result).Hung})
	if err != nil {
		t.Fatal(err)
	}
	check(t, "repro2", fix, 1, r, (*trial.Result).Hung)
	if r.Spent || r.To.Interrupts > 20 || r.To.Interrupts == 0 || r.To.Tasks > 8 || r.To.CPUs > 1 || len(r.Interrupts) == 0 {
		t.Errorf("shrunk to %+v, spent %t, interrupts %q", r.To, r.Spent, r.Interrupts)
	}
	if r.To.AnyPreemption || r.To.Preemptions == 0 || r.To.Preemptions > 4 {
		t.Errorf("shrunk to %+v: want 1 to 4 preemptions", r.To)
	}
	needed := 0
	for _, w := range r.Removals {
		if strings.HasPrefix(w.What, "the preemption of thread at ") && !w.Same {
			needed++
		}
	}
	if needed != r.To.Preemptions {
		t.Errorf("%d preemptions are shown to be needed, of %d", needed, r.To.Preemptions)
	}
	for _, line := range r.Interrupts {
		if !strings.Contains(line, "interrupt") || !strings.Contains(line, "on CPU 0") {
			t.Errorf("%q", line)
		}
	}
}

// Where a handler takes 336 us at most, no handful of interrupts takes as much time
// as the storm, so a storm is left.
func TestReportsCaseKeepsAStormThatItCanHave(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a search of hundreds of trials")
	}
	sc, fix := reportsCase(t)
	r, err := Minimise(sc, fix, 1, Options{Budget: 200, Fails: (*trial.Result).Hung})
	if err != nil {
		t.Fatal(err)
	}
	check(t, "repro2", fix, 1, r, (*trial.Result).Hung)
	if len(r.After.Storms) == 0 || r.After.Storms[0].Period == 0 {
		t.Errorf("shrunk to the storms %+v", r.After.Storms)
	}
}

func TestSameSearchSameOutcome(t *testing.T) {
	t.Parallel()
	sc, fix := failingCase(t)
	var stages [2][]string
	var r [2]*Result
	for i := range r {
		var err error
		r[i], err = Minimise(sc, fix, 4, Options{Budget: 15, Progress: func(_, _ int, stage string, _ Size) {
			stages[i] = append(stages[i], stage)
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(r[0], r[1]) || !reflect.DeepEqual(stages[0], stages[1]) {
		t.Error("two searches differ")
	}
}

func TestBudgetEndsTheSearch(t *testing.T) {
	t.Parallel()
	sc, fix := failingCase(t)
	for _, budget := range []int{1, 20} {
		r, err := Minimise(sc, fix, 1, Options{Budget: budget})
		if err != nil {
			t.Fatal(err)
		}
		if !r.Spent {
			t.Errorf("%d trials were enough", budget)
		}
		check(t, sc.Name, fix, 1, r, r.Failure.in)
	}
}

func TestWhatDoesNotFailIsNotShrunk(t *testing.T) {
	t.Parallel()
	sc, ok := workload.Preset("calm")
	if !ok {
		t.Fatal("no calm")
	}
	sc.Horizon = 5 * time.Second
	_, fix := reportsCase(t)
	if _, err := Minimise(sc, fix, 1, Options{}); err == nil || !strings.Contains(err.Error(), "want one that fails") {
		t.Errorf("error %v", err)
	}
}

func TestSameFailureWhateverTheNumbers(t *testing.T) {
	t.Parallel()
	hung := func(task, group string, d trial.Diagnosis, overdue int) *trial.Result {
		c := trial.Cause{RCU: trial.NormalRCU, Mechanism: trial.ReaderQueued, Task: task, Group: group}
		return &trial.Result{Diagnosis: d, Cause: &c, Overdue: overdue}
	}
	cut := func(r *trial.Result) *trial.Result { r.Closes = []trial.Close{{Censored: true}}; return r }
	truncated := hung("thread-3", "thread", trial.Starved, 1)
	truncated.Truncated = true
	f := failureOf(hung("thread-12", "thread", trial.Starved, 1))
	for _, c := range []struct {
		name string
		r    *trial.Result
		want bool
	}{
		{"another number", hung("thread-3", "thread", trial.Starved, 2), true},
		{"a group of one", hung("thread", "thread", trial.Starved, 1), true},
		{"another reader", hung("other-3", "other", trial.Starved, 1), false},
		{"another diagnosis", hung("thread-3", "thread", trial.Slow, 1), false},
		{"no hang", hung("thread-3", "thread", trial.Starved, 0), false},
		{"a hang that was cut", cut(hung("thread-3", "thread", trial.Starved, 1)), true},
		{"cut off", truncated, false},
	} {
		if got := f.in(c.r); got != c.want {
			t.Errorf("%s: same is %t", c.name, got)
		}
	}

	late := failureOf(hung("thread-1", "thread", trial.Starved, 0))
	early := cut(hung("thread-1", "thread", trial.Starved, 0))
	if late.in(early) || !failureOf(early).in(early) {
		t.Error("a close() that was cut off is taken for one that was late")
	}
}
