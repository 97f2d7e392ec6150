package shrink

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// Without a storm, preemptions delay the readers: each remaining one costs the
// close() a turn of the real-time task.
func TestPreemptedReadersShrinkToThePreemptionsThatMatter(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a search of hundreds of trials")
	}
	sc, ok := workload.Preset("preempted-reader")
	fix, err := fixes.Find("baseline")
	if !ok || err != nil {
		t.Fatal("no preempted-reader or no baseline")
	}
	seed := uint64(1)
	for ; seed <= 8; seed++ {
		if r := kernel.Run(sc, fix, seed, kernel.Options{}); r.Hung() {
			break
		}
	}
	r, err := Minimise(sc, fix, seed, Options{})
	if err != nil {
		t.Fatal(err)
	}
	check(t, "preempted-reader", fix, seed, r, r.Failure.in)
	if r.Spent || r.To.AnyPreemption || r.To.Preemptions == 0 || r.To.Preemptions > 32 || r.To.Interrupts != 0 {
		t.Errorf("seed %d: shrunk to %+v, spent %t", seed, r.To, r.Spent)
	}
	for _, line := range r.Preemptions {
		if !strings.Contains(line, " of reader-") || !strings.Contains(line, " on CPU ") {
			t.Errorf("%q", line)
		}
	}
}

// A preemption that is listed at its own instant is missed if the scheduler needs the CPU
// a little earlier. Here only those that are listed before their instants fail.
func TestPreemptionsAreListedEarlyIfTheirInstantsDoNotFail(t *testing.T) {
	t.Parallel()
	sc, ok := workload.Preset("preempted-reader")
	fix, err := fixes.Find("baseline")
	if !ok || err != nil {
		t.Fatal("no preempted-reader or no baseline")
	}
	sc.Horizon = 40 * time.Second
	fails := func(sc *workload.Scenario) bool {
		list := sc.Preemptions
		return len(sc.Tasks) == 3 && sc.Tasks[1].Count == 2 && sc.Machine.CPUs == 2 && sc.Horizon == 40*time.Second &&
			(sc.Machine.Preempt == workload.PreemptFull || len(list) >= 2 && list[0].At == list[len(list)-1].At)
	}
	r, err := Minimise(sc, fix, 1, Options{
		Run: func(all []workload.Scenario, _ uint64) ([]trial.Result, error) {
			results := make([]trial.Result, len(all))
			for i := range all {
				if fails(&all[i]) {
					results[i].Diagnosis = trial.Starved
				}
			}
			return results, nil
		},
		Fails: func(r *trial.Result) bool { return r.Diagnosis == trial.Starved },
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.To.AnyPreemption || r.To.Preemptions != 2 {
		t.Errorf("shrunk to %+v", r.To)
	}
}

func TestWhereListedPreemptionsFell(t *testing.T) {
	t.Parallel()
	rec := recording{preempted: []switched{
		{task: "a-1", group: "a", at: 1}, {task: "b", group: "b", at: 2}, {task: "a-0", group: "a", at: 3},
	}}
	got := rec.took([]workload.Preemption{{Task: "a"}, {Task: "a"}, {Task: "a"}, {Task: "b"}})
	want := []switched{rec.preempted[0], rec.preempted[2], {}, rec.preempted[1]}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestFewerPreemptionsAreSmallerThanFewerInterrupts(t *testing.T) {
	t.Parallel()
	sc, _ := reportsCase(t)
	usual := sizeOf(&sc)
	sc.Machine.Preempt = workload.PreemptListed
	sc.Preemptions = []workload.Preemption{{Task: "thread", At: time.Second}}
	one := sizeOf(&sc)
	sc.Preemptions = nil
	sc.Horizon *= 2 // and more interrupts
	none := sizeOf(&sc)
	if usual.Interrupts >= none.Interrupts || none.compare(one) >= 0 || one.compare(usual) >= 0 || usual.compare(one) <= 0 {
		t.Errorf("any %+v, one %+v, none %+v", usual, one, none)
	}
}

// Removing a group removes its preemptions; moving a start moves them.
func TestStepsKeepPreemptionsValid(t *testing.T) {
	t.Parallel()
	sc, _ := reportsCase(t)
	sc.Machine.Preempt = workload.PreemptListed
	sc.Preemptions = []workload.Preemption{{Task: "thread", At: time.Second}, {Task: "traced", At: 20 * time.Second}}
	m := &search{best: sc, size: sizeOf(&sc)}
	without := m.copy()
	withoutTasks(&without, 0)
	if err := without.Validate(); err != nil || len(without.Preemptions) != 1 || without.Preemptions[0].Task != "traced" {
		t.Errorf("without the threads: %+v, %v", without.Preemptions, err)
	}
	early := m.copy()
	begin(&early, 0, time.Second)
	if err := early.Validate(); err != nil || early.Preemptions[0].At != 0 || early.Preemptions[1].At != 11*time.Second {
		t.Errorf("begun 9s earlier: %+v, %v", early.Preemptions, err)
	}
	if m.best.Preemptions[0].At != time.Second {
		t.Error("a copy shares the preemptions")
	}
}

func TestPlacesAreNamedByWhatACloseWaitsFor(t *testing.T) {
	t.Parallel()
	a, b := kernel.TraceTask{Comm: "a", PID: 1}, kernel.TraceTask{Comm: "b", PID: 2}
	rec := recording{
		closes: []closing{{a, 10, 40}, {b, 50, -1}},
		causes: []cause{
			{a, trial.Cause{Mechanism: trial.CloserRuns}, 10},
			{a, trial.Cause{Domain: "rcu_tasks_trace_srcu_struct", Phase: trial.BeforeGP, Mechanism: trial.WorkerQueued}, 15},
			{b, trial.Cause{Behind: true, Domain: "tracepoint_srcu", Phase: trial.Scan2, RCU: trial.NormalRCU}, 18},
			{a, trial.Cause{Domain: "tracepoint_srcu", Phase: trial.Scan1, RCU: trial.NormalRCU, Mechanism: trial.KthreadRuns}, 20},
			{b, trial.Cause{Behind: true, Domain: "tracepoint_srcu", Phase: trial.Scan2, RCU: trial.NormalRCU}, 55},
		},
	}
	for at, want := range map[time.Duration]string{
		5: "before the first close()", 12: "within a close()", 15: "before the grace period of rcu_tasks_trace_srcu_struct",
		39: "within scan 1 of tracepoint_srcu", 45: "outside of any close()", 60: "within scan 2 of tracepoint_srcu",
	} {
		if got := rec.at(at); got != want {
			t.Errorf("at %d: %q, want %q", at, got, want)
		}
	}
}
