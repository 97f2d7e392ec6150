package kernel

import "github.com/gpstorm/gpstorm/trial"

// This file holds the oracles for the softirqs that run at the exit of an interrupt. They
// have limits of their own, so that they do not agree with wrong ones.

// softirqRun describes the softirqs that run at the exit of an interrupt, for the oracles.
type softirqRun struct {
	began  uint64 // jiffies
	rounds int
}

// checkSoftirqRound checks, at the start of a round, that softirqs go on only within the
// limits of handle_softirqs(): ten rounds, two milliseconds, and no task that is to be
// switched to.
func (k *kernel) checkSoftirqRound(c *cpu) {
	const mostRounds, most = 10, 2 // ms
	r := &c.softRun
	if r.rounds++; r.rounds == 1 {
		return
	}
	jiffies := uint64(max(1, most*k.sc.Machine.HZ/1000))
	switch {
	case r.rounds > mostRounds:
		k.violate(trial.SoftirqsGoOn, "softirqs run for the %dth time at the exit of an interrupt of CPU %d, and the limit is %d", r.rounds, c.id, mostRounds)
	case k.jiffies-r.began >= jiffies:
		k.violate(trial.SoftirqsGoOn, "softirqs have run for %d jiffies at the exit of an interrupt of CPU %d, and go on; the limit is %d", k.jiffies-r.began, c.id, jiffies)
	case c.resched == hardResched:
		k.violate(trial.SoftirqsGoOn, "softirqs of CPU %d go on while a task waits for it", c.id)
	}
}

// checkSoftirqsLeft checks that ksoftirqd runs what the exit of an interrupt leaves
// (wakeup_softirqd).
func (k *kernel) checkSoftirqsLeft(c *cpu) {
	if c.ksoftirqd.state != running {
		k.violate(trial.SoftirqsForgotten, "CPU %d leaves softirqs to ksoftirqd, and does not wake it", c.id)
	}
}

// checkSoftirqsIdle checks that a CPU that goes to sleep has no softirqs to run
// (report_idle_softirq).
//
//go:noinline
func (k *kernel) checkSoftirqsIdle(c *cpu) {
	if c.softPending != 0 {
		k.violate(trial.SoftirqsForgotten, "CPU %d goes idle with softirqs pending", c.id)
	}
}
