package kernel

import (
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// closeKind closes an event of this kind on a quiet machine.
func closeKind(t *testing.T, fix string, kind workload.ClosersKind, tasks ...workload.Tasks) trial.Result {
	t.Helper()
	sc := quietMachine()
	sc.Tasks, sc.Closers[0].Kind = tasks, kind
	r := Run(sc, lookup(t, fix), 1, Options{})
	if len(r.Closes) != 10 || r.Diagnosis != trial.OK && r.Diagnosis != trial.Slow {
		t.Fatalf("%s, %s: %d closes, %s %s", fix, kind, len(r.Closes), r.Diagnosis, r.Why())
	}
	return r
}

// The waits of close() by kind: the RCU grace periods in series on its path.
func TestDetachingCostsByKind(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind   workload.ClosersKind
		fix    string
		waited trial.GracePeriods
		why    string
	}{
		{workload.PlainTracepoint, "baseline", trial.GracePeriods{Normal: 4, Expedited: 2}, "as measured on 7.0.13"},
		{workload.Kprobe, "baseline", trial.GracePeriods{Normal: 1, Expedited: 4}, "nothing has begun a grace period of tracepoint_srcu, so both domains go expedited; then synchronize_rcu()"},
		{workload.Kprobe, "v6.19", trial.GracePeriods{Normal: 3}, "two for the event, one for the kprobe"},
		{workload.Uprobe, "baseline", trial.GracePeriods{Normal: 2, Expedited: 6}, "tasks-trace, return probes, tasks-trace again right after, tracepoint_srcu"},
		{workload.Ftrace, "v6.19", trial.GracePeriods{Normal: 4}, "two of RCU tasks, two for the event"},
		{workload.BPFLink, "baseline", trial.GracePeriods{}, "asynchronous"},
		{workload.BPFLink, "v6.19", trial.GracePeriods{}, "asynchronous"},
	} {
		r := closeKind(t, c.fix, c.kind)
		if got := r.Closes[3].Waited; got != c.waited {
			t.Errorf("%s, %s: waited for %+v, want %+v: %s", c.kind, c.fix, got, c.waited, c.why)
		}
	}
}

// RCU tasks waits for each runnable task until it sleeps or a tick finds it in user
// mode; it checks every tenth of a second. A loop inside the kernel blocks it; a task
// that is in user mode half of the time does not block it for long.
func TestRCUTasksWaitsForRunnableTasks(t *testing.T) {
	t.Parallel()
	idle := mean(closeKind(t, "baseline", workload.Ftrace))
	user := mean(closeKind(t, "baseline", workload.Ftrace, workload.Tasks{Name: "user", Count: 1, Gap: time.Second}))
	if user < idle+50*time.Millisecond || user > idle+300*time.Millisecond {
		t.Errorf("close() took %v on an idle machine, %v beside a task in user mode", idle, user)
	}
	sc := quietMachine()
	sc.Closers[0].Kind = workload.Ftrace
	sc.Tasks = []workload.Tasks{{Name: "inside", Count: 1, CPUs: []int{1}, Reads: workload.ReadsRCU, Section: 999 * time.Millisecond, Gap: time.Millisecond}}
	inside := Run(sc, lookup(t, "baseline"), 1, Options{})
	if inside.Diagnosis != trial.Slow {
		t.Errorf("beside a task that is in the kernel nearly always: %s %s", inside.Diagnosis, inside.Why())
	}
	if m := mean(inside); m < 2*user {
		t.Errorf("close() took %v beside a task that is in the kernel nearly always, %v beside one in user mode", m, user)
	}
	for _, s := range inside.Blame {
		if s.Cause.Mechanism == trial.TasksHoldouts {
			return
		}
	}
	t.Errorf("no share of holdouts in %+v", inside.Blame)
}

// Links to one tracepoint are attached and detached under tracepoints_mutex alone,
// which other tasks hold for long. Each link finds the probe list that the previous
// one has left.
func TestLinksToOneTracepointTakeTurns(t *testing.T) {
	t.Parallel()
	sc := workload.Default()
	sc.Machine.MIPS = 15.6
	sc.Closers = []workload.Closers{
		{Name: "link", Count: 4, Kind: workload.BPFLink, Shared: true, Unopened: true, Repeat: 30, Gap: time.Millisecond, GapJitter: 5 * time.Millisecond, Pause: time.Millisecond, PauseJitter: 20 * time.Millisecond},
		{Name: "event", Count: 2, Unopened: true, Repeat: 8, Pause: time.Millisecond, PauseJitter: 20 * time.Millisecond},
	}
	sc.Horizon, sc.Drain = 20*time.Second, 20*time.Second
	for draw := range uint64(10) {
		if r := Run(sc, lookup(t, "baseline"), draw, Options{}); r.Diagnosis != trial.OK || len(r.Closes) != 4*30+2*8 {
			t.Errorf("seed %d: %d closes, %s: %s", draw, len(r.Closes), r.Diagnosis, r.Why())
		}
	}
}
