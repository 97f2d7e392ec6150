package kernel

import (
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// These tests follow from the rules alone, for candidates without measurements on a
// real kernel.

func TestGracePeriodsPerCloseFollowFromTheRules(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fix string
		ran trial.GracePeriods
		why string
	}{
		{"membarrier-tp", trial.GracePeriods{Expedited: 2}, "tasks-trace alone waits for RCU"},
		{"atomic", trial.GracePeriods{Normal: 1, Expedited: 2}, "tasks-trace, and one RCU grace period after the spin"},
		{"domain", trial.GracePeriods{Normal: 4}, "the rest of the grace period that unregistering began, and a whole one"},
		{"startfirst", trial.GracePeriods{Normal: 4, Expedited: 2}, "the same grace periods, of which some pass during the first wait"},
		{"bpf-links", trial.GracePeriods{}, "nobody waits"},
	} {
		closes := Run(quietMachine(), lookup(t, c.fix), 1, Options{}).Closes
		if len(closes) != 10 {
			t.Errorf("%s: %d closes, want 10", c.fix, len(closes))
		}
		for i, close := range closes {
			if close.Ran != c.ran {
				t.Errorf("%s, close %d: ran %+v, want %+v: %s", c.fix, i, close.Ran, c.ran, c.why)
			}
		}
	}
}

// srcu_expedite_current() takes effect from the next scan on: all grace periods that
// a close() waits for are expedited, except for the scan in progress.
func TestExpediteCurrentLeavesOnlyTheWaitInProgress(t *testing.T) {
	t.Parallel()
	closes := Run(quietMachine(), lookup(t, "expedite-current"), 1, Options{}).Closes
	if len(closes) != 10 {
		t.Errorf("%d closes, want 10", len(closes))
	}
	for i, c := range closes {
		if c.Waited.Normal > 1 || c.Waited.Expedited < 4 {
			t.Errorf("close %d waited for %+v, want one normal at most", i, c.Waited)
		}
	}
}

// domain waits only for the domain of the readers that call the probe, whatever other
// readers do.
func TestDomainWaitsForTheReadersOfItsTracepoint(t *testing.T) {
	t.Parallel()
	const inside = 2 * time.Second
	for _, c := range []struct {
		kind  workload.ClosersKind
		reads workload.Reads
		waits bool
	}{
		{workload.PlainTracepoint, workload.ReadsTracepoint, true},
		{workload.PlainTracepoint, workload.ReadsTasksTrace, false},
		{workload.FaultableTracepoint, workload.ReadsTracepoint, false},
		{workload.FaultableTracepoint, workload.ReadsTasksTrace, true},
		{workload.AnyTracepoint, workload.ReadsTracepoint, true},
		{workload.AnyTracepoint, workload.ReadsTasksTrace, true},
	} {
		sc := quietMachine()
		sc.Closers[0].Kind, sc.Closers[0].Repeat = c.kind, 1
		sc.Tasks = []workload.Tasks{{Name: "reader", Count: 1, Reads: c.reads, Section: inside, Gap: time.Millisecond}}
		for _, fix := range []string{"domain", "bpf-links", "baseline"} {
			r := Run(sc, lookup(t, fix), 1, Options{})
			if r.Diagnosis == trial.Unsafe {
				t.Errorf("%s, %q, %s: %s", fix, c.kind, c.reads, r.Why())
			}
			if waited := r.Closes[0].Wait > inside/4; fix == "domain" && waited != c.waits {
				t.Errorf("%s, %q, %s: close() took %v", fix, c.kind, c.reads, r.Closes[0].Wait)
			}
		}
	}
}

// bpf-links limits the events that wait for its callbacks: above the limit, close()
// waits.
func TestLinksHoldABoundedNumberOfEvents(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.Tasks = []workload.Tasks{{Name: "reader", Count: 1, Reads: workload.ReadsTracepoint, Section: 20 * time.Second, Gap: time.Millisecond}}
	sc.Closers = []workload.Closers{{Name: "closer", Count: 40, Start: time.Second}, {Name: "more", Count: 24, Start: 2 * time.Second}}
	r := Run(sc, lookup(t, "bpf-links"), 1, Options{})
	for _, c := range r.Closes {
		if c.Wait > time.Second {
			t.Errorf("with 64 events %s waited %v", c.Task, c.Wait)
		}
	}
	sc.Closers[1].Count = 25
	waited := 0
	for _, c := range Run(sc, lookup(t, "bpf-links"), 1, Options{}).Closes {
		if c.Wait > time.Second {
			waited++
		}
	}
	if waited != 1 {
		t.Errorf("with 65 events %d waited, want 1", waited)
	}
}

// Under atomic a closer spins while it waits for readers; under baseline it sleeps.
func TestAtomicSpins(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.Closers[0].CPUs, sc.Closers[0].Repeat = []int{0}, 1
	sc.Tasks = []workload.Tasks{{Name: "reader", Count: 1, CPUs: []int{1}, Reads: workload.ReadsTracepoint, Section: 300 * time.Millisecond, Gap: time.Microsecond}}
	runs := func(fix string) (d time.Duration) {
		r := Run(sc, lookup(t, fix), 1, Options{})
		if r.Diagnosis == trial.Unsafe {
			t.Errorf("%s: %s", fix, r.Why())
		}
		for _, s := range r.Blame {
			if s.Cause.Mechanism == trial.CloserRuns {
				d += s.Wait
			}
		}
		return d
	}
	if spun, slept := runs("atomic"), runs("baseline"); spun < 50*time.Millisecond || slept > time.Millisecond {
		t.Errorf("the closer executed for %v under atomic and %v under baseline", spun, slept)
	}
}

// poll-slowly polls as seldom as the state machine retries, so it may notice the end
// of a grace period up to ten jiffies late in each scan.
func TestPollSlowlyIsLater(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.SRCU.NoAutoExpedite = true
	longGracePeriods(&sc)
	sc.Tasks[0].Section, sc.Tasks[0].Gap = 90*time.Millisecond, 90*time.Millisecond // or the next section hides the delay of a poll
	poll, slowly := mean(Run(sc, lookup(t, "poll"), 1, Options{})), mean(Run(sc, lookup(t, "poll-slowly"), 1, Options{}))
	if slowly <= poll {
		t.Errorf("poll-slowly took %v, poll %v", slowly, poll)
	}
}
