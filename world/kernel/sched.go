package kernel

import (
	"math/bits"
	"slices"

	"github.com/gpstorm/gpstorm/workload"
)

// runqueue is the scheduler's state of one CPU: FIFO tasks first, then fair ones (see
// fair.go). Virtual runtime advances with wall time, interrupts included, as in
// kernels without CONFIG_IRQ_TIME_ACCOUNTING.
type runqueue struct {
	rt        []*task
	fair      []*task // in the order of their deadlines, then of their PIDs
	fairSpace []*task // fair is a part of it
	joins     uint64  // number of tasks that joined fair so far
	fairSum   ns      // sum of their virtual runtimes
	vtime     ns      // average virtual runtime at the last pick of a fair task
	switches  uint64
	capacity  capacity
	lazy      lazyRequest
}

func (q *runqueue) runnable() int { return len(q.rt) + len(q.fair) }

// resched is the urgency of switching out the current task.
type resched uint8

const (
	noResched resched = iota
	// lazyResched waits until the task returns to user mode, or for the next tick
	// (TIF_NEED_RESCHED_LAZY).
	lazyResched
	hardResched // TIF_NEED_RESCHED
)

// sliceOf is the slice on a machine with this number of CPUs: base_slice, scaled by at
// most 8 CPUs (get_update_sysctl_factor).
func sliceOf(cpus int) ns {
	return 700_000 * ns(bits.Len(uint(min(cpus, 8))))
}

// wake makes a sleeping task runnable (try_to_wake_up).
func (k *kernel) wake(t *task) {
	if t.state == running || t.state == exited {
		t.wakeups++ // recorded: a task about to sleep checks its condition again
		return
	}
	k.decide(decideWake, uint64(t.pid))
	k.noteWorkerSleep(t)
	k.moved = k.moved || t.watched
	t.state, t.woken = running, true
	t.wakeGen++
	t.wakeups++
	t.left = 0
	from := t.cpu
	c := k.placeWoken(t)
	if !t.pinned && !c.vacant() {
		k.checkWokenOn(c, t)
	}
	t.cpu = c
	last := t.vruntime
	average := k.place(c, t, c != from)
	if !t.fifo() {
		k.checkPlaced(c, t, c != from, last, average)
	}
	k.enqueue(c, t)
	if k.hrtick && !t.fifo() {
		k.noteQueued(c)
	}
	if t.pool != nil {
		c.pool.running++
	}
	asked := c.request()
	k.preemptFor(c, t)
	if !c.askedAtOnce(asked) {
		k.checkPreempts(c, t, asked)
	}
}

// placeWoken chooses the CPU of a woken task: the previous CPU if it is idle, else
// any idle CPU, else the previous CPU. A fair task moves to the waker's CPU if it
// shares that CPU with fewer. A FIFO task avoids CPUs that are busy with real-time
// tasks.
func (k *kernel) placeWoken(t *task) *cpu {
	prev := t.cpu
	if prev.vacant() || t.pinned {
		return prev
	}
	var other *cpu
	for i := 1; i < len(k.cpus); i++ {
		c := k.cpus[(prev.id+i)%len(k.cpus)]
		if !t.allowed.has(c.id) {
			continue
		}
		if c.vacant() {
			return c
		}
		if other == nil && t.fifo() && !c.busyRT() {
			other = c
		}
	}
	if t.fifo() && prev.busyRT() && other != nil {
		return other
	}
	if c := k.here; !t.fifo() && c != nil && c != prev && t.allowed.has(c.id) && k.prefers(c, prev) {
		return c
	}
	return prev
}

func (c *cpu) vacant() bool { return c.cur == nil && c.runnable() == 0 }
func (c *cpu) busyRT() bool { return c.cur != nil && c.cur.fifo() || len(c.rt) > 0 }

func (k *kernel) enqueue(c *cpu, t *task) {
	if t.fifo() {
		c.addRT(t, false)
	} else {
		if len(c.fair) == 0 && (c.cur == nil || c.cur.fifo()) {
			was := c.server
			c.server.start(k.now)
			c.served.since = 0 // until now there were none
			if c.server.renewed(was) {
				k.checkPeriod(c, was)
			}
		}
		c.addFair(t)
	}
}

// preemptFor requests a reschedule if the woken task should run now.
func (k *kernel) preemptFor(c *cpu, t *task) {
	switch cur := c.cur; {
	case cur == nil:
		k.kickCPU(c, hardResched)
	case t.prio > cur.prio && (cur.fifo() || !c.fairFirst()):
		k.kickCPU(c, hardResched)
	case !t.fifo() && !cur.fifo() && k.sliceOver(c):
		k.kickCPU(c, k.fairResched())
	}
}

func (k *kernel) fairResched() resched {
	switch k.sc.Machine.Preempt {
	case workload.PreemptFull, workload.PreemptListed:
		return hardResched
	}
	return lazyResched
}

// kickCPU requests a reschedule of a CPU, by IPI unless it is this one.
func (k *kernel) kickCPU(c *cpu, r resched) {
	if c.resched >= r && c.cur != nil {
		return
	}
	if c == k.here {
		c.resched = max(c.resched, r)
		return // checked at the end of the present interrupt or step
	}
	if c.overhead > 0 { // the CPU checks at the end of its switch
		k.sync(c)
		c.resched = max(c.resched, r)
		k.plan(c)
	}
	c.resched = max(c.resched, r)
	if c.cur == nil || r == hardResched {
		c.raise(irq{kind: irqResched}, ipiLatency)
	}
}

// preemptible reports whether the current task can be switched out now.
func (k *kernel) preemptible(c *cpu) bool {
	t := c.cur
	if c.softDisabled {
		return false
	}
	if t.left == 0 { // between two pieces of work: a voluntary preemption point
		return c.resched == hardResched || t.loop == nil || t.loop.inUser()
	}
	if t.loop != nil {
		switch {
		case t.loop.preemptOff():
			t.loop.watchEnd()
			return false
		case t.loop.inUser():
			return true
		}
	}
	full := k.sc.Machine.Preempt == workload.PreemptFull
	if full || k.sc.Machine.Preempt == workload.PreemptLazy && c.resched == hardResched || k.listed(t) {
		return true
	}
	if t.loop != nil {
		t.loop.watchEnd()
	}
	return false
}

// schedule switches to the task that should run next (__schedule). A current task
// that sleeps has been dequeued already.
func (k *kernel) schedule(c *cpu) {
	prev := c.cur
	c.resched = noResched
	if prev != nil {
		k.trace.preempted(c, prev)
		k.noteContextSwitch(c, prev)
	}
	if prev != nil && prev.state == running {
		if prev.fifo() { // a preempted task stays the first of its priority
			c.addRT(prev, true)
		} else {
			if prev.vruntime >= prev.deadline {
				prev.deadline = prev.vruntime + k.slice
			}
			k.enqueue(c, prev)
		}
	}
	next := c.pick()
	if next == nil && k.pull(c) {
		next = c.pick()
	}
	if prev != nil && prev == next {
		next.pickedAt = k.now
		if l := next.loop; l != nil {
			l.resume()
		}
		return
	}
	if prev != nil {
		prev.switches++
	} else if next != nil {
		k.leaveIdle(c)
		k.ensureTick(c)
	}
	c.cur = next
	k.moved = k.moved || prev != nil && prev.watched || next != nil && next.watched
	k.trace.switched(c, prev)
	if next == nil {
		c.schedOut(prev)
		k.beginSlice(c)
		return
	}
	k.decide(decideSwitch, uint64(c.id)<<32|uint64(next.pid))
	c.switches++
	if !next.allowed.has(c.id) {
		k.misplaced(c, next)
	}
	if len(c.rt) > 0 {
		k.checkPicked(c, next)
	}
	next.switches++
	next.pickedAt = k.now
	next.cpu = c
	c.overhead = k.cost(switchCost(prev, next))
	next.woken = false
	k.beginSlice(c)
	k.beginSwitch(c, prev)
	if l := next.loop; l != nil {
		l.resume()
	}
}

// addRT queues a real-time task by its priority, as the first or the last of that
// priority.
func (c *cpu) addRT(t *task, first bool) {
	at := slices.IndexFunc(c.rt, func(o *task) bool { return o.prio < t.prio || first && o.prio == t.prio })
	if at < 0 {
		at = len(c.rt)
	}
	c.rt = slices.Insert(c.rt, at, t)
}

// pick removes the next task to run from the queue.
func (c *cpu) pick() *task {
	if len(c.rt) > 0 && !(c.fairFirst() && len(c.fair) > 0) {
		t := c.rt[0]
		c.rt = append(c.rt[:0], c.rt[1:]...)
		return t
	}
	return c.pickFair()
}

// schedTick ends the current task's slice if it is used up, and balances the load at
// intervals.
func (k *kernel) schedTick(c *cpu) {
	if c.cur == nil || len(c.rt) > 0 {
		k.checkWaiting(c)
	}
	if t := c.cur; t != nil && !t.fifo() && len(c.fair) > 0 && k.sliceOver(c) {
		if c.resched == lazyResched {
			c.resched = hardResched // a lazy reschedule becomes a hard one at the next tick
		} else {
			c.resched = max(c.resched, k.fairResched())
		}
	}
	if c.resched == lazyResched {
		k.checkHardened(c)
	}
	if c.server.left <= 0 || c.busyRT() && len(c.fair) > 0 {
		k.serveFair(c)
	}
	if len(c.rt) > 0 || c.cur != nil && c.cur.fifo() {
		k.checkServed(c)
	} else {
		c.served.seen = 0
	}
	if t := c.cur; t != nil && len(c.rt) > 0 && c.rt[0].prio > t.prio && (t.fifo() || !c.fairFirst()) {
		c.resched = hardResched
	}
	if int64(k.jiffies-c.capacity.balanceAt) >= 0 {
		k.balance(c)
	}
	if k.jiffies-c.capacity.balanced > k.mostUnbalanced {
		k.checkBalanced(c)
	}
}

// pull takes a waiting task from another CPU, the busiest one first
// (sched_balance_newidle).
func (k *kernel) pull(c *cpu) bool {
	var busiest *cpu
	queued := 0
	for _, o := range k.cpus {
		queued += o.runnable()
		if len(o.rt) > 0 && o != c && o.mayGive(o.rt[0], c) {
			c.rt = append(c.rt, o.rt[0])
			o.rt = append(o.rt[:0], o.rt[1:]...)
			return true
		}
	}
	if queued == 0 {
		return false
	}
	for _, o := range k.cpus {
		if o != c && (busiest == nil || len(o.fair) > len(busiest.fair)) && o.lends(c) {
			busiest = o
		}
	}
	if busiest == nil {
		return false
	}
	k.migrate(busiest, c, busiest.spare(c))
	return true
}

// migrate moves a queued fair task to another CPU. It keeps its lag, and the distance of
// its deadline (PLACE_REL_DEADLINE).
func (k *kernel) migrate(from, to *cpu, i int) {
	t := from.fair[i]
	k.decide(decideMigrate, uint64(to.id)<<32|uint64(t.pid))
	k.noteLag(from, t)
	from.takeFair(i)
	if k.decision(LagKept, to.id, true) {
		left := t.deadline - t.vruntime
		t.vruntime = k.average(to) - to.inflated(t.lag)
		t.deadline = t.vruntime + left
	}
	k.checkCarried(to, t, t.lag)
	t.cpu = to
	k.enqueue(to, t)
	if k.hrtick {
		k.noteQueued(to)
	}
}

// stepTask continues the current task's program.
func (k *kernel) stepTask(c *cpu, t *task) {
	k.curTask = t
	k.moved = k.moved || t.watched || !t.quiet
	seen := t.wakeups
	d := t.prog.step(t)
	k.curTask = nil
	if d.state == running {
		t.left = d.work
		return
	}
	if t.wakeups != seen && d.state != exited {
		t.left = 0 // woken between its check and its sleep
		return
	}
	k.sleepTask(c, t, d)
}

// sleepTask takes the current task off the CPU.
func (k *kernel) sleepTask(c *cpu, t *task, d demand) {
	if !t.fifo() {
		k.noteLag(c, t)
	}
	t.state = d.state
	t.asleep = k.now
	t.voluntary++
	k.moved = k.moved || t.watched
	k.trace.slept(t)
	t.timedOut = false
	if d.sleep > 0 {
		k.agenda.push(k.now+d.sleep, eventTarget{task: t, gen: t.wakeGen})
	}
	if d.ticks > 0 {
		c.timers.add(k, c, k.jiffies+d.ticks, timer{sleep: sleep{t, t.wakeGen}})
	}
	if t.pool != nil {
		k.workerSleeping(c)
	}
	k.schedule(c)
}
