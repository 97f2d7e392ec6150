package kernel

import (
	"slices"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// The sleeps of the kthread in jiffies: each sleep between two scans is one jiffy
// longer, up to a second. After a grace period the sleep is the initial one, and a
// request does not end it.
func TestKthreadOfRCUTasksBacksOffAndRests(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.Machine.HZ = 100
	fix := lookup(t, "baseline")
	k := newKernel(&sc, &fix, 1, Options{})
	defer k.stop()
	r := &tasksKthread{k: k, idle: true}
	looks, served := 95, 0
	r.task = &task{k: k, prog: k.direct(func(t *task) {
		r.serve(t, 10, countdown{&looks})
	})}
	slept := func() uint64 {
		for {
			if d := r.task.prog.step(r.task); d.state != running {
				return d.ticks
			}
		}
	}
	r.waiting = append(r.waiting, func() { served++ })
	var pauses []uint64
	for range looks {
		pauses = append(pauses, slept())
	}
	for i, p := range pauses {
		if want := uint64(min(10+i, 100)); p != want || !r.looking {
			t.Errorf("pause %d is %d jiffies, want %d", i, p, want)
		}
	}
	rest := slept()
	if rest != 10 || r.looking || served != 1 {
		t.Errorf("it rests for %d jiffies, want 10; looking %t, served %d", rest, r.looking, served)
	}
	r.post(func() { served++ })
	if r.task.state == running || served != 1 {
		t.Error("a request ended the rest")
	}
	looks = 0
	if next := slept(); served != 2 || next != 10 {
		t.Errorf("after the rest: served %d, then sleeps for %d jiffies", served, next)
	}
}

// countdown has this number of scans.
type countdown struct{ looks *int }

func (c countdown) begin(*task)  {}
func (c countdown) listed() bool { return *c.looks > 0 }
func (c countdown) scan(*task)   { *c.looks-- }
func (c countdown) end(*task)    {}

// A close() during the kthread's pause waits by design, not for holdouts.
func TestRestOfRCUTasksIsNoWaitForHoldouts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fix      string
		kind     workload.ClosersKind
		holdouts trial.Mechanism
		least    time.Duration // a wait that begins during the pause
	}{
		{"baseline", workload.Ftrace, trial.TasksHoldouts, 80 * time.Millisecond},
		{"v6.19", workload.Uprobe, trial.Holdouts, 4 * time.Millisecond}, // waits for tasks-trace twice
	} {
		sc := quietMachine()
		sc.Machine.HZ = 1000
		sc.Closers = []workload.Closers{{Name: "closer", Count: 2, Kind: c.kind, Start: time.Second}}
		var rest time.Duration
		r := Run(sc, lookup(t, c.fix), 1, Options{})
		for _, s := range r.Blame {
			switch s.Cause.Mechanism {
			case c.holdouts:
				t.Errorf("%s: %v of holdouts where nobody holds out", c.fix, s.Wait)
			case trial.RetryDelay:
				rest += s.Wait
			}
		}
		if rest < c.least {
			t.Errorf("%s: %v of rest, want %v: %+v", c.fix, rest, c.least, r.Blame)
		}
	}
}

// Readers of two kinds each take the tracepoints of their kind in turn, in whatever
// order these are listed.
func TestReadersOfBothKindsReachAllTracepoints(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.Closers = []workload.Closers{{Name: "closer", Count: 2, Start: time.Second}}
	sc.Tasks = nil
	for _, reads := range []workload.Reads{workload.ReadsTracepoint, workload.ReadsTasksTrace, workload.ReadsTracepoint, workload.ReadsTasksTrace} {
		sc.Tasks = append(sc.Tasks, workload.Tasks{Name: string(reads) + string(rune('a'+len(sc.Tasks))), Count: 1, Reads: reads, Section: time.Millisecond, Gap: time.Millisecond})
	}
	fix := lookup(t, "baseline")
	k := newKernel(&sc, &fix, 1, Options{})
	defer k.stop()
	k.boot()
	var at []string
	for _, l := range k.readers {
		at = append(at, l.reader.tp.name)
	}
	if want := []string{"closer-0", "closer-0", "closer-1", "closer-1"}; !slices.Equal(at, want) {
		t.Errorf("readers are at %v, want %v", at, want)
	}
}
