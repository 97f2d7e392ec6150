package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/workload"
)

// switches records the switches of loops inside sections.
type switches struct {
	at    []time.Duration
	group []string
}

func (s *switches) Samples() (from, until time.Duration) { return 0, 0 }

func (s *switches) Trace(e TraceEvent) {
	if e.Kind == TracePreempted {
		s.at, s.group = append(s.at, e.At), append(s.group, e.Group)
	}
}

// crowd has readers, and other tasks that compete for their CPU.
func crowd(preempt workload.Preempt) workload.Scenario {
	sc := quietMachine()
	sc.Machine.CPUs, sc.Machine.Preempt = 1, preempt
	sc.Horizon, sc.Drain = 3*time.Second, 0
	sc.Tasks = []workload.Tasks{
		{Name: "reader", Count: 2, Reads: workload.ReadsRCU, Section: 20 * time.Millisecond, Gap: time.Millisecond},
		{Name: "other", Count: 1, Gap: time.Millisecond},
	}
	return sc
}

// With listed preemptions, exactly those happen, each at its instant or at the
// scheduler's next attempt to switch inside a section.
func TestOnlyListedPreemptionsHappen(t *testing.T) {
	t.Parallel()
	run := func(sc workload.Scenario) (s switches) {
		t.Helper()
		if err := sc.Validate(); err != nil {
			t.Fatal(err)
		}
		Run(sc, lookup(t, "baseline"), 1, Options{Trace: &s})
		return s
	}
	full := run(crowd(workload.PreemptFull))
	if len(full.at) < 50 {
		t.Fatalf("only %d preemptions to choose from", len(full.at))
	}
	if none := run(crowd(workload.PreemptListed)); len(none.at) > 0 {
		t.Errorf("none are listed, %d happen, the first at %v", len(none.at), none.at[0])
	}
	sc := crowd(workload.PreemptListed)
	wanted := []time.Duration{100 * time.Millisecond, 100 * time.Millisecond, time.Second, 2 * time.Second}
	for _, at := range wanted {
		sc.Preemptions = append(sc.Preemptions, workload.Preemption{Task: "reader", At: at})
	}
	got := run(sc)
	if len(got.at) != len(wanted) {
		t.Fatalf("%d preemptions, want one after each of %v", len(got.at), wanted)
	}
	for i, at := range got.at {
		if late := at - wanted[i]; late < 0 || late > 100*time.Millisecond || got.group[i] != "reader" {
			t.Errorf("preemption %d of %s at %v, want it at %v or soon after", i, got.group[i], at, wanted[i])
		}
	}
}

// If a task is already due to be switched out at the instant of its listed
// preemption, the switch happens at that instant, not at a later event of the CPU.
func TestAListedPreemptionFallsInTheMiddleOfALongSection(t *testing.T) {
	t.Parallel()
	sc := crowd(workload.PreemptListed)
	sc.Tasks[0].Section = time.Second
	sc.Preemptions = []workload.Preemption{{Task: "reader", At: 702 * time.Millisecond}}
	var fast, step switches
	a := Run(sc, lookup(t, "baseline"), 1, Options{Trace: &fast})
	b := Run(sc, lookup(t, "baseline"), 1, Options{Trace: &step, Step: true})
	same(t, "long section", a, b)
	if len(fast.at) != 1 || fast.at[0] < 702*time.Millisecond || fast.at[0] > 703*time.Millisecond || !slices.Equal(fast.at, step.at) {
		t.Errorf("%d preemptions, stepping %d, want one at 702ms, between two ticks", len(fast.at), len(step.at))
	}
}

// Listing all preemptions of a preemptible kernel reproduces them.
func TestListingAllPreemptionsRepeatsThem(t *testing.T) {
	t.Parallel()
	var full, listed switches
	sc := crowd(workload.PreemptFull)
	sc.Horizon = time.Second
	Run(sc, lookup(t, "baseline"), 3, Options{Trace: &full})
	sc.Machine.Preempt = workload.PreemptListed
	for i, at := range full.at {
		sc.Preemptions = append(sc.Preemptions, workload.Preemption{Task: full.group[i], At: at})
	}
	if err := sc.Validate(); err != nil {
		t.Fatal(err)
	}
	Run(sc, lookup(t, "baseline"), 3, Options{Trace: &listed})
	if !slices.Equal(full.at, listed.at) {
		t.Errorf("%d preemptions, and %d when these are listed, or at other instants", len(full.at), len(listed.at))
	}
}

// withListed lists random preemptions of a scenario's readers. It reports whether the
// scenario has any.
func withListed(sc *workload.Scenario, r *rand.Rand) bool {
	var groups []string
	sc.Machine.Preempt = workload.PreemptListed
	for i := range sc.Tasks {
		if t := &sc.Tasks[i]; t.Reads != workload.ReadsNothing {
			t.Gap = max(t.Gap, time.Microsecond)
			groups = append(groups, t.Name)
		}
	}
	if len(groups) == 0 {
		return false
	}
	at := time.Duration(0)
	for range r.IntN(40) {
		at += time.Duration(r.Int64N(int64(sc.Horizon) / 20))
		if at <= sc.Horizon {
			sc.Preemptions = append(sc.Preemptions, workload.Preemption{Task: groups[r.IntN(len(groups))], At: at})
		}
	}
	return true
}

func TestListedPreemptionsAgreeWithStepping(t *testing.T) {
	t.Parallel()
	n := 50
	switch {
	case testing.Short():
		n = 15
	case long:
		n = 200
	}
	all := fixes.All()
	r := rand.New(rand.NewPCG(3, 4))
	buf := make([]byte, workload.FuzzBytes)
	listed := 0
	for i := range n {
		for j := range buf {
			buf[j] = byte(r.Uint32())
		}
		sc, _ := workload.FromBytes(buf)
		if !withListed(&sc, r) {
			continue
		}
		if err := sc.Validate(); err != nil {
			t.Fatal(err)
		}
		listed += len(sc.Preemptions)
		fix := all[i%len(all)]
		fast := Run(sc, fix, uint64(i), Options{Log: true, MaxSteps: 200_000})
		same(t, fmt.Sprintf("%d under %s", i, fix.Name), fast, Run(sc, fix, uint64(i), Options{Log: true, MaxSteps: 200_000, Step: true}))
		if t.Failed() {
			t.FailNow()
		}
	}
	if listed < 5*n {
		t.Errorf("only %d preemptions listed in %d scenarios", listed, n)
	}
}
