package kernel

import "github.com/gpstorm/gpstorm/trial"

// This file holds the oracles for requests to switch tasks (resched_curr). A tick repairs
// a request that was not made, so the oracles look where it should be made.

// request records the requests to a CPU to switch tasks, before an event that may add one.
type request struct {
	resched resched
	kicks   uint64
}

func (c *cpu) request() request { return request{c.resched, c.kicks} }

// askedAtOnce reports whether the CPU is to switch as soon as it can, and gets an interrupt
// for that since the request if it is not this one.
func (c *cpu) askedAtOnce(was request) bool {
	return c.resched == hardResched && (c.kicks != was.kicks || c == c.k.here)
}

// checkPreempts checks, after a task was queued, that its CPU was asked to switch if the
// task goes before the current one (wakeup_preempt).
//
//go:noinline
func (k *kernel) checkPreempts(c *cpu, t *task, was request) {
	cur := c.cur
	switch {
	case cur == nil, t.prio > cur.prio && (cur.fifo() || !c.server.serves):
		k.checkAsked(c, was, hardResched, t.name)
	case !t.fifo() && !cur.fifo() && k.sliceOver(c):
		k.checkAsked(c, was, k.fairResched(), t.name)
	}
}

// checkAsked checks that a CPU has been asked to switch tasks, and that another CPU has
// sent it an IPI unless it was asked before.
func (k *kernel) checkAsked(c *cpu, was request, least resched, who string) {
	switch {
	case c.resched < least:
		k.violate(trial.NotRescheduled, "%s goes before the task of CPU %d, which is not asked to switch", who, c.id)
	case c != k.here && least == hardResched && (c.cur == nil || was.resched < least) && c.kicks == was.kicks:
		k.violate(trial.NotRescheduled, "%s goes before the task of CPU %d, to which no reschedule interrupt is sent", who, c.id)
	}
}

// checkWaiting checks, early in a tick of a CPU that may have queued tasks, that it was asked
// to switch if one of them goes before the current task: the rest of the tick asks it anyway.
// The end of the scenario takes the priority of running tasks.
//
//go:noinline
func (k *kernel) checkWaiting(c *cpu) {
	switch cur := c.cur; {
	case cur == nil:
		if c.resched == noResched && c.runnable() > 0 {
			k.violate(trial.NotRescheduled, "CPU %d is idle with %d tasks queued, and is not asked to switch", c.id, c.runnable())
		}
	case len(c.rt) > 0 && c.rt[0].prio > cur.prio && (cur.fifo() || !c.server.serves) && c.resched != hardResched && !k.drained:
		k.violate(trial.NotRescheduled, "%s waits on CPU %d, whose task has a lower priority and is not to be switched out", c.rt[0].name, c.id)
	}
}

// lazyRequest records, for an oracle, the last tick that left a request lazy.
type lazyRequest struct {
	t    *task // the current task, over its slice while others waited; nil is none
	pick ns    // when it was picked
}

// checkHardened checks, at a tick that leaves a lazy request, that no earlier tick left one for
// the same turn of the task, if its slice was over and fair tasks waited both times: the second
// makes the request a hard one (sched_tick).
//
//go:noinline
func (k *kernel) checkHardened(c *cpu) {
	t := c.cur
	if t == nil || t.fifo() || len(c.fair) == 0 || !k.sliceOver(c) {
		return
	}
	found := lazyRequest{t, t.pickedAt}
	if c.lazy == found {
		k.violate(trial.NotRescheduled, "%s is over its slice on CPU %d at a second tick, and the request to switch is still lazy", t.name, c.id)
	}
	c.lazy = found
}

// checkPicked checks that a CPU with real-time tasks in its queue runs none of a lower
// priority (pick_task_rt), unless the fair server serves.
//
//go:noinline
func (k *kernel) checkPicked(c *cpu, t *task) {
	if t.prio < c.rt[0].prio && (t.fifo() || !c.server.serves) {
		k.violate(trial.NotRescheduled, "CPU %d switches to %s, and %s has a higher priority", c.id, t.name, c.rt[0].name)
	}
}

// checkNothingToPull checks that a CPU goes idle only if no task that waits on another CPU
// may run on it (sched_balance_newidle).
func (k *kernel) checkNothingToPull(c *cpu) {
	for _, o := range k.cpus {
		if o != c && o.runnable() > 0 && k.leftWaiting(c, o) {
			return
		}
	}
}

// leftWaiting reports whether a task that waits on o may run on c, which goes idle. It
// records the first.
//
//go:noinline
func (k *kernel) leftWaiting(c, o *cpu) bool {
	for _, q := range [...][]*task{o.fair, o.rt[:min(1, len(o.rt))]} {
		for _, t := range q {
			if t.allowed.has(c.id) && o.switching.prev != t {
				k.violate(trial.NotRescheduled, "CPU %d goes idle, and %s waits on CPU %d", c.id, t.name, o.id)
				return true
			}
		}
	}
	return false
}

// checkWokenOn checks that a task does not wake on a busy CPU while another on which it may
// run is idle (select_idle_sibling).
//
//go:noinline
func (k *kernel) checkWokenOn(on *cpu, t *task) {
	for _, c := range k.cpus {
		if c.vacant() && t.allowed.has(c.id) {
			k.violate(trial.NotRescheduled, "%s wakes on CPU %d, which is busy, and CPU %d is idle", t.name, on.id, c.id)
			return
		}
	}
}
