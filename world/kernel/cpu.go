package kernel

// cpu is one virtual CPU. It executes, from the bottom up, a task (or idle), softirqs
// on top of the task, an interrupt handler on top of either, and samples of storms on
// top of the contexts that their kind can interrupt.
type cpu struct {
	k     *kernel
	id    int
	at    ns                    // the instant up to which this CPU has executed
	slots *[slotsPerCPU]instant // in the agenda
	stormCPU
	charged charged
	faulty
	ahead     ahead
	oneSource oneSource // the last computed interval

	irqActive bool
	irqNow    irq
	irqLeft   ns
	pending   []irq // raised, not taken yet

	softPending softirqs // raised, not run yet
	softActive  bool     // running on irq exit
	softNow     softirqs
	softLeft    ns
	softRounds  int
	softUntil   uint64 // time at which ksoftirqd takes over, in jiffies
	softRun     softirqRun
	// exitToSoftirq: an hrtimer sample has just returned with softirqs pending.
	exitToSoftirq bool
	softDisabled  bool // ksoftirqd is running softirqs

	cur      *task // nil is idle
	overhead ns    // switch cost still to be paid before cur executes
	// switching divides the overhead.
	switching switching
	runqueue
	server  fairServer
	served  served
	resched resched
	kicks   uint64 // reschedule IPIs to this CPU, for an oracle

	hrtickAt ns // expiry of the scheduler's hrtimer; 0 if it is not armed
	tick
	timers   wheel
	irqWorks []func() // that wait for the tick
	rcuCPU
	pool      *pool
	ksoftirqd *task

	ranReader bool   // this CPU has run a tracepoint reader (the debug flavour record)
	eqs       uint64 // changes whenever the CPU enters or leaves idle
	stormTime ns     // time of samples so far
	irqTime   ns     // the part of it in hrtimer samples
	rtTime    ns     // time of real-time tasks so far
	// stormWhileOn is the part of stormTime while at least one storm was active: a
	// sample may outlast its storm.
	stormWhileOn ns
}

// irq is an interrupt that a CPU takes.
type irq struct {
	kind irqKind
	task *task  // irqWake: the sleeper
	done func() // irqCall: the function to call
}

type irqKind uint8

const (
	irqTick    irqKind = iota
	irqResched         // reschedule IPI
	irqWake            // an hrtimer of a sleeping task
	irqExp             // the expedited grace period requests a quiescent state
	irqCall            // smp_call_function
	irqHRTick          // the scheduler's hrtimer
)

func (c *cpu) idle() bool { return c.cur == nil }

// irqsOff reports whether only NMIs can interrupt the CPU.
func (c *cpu) irqsOff() bool { return c.irqActive || c.switching.on() }

// raise delivers an interrupt, which wakes no sleeper, to the CPU after a delay.
func (c *cpu) raise(i irq, after ns) {
	if i.kind == irqResched {
		c.kicks++
	}
	c.k.agenda.push(c.k.now+after, eventTarget{cpu: c, kind: i.kind, fn: i.done})
}

// arrive takes an interrupt at once if the CPU accepts interrupts, otherwise as soon
// as it does.
func (c *cpu) arrive(i irq) {
	c.k.sync(c)
	if c.losesIPIs > 0 && i.kind.ipi() {
		c.unnoticed = append(c.unnoticed, i)
		return
	}
	c.notice()
	c.pending = append(c.pending, i)
	c.k.settle(c)
}

// sync updates the CPU's execution to the present.
func (k *kernel) sync(c *cpu) {
	if c.at == k.now {
		return
	}
	from := c.at
	var progress ns
	if c.executes() {
		progress = k.now - from
		c.at = k.now
	} else if ahead, ok := k.reach(c); ok {
		progress = ahead
	} else {
		progress = c.runToNow()
	}
	switch {
	case c.irqActive:
		c.irqLeft -= progress
	case c.softActive:
		c.softLeft -= progress
	case c.cur != nil:
		paid := min(progress, c.overhead)
		c.overhead -= paid
		c.switching.spend(paid)
		if progress > paid {
			c.cur.progress(progress - paid)
		}
		if c.cur.fifo() {
			c.rtTime += progress
		}
	}
	if c.at != k.now {
		panic("kernel: a CPU stopped short of an instant without an event")
	}
	k.trace.executed(c)
	if t := c.cur; t != nil {
		t.vruntime += k.now - from
		if !t.fifo() {
			c.server.left -= k.now - from
		}
	}
	if len(k.rate.lowered) > 0 {
		k.rateLowered()
	}
}

// executes reports whether all time up to the CPU's next event is progress. runToNow
// finds the same, and does so if every interrupt is executed.
func (c *cpu) executes() bool {
	return c.undisturbed() && !c.halted() && !c.interrupted(c.irqsOff()) && !c.k.opt.Step
}

// runToNow executes the CPU up to the present and returns the progress made.
func (c *cpu) runToNow() (progress ns) {
	now := c.k.now
	progress = c.run(now, c.work(), c.irqsOff())
	if c.at < now { // after the switch, into a task without an end
		progress += c.run(now, c.cur.left, false)
	}
	return progress
}

// settle executes everything that is due on the CPU and plans its next event.
func (k *kernel) settle(c *cpu) {
	prev := k.here
	k.here = c
	for k.advance(c) {
		k.step()
	}
	k.plan(c)
	k.here = prev
}

// advance executes one thing that is due on the CPU, if there is one.
func (k *kernel) advance(c *cpu) bool {
	if c.inHandler() || c.halted() {
		return false
	}
	switch {
	case c.irqActive:
		if c.irqLeft > 0 {
			return false
		}
		k.handle(c, c.irqNow)
		c.irqActive = false
		k.trace.irqEnd(c, c.irqNow.kind)
		if len(c.pending) == 0 && c.softPending != 0 && !c.softActive && !c.softDisabled {
			k.beginSoftirq(c)
		}
		return true
	case len(c.pending) > 0 && !c.switching.on():
		c.exitToSoftirq = false // this interrupt's exit runs them
		i := c.pending[0]
		if n := len(c.pending) - 1; n == 0 {
			c.pending = c.pending[:0]
		} else {
			copy(c.pending, c.pending[1:])
			c.pending = c.pending[:n]
		}
		c.irqNow, c.irqActive, c.irqLeft = i, true, k.irqCost(i)
		k.trace.irqBegin(c, i.kind)
		if i.kind == irqHRTick {
			k.onHRTick(c)
		}
		if c.idle() {
			k.leaveIdle(c)
		}
		return true
	case c.softActive:
		if c.softLeft > 0 {
			return false
		}
		k.endSoftirqRound(c)
		return true
	case c.exitToSoftirq:
		c.exitToSoftirq = false
		if c.softPending == 0 || c.softDisabled {
			return true
		}
		k.beginSoftirq(c)
		return true
	case c.idle():
		if c.runnable() > 0 || k.pull(c) {
			k.schedule(c)
			return true
		}
		if !c.inIdle {
			k.enterIdle(c)
		}
		return false
	case c.switching.over():
		k.endStage(c)
		return true
	case c.overhead > 0:
		return false
	case c.resched != noResched && k.preemptible(c):
		k.schedule(c)
		return true
	case c.cur.left == 0:
		k.stepTask(c, c.cur)
		return true
	}
	return false
}

func (k *kernel) irqCost(i irq) ns {
	switch i.kind {
	case irqTick:
		return k.cost(costTick)
	case irqHRTick:
		return k.cost(costHRTick)
	}
	return k.cost(costIRQ)
}

// handle applies the effect of an interrupt whose handler has just finished.
func (k *kernel) handle(c *cpu, i irq) {
	switch i.kind {
	case irqTick:
		k.onTick(c)
	case irqResched:
		// The scheduler has set c.resched already.
	case irqWake:
		k.wake(i.task)
	case irqExp:
		k.onExpIPI(c)
		c.expTaken = k.rcu.exp.seq
	case irqHRTick:
		// Its effect came at the start.
	case irqCall:
		k.moved = true
		i.done()
	}
}

// plan schedules the event at which the CPU's current execution finishes. It voids an
// earlier plan.
func (k *kernel) plan(c *cpu) {
	c.slots[slotRun].cancel()
	c.ahead.valid = false
	if c.halted() {
		return
	}
	work := c.work()
	if work == never && len(c.pending) == 0 && c.softPending == 0 {
		return
	}
	// A tick replans in any case, so the plan need not reach beyond it. Without a
	// tick, or while a fault loses ticks, the plan stays short.
	limit := c.at + planAhead*k.tick
	noTick := c.tickAt == 0 || c.timerLost > limit
	if !noTick {
		limit = max(c.tickAt, c.at)
		if work < never && c.at+work >= limit && len(c.pending) == 0 && c.softPending == 0 {
			return
		}
	}
	at, returns := c.at, c.at < limit
	if !c.undisturbed() {
		at, returns = k.lookahead(c, limit, work)
	} else if !c.interrupted(c.irqsOff()) {
		at = min(c.at+work, limit)
		returns = at < limit
	}
	if returns || noTick {
		k.agenda.plan(&c.slots[slotRun], at)
	}
}

// work is the CPU time until the kernel has to inspect the current execution.
func (c *cpu) work() ns {
	switch {
	case c.irqActive:
		return c.irqLeft
	case c.softActive:
		return c.softLeft
	case c.cur == nil && !c.inIdle: // a sample began as an interrupt ended
		return 0
	case c.cur == nil:
		return never
	case c.switching.on():
		return c.switching.left
	case c.overhead > 0 && c.resched != noResched:
		return c.overhead // the end of the switch obeys the request
	case c.cur.left < never:
		return c.overhead + c.cur.left
	}
	return never
}

// planAhead is the number of ticks that a CPU plans ahead while its tick is being
// handled.
const planAhead = 4
