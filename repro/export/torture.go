package export

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gpstorm/gpstorm/campaign/stat"
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// Torture is a run of rcutorture for the grace periods that a scenario's closes
// wait for.
type Torture struct {
	// Runs are rcutorture's own configurations with additional options
	// (kernel/rcu/rcutorture.c; for the configurations,
	// tools/testing/selftests/rcutorture/configs/rcu).
	Runs []TortureRun `json:"runs"`
	// Trials is the number of trials in the virtual kernel under Fix. Of their
	// Closes, Hung took at least the hung-task timeout.
	Trials int    `json:"trials"`
	Fix    string `json:"fix"`
	Closes int    `json:"closes"`
	Hung   int    `json:"hung"`
	// Rate is Hung of Closes with its exact 95 % interval.
	Rate stat.Interval `json:"rate_interval"`
	// PerHour is the number of closes per hour: by default the scenario's.
	PerHour float64 `json:"closes_per_hour"`
	// Needed is the number of closes that show at least one hang with a probability
	// of 99 %, at the observed rate; NeededMost, at the low end of its interval.
	// Both are 0 if no close hung.
	Needed, NeededMost int `json:"-"`
}

// TortureRun is one configuration of rcutorture.
type TortureRun struct {
	Config string   `json:"config"`
	Args   []string `json:"bootargs"`
	Why    string   `json:"why"`
}

// shown is the probability with which the run must show a hang.
const shown = 0.99

// ErrNoWait reports that no close of the scenario waits for a grace period.
var ErrNoWait = errors.New("closes: none: want a scenario whose closes wait for a grace period")

// Rcutorture runs variations of the scenario in the virtual kernel, and selects the
// torture for the grace periods that their closes wait for. An hour has perHour
// closes; 0 means as many as in the scenario. When ctx ends, so does the count.
func Rcutorture(ctx context.Context, sc workload.Scenario, fix fixes.Fix, seed uint64, trials int, perHour float64) (Torture, error) {
	t := Torture{Trials: trials, Fix: fix.Name, PerHour: perHour}
	waits := map[trial.Cause]time.Duration{}
	var virtual time.Duration
	for v := range trials {
		if err := ctx.Err(); err != nil {
			return Torture{}, err
		}
		r := kernel.Run(workload.Vary(sc, v, seed), fix, seed, kernel.Options{})
		t.Closes += len(r.Closes)
		t.Hung += r.Overdue
		virtual += sc.Horizon
		for _, s := range r.Blame {
			waits[trial.Cause{Domain: s.Cause.Domain, RCU: s.Cause.RCU}] += s.Wait
		}
	}
	if t.PerHour == 0 {
		t.PerHour = float64(t.Closes) / virtual.Hours()
	}
	if t.Runs = torturesOf(waits); len(t.Runs) == 0 || t.Closes == 0 {
		return t, ErrNoWait
	}
	t.Rate = stat.ClopperPearson(t.Hung, t.Closes, 0.95)
	if t.Hung > 0 {
		t.Needed = max(1, stat.RunsBelow(0, float64(t.Hung)/float64(t.Closes), shown))
		t.NeededMost = max(1, stat.RunsBelow(0, t.Rate.Lo, shown))
	}
	return t, nil
}

// Duration returns the time for the given number of closes.
func (t *Torture) Duration(closes int) time.Duration {
	return time.Duration(float64(closes) / t.PerHour * float64(time.Hour))
}

// torturesOf returns the runs for the domains that closes wait for, the one of the
// longest waits first.
func torturesOf(waits map[trial.Cause]time.Duration) (runs []TortureRun) {
	causes := make([]trial.Cause, 0, len(waits))
	for c := range waits {
		causes = append(causes, c)
	}
	slices.SortFunc(causes, func(a, b trial.Cause) int {
		return cmp.Or(cmp.Compare(waits[b], waits[a]), a.Compare(b))
	})
	add := func(r TortureRun) {
		if !slices.ContainsFunc(runs, func(o TortureRun) bool { return slices.Equal(o.Args, r.Args) }) {
			runs = append(runs, r)
		}
	}
	for _, c := range causes {
		switch c.Domain {
		case "tracepoint_srcu":
			// SRCU_READ_FLAVOR_FAST (include/linux/srcu.h).
			add(TortureRun{"SRCU-P", []string{"rcutorture.torture_type=srcud", "rcutorture.reader_flavor=0x4"},
				"closes wait for tracepoint_srcu, whose readers are SRCU-fast; 0x4 is that flavor since 6.19, 0x8 from 6.15 to 6.18"})
		case "rcu_tasks_trace_srcu_struct", "rcu_tasks_trace":
			add(TortureRun{"TRACE01", []string{"rcutorture.torture_type=tasks-tracing"}, "closes wait for RCU Tasks Trace"})
		}
		switch c.RCU {
		case trial.ExpeditedRCU:
			add(TortureRun{"TREE01", []string{"rcutorture.torture_type=rcu", "rcutorture.gp_exp=1"}, "the wait contains expedited RCU grace periods"})
		case trial.NormalRCU:
			add(TortureRun{"TREE01", []string{"rcutorture.torture_type=rcu", "rcutorture.gp_sync=1"}, "the wait contains RCU grace periods"})
		}
	}
	return runs
}
