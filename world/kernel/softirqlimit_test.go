package kernel

import (
	"testing"

	"github.com/gpstorm/gpstorm/trial"
)

// firstFinding is the oracle of the first finding, if there is one.
func (k *kernel) firstFinding() trial.Oracle {
	if len(k.violations) == 0 {
		return ""
	}
	return k.violations[0].Oracle
}

// Softirqs that go on beyond the limits of the kernel, and those that nobody will run, are
// found.
func TestSoftirqsBeyondTheirLimitsAreFound(t *testing.T) {
	t.Parallel()
	round := func(rounds int, jiffies uint64, r resched) func(*kernel, *cpu) {
		return func(k *kernel, c *cpu) {
			c.softRun, c.resched = softirqRun{began: k.jiffies - jiffies, rounds: rounds - 1}, r
			k.checkSoftirqRound(c)
		}
	}
	left := func(s taskState) func(*kernel, *cpu) {
		return func(k *kernel, c *cpu) {
			c.ksoftirqd.state = s
			k.checkSoftirqsLeft(c)
		}
	}
	idle := func(s softirqs) func(*kernel, *cpu) {
		return func(k *kernel, c *cpu) {
			c.softPending = s
			k.checkSoftirqsIdle(c)
		}
	}
	for _, tt := range []struct {
		name string
		act  func(*kernel, *cpu)
		want trial.Oracle
	}{
		{"the tenth round", round(10, 0, lazyResched), ""},
		{"the eleventh round", round(11, 0, noResched), trial.SoftirqsGoOn},
		{"the second round after two milliseconds", round(2, 1, noResched), trial.SoftirqsGoOn},
		{"the second round beside a task that waits", round(2, 0, hardResched), trial.SoftirqsGoOn},
		{"the first round beside a task that waits", round(1, 0, hardResched), ""},
		{"left to a thread that runs", left(running), ""},
		{"left to a thread that sleeps", left(sleeping), trial.SoftirqsForgotten},
		{"an idle CPU", idle(0), ""},
		{"an idle CPU with a timer to run", idle(softTimer), trial.SoftirqsForgotten},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := booted(t, nil)
			tt.act(k, k.cpus[1])
			if got := k.firstFinding(); got != tt.want {
				t.Errorf("%v, want %q", k.violations, tt.want)
			}
		})
	}
}
