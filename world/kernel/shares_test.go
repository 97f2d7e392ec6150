package kernel

import (
	"testing"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// Samples that take more than their budget are found, though they may take a sample more in
// one tick and pay for it in the next.
func TestSamplesBeyondTheirBudgetAreFound(t *testing.T) {
	t.Parallel()
	const budget, sample = 100_000, 30_000
	for _, tt := range []struct {
		name   string
		ticks  []ns // time of samples in each tick
		device bool
		want   trial.Oracle
	}{
		{"the budget", []ns{budget, budget, budget}, false, ""},
		{"a sample more, and paid back", []ns{budget + sample, budget - sample, budget + sample}, false, ""},
		{"a sample more in each tick", []ns{budget + sample, budget + sample}, false, trial.UnfairShare},
		{"two ticks at once", []ns{0, 2 * budget}, false, trial.UnfairShare},
		{"a device that is not charged", []ns{0, 2 * budget}, true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := booted(t, nil)
			k.budget = budget
			c := k.cpus[1]
			c.charged.rest = budget
			k.storms = []*storm{{sets: []sourceAt{{src: &source{handler: sample}}}}}
			if tt.device {
				c.wide = []*source{{device: true}}
			}
			for _, took := range tt.ticks {
				c.stormTime += took
				c.checkBudget()
			}
			if got := k.firstFinding(); got != tt.want {
				t.Errorf("%v, want %q", k.violations, tt.want)
			}
		})
	}
}

// Fair tasks that get less than the budget of the fair server beside real-time ones are
// found, and so are those that get much more.
func TestUnfairSharesBesideRealTimeTasksAreFound(t *testing.T) {
	t.Parallel()
	const ms = 1_000_000
	for _, tt := range []struct {
		name string
		// fair is the time in ms, at the end of each second, in which a fair task runs.
		fair   ns
		serves bool
		off    bool
		want   trial.Oracle
	}{
		{"the budget", 50, true, false, ""},
		{"nothing", 0, true, false, trial.UnfairShare},
		{"nothing, and no server", 0, true, true, ""},
		{"a fifth of the budget", 10, true, false, trial.UnfairShare},
		{"three budgets", 150, true, false, trial.UnfairShare},
		{"three budgets in which no real-time task could run", 150, false, false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := booted(t, nil)
			k.sc.Machine.NoFairServer = workload.Off(tt.off)
			c, f, rt := k.cpus[1], &task{k: k, name: "fair"}, &task{k: k, name: "rt", prio: 1}
			for k.now = 0; k.now < 5_000*ms; k.now += k.tick {
				c.cur, c.fair, c.rt, c.server.serves = rt, []*task{f}, nil, false
				if k.now%(1_000*ms) >= (1_000-tt.fair)*ms {
					c.cur, c.fair, c.rt, c.server.serves = f, nil, []*task{rt}, tt.serves
				} else {
					c.rtTime += k.tick
				}
				k.checkServed(c)
			}
			if got := k.firstFinding(); got != tt.want {
				t.Errorf("%v, want %q", k.violations, tt.want)
			}
		})
	}
}

// A period of the fair server that begins anew too early is found.
func TestAPeriodThatBeginsAnewTooEarlyIsFound(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		was, now fairServer
		want     trial.Oracle
	}{
		{"the same period", fairServer{since: 100, left: 10}, fairServer{since: 100, left: 10}, ""},
		{"after its end", fairServer{since: 100, left: 10}, fairServer{since: 2_000_000_000, left: 50_000_000}, ""},
		{"after its budget", fairServer{since: 1_500_000_000}, fairServer{since: 2_000_000_000, left: 50_000_000}, ""},
		{"before", fairServer{since: 1_500_000_000, left: 10}, fairServer{since: 2_000_000_000, left: 50_000_000}, trial.UnfairShare},
		{"a larger budget", fairServer{}, fairServer{since: 2_000_000_000, left: 50_000_001}, trial.UnfairShare},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := booted(t, nil)
			k.now = 2_000_000_000
			c := k.cpus[1]
			c.server = tt.now
			k.checkPeriod(c, tt.was)
			if got := k.firstFinding(); got != tt.want {
				t.Errorf("%v, want %q", k.violations, tt.want)
			}
		})
	}
}
