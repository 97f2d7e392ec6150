package kernel

import (
	"os"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// scenarioFile reads a scenario of testdata/trials.
func scenarioFile(t testing.TB, name string) workload.Scenario {
	t.Helper()
	b, err := os.ReadFile("testdata/trials/" + name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	sc, err := workload.Decode(b)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return sc
}

// Trials found by fuzzing: a wait is in progress at the end of the drain, but would
// end. None is stuck.
func TestWhatIsUnderWayAtTheEndIsNotLost(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		scenario, fix string
		seed          uint64
		want          trial.Diagnosis
	}{
		{"scan-between-grace-periods", "callrcu", 9645599306916696560, trial.Slow},
		{"mutex-handed-to-a-queued-closer", "baseline", 3913112318073375640, trial.Slow},
		{"hrtimer-handler-outlasts-the-drain", "expedited", 2113812820020177342, trial.Starved},
		{"nmi-handler-outlasts-the-drain", "expedited", 8930297071463608997, trial.Starved},
		{"nmi-handler-outlasts-the-drain", "baseline", 8930297071463608997, trial.Starved},
		{"callback-posted-a-moment-ago", "callrcu-expedited", 14695981039346656037, trial.Slow},
		{"callbacks-behind-those-of-another-domain", "baseline", 17623619960216979344, trial.Slow},
		{"timer-for-callbacks-behind-ksoftirqd", "baseline", 14695981039346656037, trial.Slow},
		{"tick-behind-a-hang-of-hrtimers", "revert", 9493439139495104209, trial.Starved},
		{"sample-begins-as-an-interrupt-ends", "callrcu", 2815705281115712722, trial.Starved},
		{"readers-that-left-between-two-looks", "v6.19", 6576684881882803423, trial.Slow},
		{"fair-server-behind-a-section", "throttle", 14695981039346656037, trial.Slow},
		{"readers-that-left-while-a-scan-waited", "callrcu", 14695981039346656037, trial.Slow},
		{"balanced-to-an-idle-cpu", "revert", 12638155314718423877, trial.Starved},
		{"balanced-to-an-idle-cpu-in-a-storm", "v6.19", 14695981039346656037, trial.OK},
	} {
		t.Run(tt.scenario+"/"+tt.fix, func(t *testing.T) {
			t.Parallel()
			r := Run(scenarioFile(t, tt.scenario), lookup(t, tt.fix), tt.seed, Options{Blame: true})
			if r.Diagnosis != tt.want {
				t.Errorf("%s: %s, want %s", r.Diagnosis, r.Why(), tt.want)
			}
			agree(t, &r)
		})
	}
}

// lateSide is a side with all delays ten thousand times as long.
type lateSide struct{ srcu.Side }

func (s lateSide) Requeue(jiffies uint64) { s.Side.Requeue(10_000 * jiffies) }

// sumsEachJiffy polls like the candidate poll, and takes both sums at every poll.
func sumsEachJiffy() srcu.Barrier {
	poll := fixes.Polling()
	return srcu.BarrierFunc(func(s srcu.Side, scan *srcu.Scan) bool {
		s.Unlocks(1 - s.Current())
		s.Locks(1 - s.Current())
		return poll.Order(s, scan)
	})
}

// A teardown that waits too long, or does too much work while it waits, is slow.
func TestWastefulScansAreSlow(t *testing.T) {
	t.Parallel()
	late := lookup(t, "baseline")
	late.Side = func(s srcu.Side) srcu.Side { return lateSide{s} }
	busy := lookup(t, "poll")
	busy.Barrier = sumsEachJiffy

	sc := quietMachine()
	sc.Horizon, sc.Drain = 3*time.Second, 4*time.Second
	sc.Watchdog.HungTask = time.Second
	sc.Closers[0].Start = 50 * time.Millisecond
	long := sc
	long.Tasks = []workload.Tasks{{Name: "reader", Count: 1, Reads: workload.ReadsTasksTrace, Section: 300 * time.Millisecond, Gap: time.Millisecond}}
	slowRCU := sc
	slowRCU.Machine.CPUs = 2
	slowRCU.Tasks = []workload.Tasks{{Name: "reader", Count: 12, CPUs: []int{1}, Reads: workload.ReadsRCU, Section: 200 * time.Millisecond, Gap: time.Millisecond}}
	for _, tt := range []struct {
		name string
		fix  fixes.Fix
		sc   workload.Scenario
	}{
		{"a delay without bound", late, long},
		{"sums at every look", busy, slowRCU},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(5) {
				r := Run(tt.sc, tt.fix, seed, Options{})
				if r.Diagnosis != trial.Slow {
					t.Errorf("seed %d: %s: %s, want slow", seed, r.Diagnosis, r.Why())
				}
			}
		})
	}
}

// A reader that stays on the list of those that block is named, if it is outside of its
// section at the end.
func TestAReaderThatStaysOnTheListIsNamed(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.SRCU.NoAutoExpedite, sc.Horizon, sc.Drain = true, 5*time.Second, 5*time.Second
	sc.Tasks = []workload.Tasks{{Name: "reader", Count: 2, CPUs: []int{1}, Reads: workload.ReadsRCU, Section: 20 * time.Millisecond, Gap: 40 * time.Millisecond}}
	fix := lookup(t, "baseline")
	fix.Overrides = []fixes.Override{Overrides{Decide: func() Decider {
		return func(d Decision, _ int, kernel bool) bool { return kernel && d != UnlockUnblocks }
	}}}
	found := 0
	for seed := range uint64(10) {
		r := Run(sc, fix, seed, Options{})
		if c := r.Cause; r.Diagnosis == trial.LostWakeup && c != nil && c.Mechanism == trial.ReaderNotRemoved {
			if found++; c.Group != "reader" {
				t.Errorf("seed %d: %s", seed, r.Why())
			}
		}
	}
	if found < 3 {
		t.Errorf("found in %d of 10 trials", found)
	}
}
