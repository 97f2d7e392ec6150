package kernel

import "github.com/gpstorm/gpstorm/trial"

// This file holds the oracles for which events sample a CPU, and for how long.

// checkOwn checks that the events of tasks that sample the CPU are those of the task that it
// executes, or has not quite left (perf_event_task_sched_out, perf_event_task_sched_in).
func (k *kernel) checkOwn(c *cpu) {
	if len(c.own) == 0 {
		return
	}
	t := c.cur
	if c.switching.on() {
		t = c.switching.prev
	}
	if t == nil || len(t.sources) == 0 || t.sources[0] != c.own[0] {
		k.violate(trial.SampledElsewhere, "events of a task sample CPU %d, which does not execute it", c.id)
	}
}

// checkLimit checks, in a tick, that an event which was stopped since the last one had reached
// its limit of samples (__perf_event_account_interrupt). The limit never rises.
func (k *kernel) checkLimit(c *cpu, s *source) {
	if s.stoppedOn == c.id && s.tick == c.ticks-1 && s.samples < s.events*c.maxPerTick {
		k.violate(trial.ThrottledEarly, "an event of CPU %d was throttled after %d samples in a tick, and its limit is %d", c.id, s.samples, s.events*c.maxPerTick)
	}
}
