package kernel

import "github.com/gpstorm/gpstorm/trial"

// This file holds the oracles for shares of CPU time that are limited or guaranteed: the
// budget of samples, and that of fair tasks beside real-time ones.

// charged is the budget of samples of a CPU, for an oracle.
type charged struct {
	rest ns // of the budget; negative is debt
	took ns // time of samples at the last tick
}

// checkBudget checks, in a tick, that samples have taken no more than fixes.Budget allows:
// one budget for each tick. A budget cannot be saved for later ticks. The samples that use it
// up may exceed it. Interrupts of devices are not charged.
//
//go:noinline
func (c *cpu) checkBudget() {
	k, s := c.k, &c.charged
	s.rest -= c.stormTime - s.took
	s.took = c.stormTime
	if s.rest < 0 {
		if over := -s.rest - k.longestSamples(); over > 0 && !c.hasDevice() {
			k.violate(trial.UnfairShare, "samples of CPU %d have taken %d ns more than their budget of %d ns in each tick", c.id, over, k.budget)
			s.rest = 0
		}
	}
	s.rest = min(s.rest+k.budget, k.budget)
}

// longestSamples is the time of one NMI and one hrtimer sample, which can both begin before
// the budget ends.
func (k *kernel) longestSamples() ns {
	var longest [2]ns
	for _, st := range k.storms {
		for _, s := range st.sets {
			kind := 0
			if s.src.nmi {
				kind = 1
			}
			longest[kind] = max(longest[kind], s.src.handler)
		}
	}
	return longest[0] + longest[1]
}

func (c *cpu) hasDevice() bool {
	for _, s := range c.wide {
		if s.device {
			return true
		}
	}
	return false
}

// served is the time of fair tasks beside real-time ones on a CPU, for an oracle.
type served struct {
	seen     ns // time of the last tick
	since    ns // the first of the ticks in a row that found fair tasks and real-time ones; 0 is none
	rt       ns // rtTime then
	from     ns // start of a period of the excess, below
	excess   ns // time of fair tasks in it, while a real-time task waited
	reported bool
}

// checkServed checks the CPU time of fair tasks, in a tick of a CPU on which fair tasks wait or
// run beside real-time ones. In two periods of the fair server they get its budget, unless
// interrupts take the time: a budget that ends early, because the real-time tasks slept, begins
// a new period. In one period they get no more than two budgets while a real-time task waits.
//
//go:noinline
func (k *kernel) checkServed(c *cpu) {
	s, last := &c.served, c.served.seen
	s.seen = k.now
	if k.now-last > 2*k.tick || bool(k.sc.Machine.NoFairServer) || k.drained {
		s.since, s.from = 0, 0
		return
	}
	if c.cur == nil || !c.cur.fifo() && len(c.rt) == 0 || c.cur.fifo() && len(c.fair) == 0 {
		s.since = 0
		return
	}
	const period, budget = 1_000_000_000, 50_000_000
	if s.since == 0 {
		s.since, s.rt = k.now, c.rtTime
	}
	if c.server.serves && c.cur.fifo() { // a section that cannot be preempted delays the service
		s.since += k.now - last
		s.rt += k.now - last
	}
	if window := k.now - s.since; window >= 2*period+budget+4*k.tick {
		if got := window - (c.rtTime - s.rt); got < budget-2*k.tick {
			k.violate(trial.UnfairShare, "fair tasks of CPU %d got %d ns in %d ns beside real-time tasks, and the fair server has a budget", c.id, got, window)
		}
		s.since = 0
	}
	if s.from == 0 || k.now-s.from > period {
		s.from, s.excess = k.now, 0
	}
	if len(c.rt) > 0 && !c.cur.fifo() && c.server.serves {
		if s.excess += k.now - last; s.excess > 2*budget+4*k.tick && !s.reported {
			s.reported = true
			k.violate(trial.UnfairShare, "fair tasks of CPU %d ran for %d ns while a real-time task waited, and the fair server has a budget", c.id, s.excess)
		}
	}
}

// renewed reports whether a period of the fair server may have begun, or its budget grown.
func (s *fairServer) renewed(was fairServer) bool {
	return s.since != was.since || s.left > was.left || s.left > 50_000_000
}

// checkPeriod checks, when a fair task comes to a CPU without any, that a new period of the
// fair server begins only after the last one or when its budget is used up
// (replenish_dl_entity), and that fair tasks get no larger budget.
//
//go:noinline
func (k *kernel) checkPeriod(c *cpu, was fairServer) {
	const period, budget = 1_000_000_000, 50_000_000
	s := &c.server
	switch {
	case (s.since != was.since || s.left > was.left) && was.left > 0 && k.now-was.since < period:
		k.violate(trial.UnfairShare, "the period of the fair server of CPU %d begins anew %d ns after the last, with %d ns of its budget left", c.id, k.now-was.since, was.left)
	case s.left > budget:
		k.violate(trial.UnfairShare, "the fair server of CPU %d has a budget of %d ns", c.id, s.left)
	}
}
