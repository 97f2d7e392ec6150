package kernel

import (
	"math"

	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/trial"
)

// offload is the callback offloading of one CPU (rcu_nocbs=): its group's kthread
// gives the callbacks grace periods, and a kthread of its own invokes them
// (kernel/rcu/tree_nocb.h).
type offload struct {
	group *nocbGroup // nil if the CPU handles its callbacks itself
	rcuo  *task
}

// nocbGroup is a group of offloaded CPUs with one kthread, rcuog.
type nocbGroup struct {
	cpus    []*cpu
	kthread *task
	posted  bool   // a callback was posted since the kthread last looked
	waiting bool   // the kthread waits for a grace period,
	until   uint64 // the one with this number
}

// bootNoCBs creates the kthreads of offloaded CPUs. A group has as many CPUs as there
// are groups (rcu_nocb_gp_stride).
func (k *kernel) bootNoCBs() {
	offloaded := k.sc.RCU.NoCBs
	if len(offloaded) == 0 {
		return
	}
	set := cpuSetOf(offloaded, len(k.cpus))
	stride := k.possible() / int(math.Sqrt(float64(k.possible())))
	allowed := k.mask(k.sc.Placement.RCUO)
	var g *nocbGroup
	next := 0 // first CPU of the next group
	for _, c := range k.cpus {
		if !set.has(c.id) {
			continue
		}
		if c.id >= next {
			next = (c.id/stride + 1) * stride
			g = k.newNoCBGroup(c, allowed)
		}
		k.offload(c, g, allowed)
	}
}

// newNoCBGroup creates the group whose first CPU is c.
func (k *kernel) newNoCBGroup(c *cpu, allowed cpuSet) *nocbGroup {
	g := &nocbGroup{}
	g.kthread = k.spawn("rcuog/"+itoa(c.id), allowed, k.direct(func(t *task) { k.nocbGP(t, g) }))
	g.kthread.role, g.kthread.prio = asOffload, k.rcu.kthread.prio
	return g
}

// offload hands the callbacks of a CPU over to a group.
func (k *kernel) offload(c *cpu, g *nocbGroup, allowed cpuSet) {
	g.cpus = append(g.cpus, c)
	c.group = g
	name := "rcuop/" // rcu_state.abbr
	if !k.preemptRCU() {
		name = "rcuos/"
	}
	c.rcuo = k.spawn(name+itoa(c.id), allowed, k.direct(func(t *task) { k.nocbCB(t, c) }))
	c.rcuo.role = asOffload
	if k.sc.RCU.NoCBBoost { // CONFIG_RCU_NOCB_CPU_CB_BOOST
		c.rcuo.prio = k.rcu.kthread.prio
	}
}

func (o *offload) offloaded() bool { return o.group != nil }

// nocbPosted wakes the group's kthread for a callback, unless that waits for a grace
// period: it looks again afterwards (__call_rcu_nocb_wake).
func (k *kernel) nocbPosted(c *cpu) {
	g := c.group
	g.posted = true
	if !g.waiting && k.decision(PostWakesOffload, c.id, true) {
		k.wake(g.kthread)
	}
}

// nocbGP is the kthread of a group (nocb_gp_wait): it gives the callbacks of its CPUs
// grace periods, wakes the kthreads of those with ready ones, and waits for the first
// grace period that others need, or for the next callback.
func (k *kernel) nocbGP(t *task, g *nocbGroup) {
	for {
		g.posted, g.waiting = false, false
		t.use(costRCUCore)
		for _, c := range g.cpus {
			if !k.decision(OffloadServed, c.id, true) {
				continue
			}
			k.assignCallbacks(c)
			n := 0
			for k.callbackReady(c, n) {
				n++
			}
			if n > 0 && k.decision(ReadyWakesOffload, c.id, true) {
				k.wake(c.rcuo)
			}
			if n < c.callbacks.assigned() {
				if s := c.callbacks.at(n).seq; !g.waiting || !rcu.SeqGE(s, g.until) {
					g.waiting, g.until = true, s
				}
			}
		}
		if g.waiting {
			t.sleepUntil(idling, inOffloadGP, func() bool { return rcu.SeqDone(k.rcu.seq, g.until) })
			continue
		}
		t.sleepUntil(idling, nowhere, func() bool { return g.posted })
	}
}

// nocbCB is the kthread of one CPU (nocb_cb_wait, rcu_do_batch). It invokes each
// callback with softirqs disabled.
func (k *kernel) nocbCB(t *task, c *cpu) {
	for {
		for k.callbackReady(c, 0) {
			cb := c.callbacks.pop()
			t.atomic = true
			k.withoutSoftirqs(t, k.cost(costCallback)+ns(k.sc.Callbacks.RCU), func() {
				k.moved = true
				k.checkRCU("callback", cb.epoch)
				k.checkCallbackTurn(&c.turns, cb.turn, k.flavor(), c.id)
				k.invoke(cb.link, cb.fn)
			})
			t.atomic = false
			t.condResched()
		}
		t.sleepUntil(idling, nowhere, func() bool { return k.callbackReady(c, 0) })
	}
}

// withoutSoftirqs spends CPU time and calls fn between local_bh_disable() and
// local_bh_enable(). The latter runs the softirqs that were raised meanwhile and, in a
// kernel with preemption, switches tasks if that is due.
func (k *kernel) withoutSoftirqs(t *task, d ns, fn func()) {
	t.cpu.softDisabled = true
	t.ask(use(d))
	fn()
	c := t.cpu
	c.softDisabled = false
	if c.softPending != 0 && !c.softActive {
		k.beginSoftirq(c)
		t.ask(use(1)) // after them
	} else if k.preemptRCU() {
		t.condResched()
	}
}

// condResched lets the CPU switch to another task if that is due (cond_resched).
func (t *task) condResched() {
	if t.cpu.resched == hardResched {
		t.ask(use(0))
	}
}

// callbackTime is the configured CPU time of an SRCU callback, which runs with softirqs
// disabled.
func (k *kernel) callbackTime() {
	if d := ns(k.sc.Callbacks.SRCU); d > 0 && k.curTask != nil {
		k.withoutSoftirqs(k.curTask, d, func() {})
	}
}

// nocbGPEnded wakes the kthreads that wait for the grace period that has just ended
// (rcu_nocb_gp_cleanup).
func (k *kernel) nocbGPEnded() {
	var last *nocbGroup
	for _, c := range k.cpus {
		if g := c.group; g != nil && g != last {
			last = g
			if g.waiting && rcu.SeqDone(k.rcu.seq, g.until) && k.decision(GPEndWakesOffload, c.id, true) {
				k.wake(g.kthread)
			}
		}
	}
	if last != nil {
		k.checkOffloads()
	}
}

// checkOffloads checks, at the end of a grace period, that a kthread of offloaded CPUs which
// sleeps has no callbacks that the end has made ready (rcu_nocb_gp_cleanup; nocb_gp_wait
// waits for the first grace period that its CPUs need).
func (k *kernel) checkOffloads() {
	for _, c := range k.cpus {
		if c.group != nil && c.group.kthread.state != running && c.rcuo.state != running &&
			c.callbacks.assigned() > 0 && rcu.SeqDone(k.rcu.seq, c.callbacks.at(0).seq) {
			k.violate(trial.CallbackLate, "a grace period ends that a callback of CPU %d waits for, and %s sleeps on", c.id, c.group.kthread.name)
		}
	}
}

// offloadWaits follows a callback that was posted on an offloaded CPU.
func (k *kernel) offloadWaits(c *cpu, mark *rcuMark) node {
	switch {
	case *mark == rcuMark{}:
		return c.group.kthread
	case !rcu.SeqDone(k.rcu.seq, mark.normal):
		return &k.rcu
	case c.group.waiting:
		return c.group.kthread
	}
	return c.rcuo
}

// offloadForgotten reports whether a kthread of offloaded CPUs sleeps though it has
// something to do, or would have if it looked.
func (k *kernel) offloadForgotten(t *task) bool {
	for _, c := range k.cpus {
		switch g := c.group; {
		case g == nil:
		case c.rcuo == t && k.callbackReady(c, 0):
			return true
		case g.kthread == t && g.waiting && rcu.SeqDone(k.rcu.seq, g.until):
			return true
		case g.kthread == t && !g.waiting && g.posted:
			return true
		}
	}
	return false
}
