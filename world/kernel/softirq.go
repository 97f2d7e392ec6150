package kernel

// softirqs is a set of pending softirq vectors.
type softirqs uint8

const (
	softTimer softirqs = 1 << iota // TIMER_SOFTIRQ
	softRCU                        // RCU_SOFTIRQ
)

// Limits of running softirqs on interrupt exit before ksoftirqd takes over
// (MAX_SOFTIRQ_RESTART, MAX_SOFTIRQ_TIME).
const (
	softMaxRounds = 10
	softMaxMillis = 2
)

// raiseSoftirq marks softirqs as pending. Outside of interrupts and softirqs,
// ksoftirqd runs them.
func (k *kernel) raiseSoftirq(c *cpu, s softirqs) {
	c.softPending |= s
	if !c.irqActive && !c.softActive && !c.softDisabled {
		k.wake(c.ksoftirqd)
	}
}

func (k *kernel) beginSoftirq(c *cpu) {
	c.softActive, c.softRounds = true, 0
	c.softRun = softirqRun{began: k.jiffies}
	c.softUntil = k.jiffies + max(1, uint64(softMaxMillis*k.sc.Machine.HZ/1000))
	k.beginSoftirqRound(c)
}

func (k *kernel) beginSoftirqRound(c *cpu) {
	k.checkSoftirqRound(c)
	c.softNow, c.softPending = c.softPending, 0
	k.trace.softirqBegin(c)
	c.softLeft = k.softirqCost(c, c.softNow)
}

// softirqCost is the CPU time of one pass over the given softirqs.
func (k *kernel) softirqCost(c *cpu, s softirqs) ns {
	n := costSoftirq
	if s&softTimer != 0 {
		n += costTimer * c.timers.expired(k.jiffies)
	}
	extra := ns(0)
	if s&softRCU != 0 {
		batch := k.callbackBatch(c)
		n += costRCUCore + costCallback*batch
		extra = ns(batch) * ns(k.sc.Callbacks.RCU)
	}
	return k.cost(n) + extra
}

// runSoftirqs applies the effects of one pass.
func (k *kernel) runSoftirqs(c *cpu, s softirqs) {
	if s&softTimer != 0 {
	timers:
		for {
			t, ok := c.timers.take(k.jiffies)
			switch {
			case !ok:
				break timers
			case t.fn != nil:
				k.moved = true
				t.fn()
			case t.sleep.over():
				k.wake(t.sleep.task)
			}
		}
	}
	if s&softRCU != 0 {
		k.rcuCore(c)
	}
}

// endSoftirqRound ends one pass on interrupt exit, and either starts the next one or
// leaves the rest to ksoftirqd.
func (k *kernel) endSoftirqRound(c *cpu) {
	k.runSoftirqs(c, c.softNow)
	k.trace.softirqEnd(c, c.softNow)
	if c.softPending != 0 {
		c.softRounds++
		if k.decision(SoftirqsGoOn, c.id, c.softRounds < softMaxRounds && k.jiffies < c.softUntil && c.resched != hardResched) {
			k.beginSoftirqRound(c)
			return
		}
		c.softActive = false
		k.wake(c.ksoftirqd)
		k.checkSoftirqsLeft(c)
		return
	}
	c.softActive = false
}

// newKsoftirqd creates the thread that runs the softirqs that interrupt exit left.
// Each of its passes is a quiescent state.
func (k *kernel) newKsoftirqd(c *cpu) *task {
	var now softirqs
	return k.spawn("ksoftirqd/"+itoa(c.id), only(c.id), stepFunc(func(*task) demand {
		if c.softDisabled {
			c.softDisabled = false
			k.runSoftirqs(c, now)
			k.recordQS(c)
			c.switched = true
			if c.resched != noResched {
				return use(0) // cond_resched() in run_ksoftirqd()
			}
		}
		if c.softPending == 0 {
			return sleepIn(sleeping)
		}
		now, c.softPending = c.softPending, 0
		c.softDisabled = true
		return use(k.softirqCost(c, now))
	}))
}
