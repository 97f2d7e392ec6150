package kernel

import "github.com/gpstorm/gpstorm/workload"

// This file is HRTICK (kernel/sched/core.c and fair.c of 7.1 to 7.3): a high-resolution
// timer of each CPU ends the slice of its fair task when the slice is over, instead of
// the next tick. Ticks end slices too.

const (
	// hrtickLeast is the shortest delay of the timer (hrtick_start).
	hrtickLeast ns = 10_000
	// hrtickSlack: the timer is not armed anew for a smaller change
	// (hrtick_needs_rearm).
	hrtickSlack ns = 5_000
)

// hasHRTick reports whether the scheduler's feature HRTICK is on: since 7.1 by default
// (on x86, CONFIG_HRTIMER_REARM_DEFERRED), before only if the scenario says so.
func (k *kernel) hasHRTick() bool {
	if s := k.sc.Machine.HRTick; s != "" {
		return s == workload.SwitchOn
	}
	return k.fix.Kernel == workload.Linux73
}

// sliceOver reports whether a CPU's fair task has used up its slice, so that others may
// preempt it. With HRTICK the slice ends at the deadline that the task had when it was
// switched in (set_protect_slice); it does not begin anew if the task is picked again.
func (k *kernel) sliceOver(c *cpu) bool {
	if k.hrtick {
		return c.vruntime() >= c.cur.protected
	}
	return k.now-c.cur.pickedAt >= k.slice
}

// vruntime is the virtual runtime of the current task at present.
func (c *cpu) vruntime() ns { return c.cur.vruntime + c.k.now - c.at }

// beginSlice determines the delay of the timer in a switch, whose end arms it
// (set_next_task_fair, hrtick_schedule_exit). Without a fair task to be preempted, the
// timer stays armed; it is cancelled on an idle CPU only.
func (k *kernel) beginSlice(c *cpu) {
	t := c.cur
	switch {
	case !k.hrtick:
	case t == nil:
		c.hrtickAt = 0
	case !t.fifo():
		t.protected = t.deadline
		if len(c.fair) > 0 {
			c.switching.hrtick = max(hrtickLeast, t.deadline-c.vruntime())
		}
	}
}

// noteQueued arms the timer when the current task is not the only fair one any more
// (hrtick_update), on a machine with HRTICK.
func (k *kernel) noteQueued(c *cpu) {
	if c.hrtickAt != 0 || c.switching.hrtick != 0 || c.cur == nil || c.cur.fifo() || c.cur.state != running {
		return
	}
	left := c.cur.deadline - c.vruntime()
	if left < 0 { // update_deadline: a new slice
		left = k.slice
	}
	at := k.now + max(hrtickLeast, left)
	if c == k.here {
		k.armHRTick(c, at)
		return
	}
	c.raise(irq{kind: irqCall, done: func() { k.armHRTick(c, at) }}, ipiLatency) // __hrtick_start
}

// armHRTick is hrtick_start on the timer's own CPU.
func (k *kernel) armHRTick(c *cpu, at ns) {
	if d := at - c.hrtickAt; c.hrtickAt != 0 && -hrtickSlack <= d && d <= hrtickSlack {
		return
	}
	if c.cur != nil {
		c.overhead += k.cost(costHRTickStart)
	}
	k.planHRTick(c, max(at, k.now)) // its interrupt may have come late
}

// planHRTick plans an expiry. An earlier plan stays in the agenda, without effect.
func (k *kernel) planHRTick(c *cpu, at ns) {
	c.hrtickAt = at
	k.agenda.push(at, eventTarget{cpu: c, kind: irqHRTick})
}

// hrtickExpires is the expiry of a CPU's timer, unless it was cancelled or armed anew.
// The end of a switch arms an expired timer anew before its interrupt is taken.
func (k *kernel) hrtickExpires(c *cpu) {
	if c.hrtickAt != k.now {
		return
	}
	if c.switching.hrtick != 0 {
		c.hrtickAt = 0
		return
	}
	k.sync(c)
	if held := max(c.hrBlocked, c.timerLost); held > k.now {
		k.planHRTick(c, held)
		k.settle(c)
		return
	}
	c.hrtickAt = 0
	c.arrive(irq{kind: irqHRTick})
}

// onHRTick is hrtick, early in the interrupt: the preemption is a hard one, even where
// ticks preempt lazily. If the same task is picked again, the timer is not armed again,
// and the next tick ends the slice (until 7.3 at least).
func (k *kernel) onHRTick(c *cpu) {
	t := c.cur
	if t == nil || t.fifo() {
		return
	}
	if v := c.vruntime(); v >= t.deadline { // update_deadline
		t.deadline = v + k.slice
	}
	c.resched = hardResched
}
