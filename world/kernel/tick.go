package kernel

// tick is a CPU's periodic tick: an hrtimer that forwards itself to the next point of
// its grid. It stops while the CPU is idle (NO_HZ_IDLE), even in a storm: the
// dependency that a throttled perf event sets counts for full dynticks alone
// (can_stop_idle_tick).
type tick struct {
	phase  ns // offset of the grid
	grid   ns // the last point of it that startTick computed
	tickAt ns // next expiry; 0 if stopped or being handled
	// tickStopped: the idle CPU ticks for its timers only, not on the grid.
	tickStopped bool
	ticks       uint64 // handled so far
	seenJif     uint64 // jiffies at the last tick, to detect a stall
	stuck       int    // number of ticks without progress of jiffies
}

const noOwner = -1

// takeoverTicks is the number of its own ticks without progress of jiffies after
// which a CPU advances them itself (MAX_STALLED_JIFFIES).
const takeoverTicks = 5

// startTick plans the next tick on the grid.
func (k *kernel) startTick(c *cpu) {
	c.tickStopped = false
	if next := c.grid + k.tick; c.grid <= k.now && k.now < next {
		c.grid = next
	} else {
		n := (k.now - c.phase + k.tick) / k.tick
		c.grid = c.phase + n*k.tick
	}
	k.planTick(c, c.grid)
}

func (k *kernel) planTick(c *cpu, at ns) {
	c.tickAt = at
	k.agenda.plan(&c.slots[slotTick], at)
}

func (k *kernel) stopTick(c *cpu) {
	c.tickAt = 0
	c.slots[slotTick].cancel()
}

// tickExpires is the expiry of the tick's hrtimer. The back-off after a hang of the
// hrtimer interrupt delays it like all others.
func (k *kernel) tickExpires(c *cpu) {
	k.sync(c)
	if held := max(c.hrBlocked, c.timerLost); held > k.now {
		k.planTick(c, held)
		k.settle(c)
		return
	}
	k.stopTick(c)
	c.notice()
	c.pending = append(c.pending, irq{kind: irqTick})
	k.settle(c)
}

// onTick is the tick handler (tick_nohz_handler, update_process_times).
func (k *kernel) onTick(c *cpu) {
	c.ticks++
	k.tickJiffies(c)
	if c.timers.due(k.jiffies) {
		c.softPending |= softTimer
	}
	k.rcuTick(c)
	if len(c.irqWorks) > 0 {
		k.runIRQWorks(c)
	}
	if len(c.own) > 0 {
		k.checkOwn(c)
	}
	c.tickSources()
	k.schedTick(c)
	if c.idle() {
		k.programIdleTick(c)
	} else {
		k.startTick(c)
	}
	if k.opt.everyTick != nil {
		k.opt.everyTick(k)
	}
}

// tickJiffies advances jiffies if this CPU is the timekeeper, or if the timekeeper
// has not advanced them for a while (tick_sched_do_timer).
func (k *kernel) tickJiffies(c *cpu) {
	if k.timekeeper == noOwner {
		k.timekeeper = c.id
	}
	if k.jiffies == c.seenJif {
		c.stuck++
	} else {
		c.stuck = 0
	}
	if k.timekeeper == c.id || c.stuck >= takeoverTicks {
		k.updateJiffies()
		c.stuck = 0
	}
	c.seenJif = k.jiffies
}

func (k *kernel) updateJiffies() {
	switch d := k.now - k.jiffyBegan; {
	case d < k.tick:
		return
	case d < 2*k.tick:
		k.jiffies, k.jiffyBegan = k.jiffies+1, k.jiffyBegan+k.tick
	default:
		n := k.now / k.tick
		k.jiffies, k.jiffyBegan = initialJiffies+uint64(n), n*k.tick
	}
	for _, d := range k.domains {
		if d.process.timer != 0 {
			k.moved = true // its work may be late from now on
		}
	}
}

// initialJiffies is five minutes before the wrap at 32 bits, as in the kernel. The
// counter has 64 bits here, so it does not wrap.
const initialJiffies = 1<<32 - 300*250

// enterIdle puts an idle CPU to sleep.
func (k *kernel) enterIdle(c *cpu) {
	if c.inIdle {
		return
	}
	if c.softPending != 0 {
		k.checkSoftirqsIdle(c)
	}
	k.checkNothingToPull(c)
	if len(c.own) > 0 {
		k.checkOwn(c)
	}
	c.inIdle = true
	c.eqs++
	c.resched = noResched
	k.programIdleTick(c)
}

// leaveIdle wakes the CPU for an interrupt or a task. Only a task restarts the tick
// (tick_nohz_idle_exit).
func (k *kernel) leaveIdle(c *cpu) {
	if !c.inIdle {
		return
	}
	c.inIdle = false
	c.eqs++
	if c.tickStopped {
		k.updateJiffies() // tick_nohz_irq_enter
	}
}

// ensureTick starts the tick of a busy CPU.
func (k *kernel) ensureTick(c *cpu) {
	if c.tickStopped {
		k.startTick(c)
	}
}

// programIdleTick makes an idle CPU wake for its first wheel timer, if any: at once if
// the timer has expired, or in the next tick if the CPU still ticks
// (tick_nohz_next_event). While the CPU has RCU callbacks, or an irq_work that waits for
// a tick, it keeps ticking (rcu_needs_cpu, irq_work_needs_cpu); callbacks that it has
// offloaded do not count.
func (k *kernel) programIdleTick(c *cpu) {
	if !c.offloaded() && c.callbacks.len() > 0 || len(c.irqWorks) > 0 {
		k.startTick(c)
		return
	}
	expires, ok := c.timers.first()
	if !ok {
		k.leaveGrid(c)
		k.stopTick(c)
		return
	}
	switch at := ns(expires-initialJiffies) * k.tick; {
	case at > k.now:
		k.leaveGrid(c)
		k.planTick(c, at+c.phase)
	case c.tickStopped && c.softPending&softTimer == 0:
		k.planTick(c, k.now+1)
	default:
		k.startTick(c)
	}
}

// leaveGrid is the part of tick_nohz_stop_tick that does not concern the timer.
func (k *kernel) leaveGrid(c *cpu) {
	c.tickStopped = true
	if k.timekeeper == c.id {
		k.timekeeper = noOwner
	}
}
