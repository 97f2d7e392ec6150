package kernel

// This file is EEVDF, the fair scheduler (kernel/sched/fair.c), for tasks of equal
// weight. It decides how long a woken kernel thread waits behind tasks that never
// sleep. The thread gets no credit for its sleep: it is placed at the average virtual
// runtime, so all tasks below the average go first, each for a tick.

// average is avg_vruntime: the virtual runtime of a task that has had exactly its
// share. It includes the current task if that is a fair one.
func (k *kernel) average(c *cpu) ns {
	sum, n := c.fairSum, ns(len(c.fair))
	if t := c.cur; t != nil && !t.fifo() {
		sum += t.vruntime + k.now - c.at
		n++
	}
	if n == 0 {
		return c.vtime
	}
	return floorDiv(sum, n)
}

// place sets the virtual runtime and the deadline of a woken task (place_entity). A
// task that slept before it had its share keeps that lag. A task that had more than
// its share waits until the others have caught up (DELAY_DEQUEUE), and then starts
// from the average (DELAY_ZERO). place returns that average.
func (k *kernel) place(c *cpu, t *task, moved bool) ns {
	v := k.average(c)
	switch {
	case t.lag > 0:
		t.vruntime = v - c.inflated(t.lag)
	case moved:
		t.vruntime = v
	default:
		t.vruntime = max(t.vruntime, v)
	}
	t.deadline = t.vruntime + k.slice
	return v
}

// noteLag records the lag of a fair task that leaves its queue to sleep or to move to
// another CPU (update_entity_lag).
func (k *kernel) noteLag(c *cpu, t *task) {
	limit := max(2*k.slice, k.tick)
	t.lag = min(max(k.average(c)-t.vruntime, -limit), limit)
}

// inflated is the distance from the average at which a task has its lag once it is part of
// that average (place_entity). The first fair task of a CPU is the average.
func (c *cpu) inflated(lag ns) ns {
	n := ns(len(c.fair))
	if t := c.cur; t != nil && !t.fifo() {
		n++
	}
	if n == 0 {
		return 0
	}
	return lag + lag/n
}

// pickFair removes from the queue the task with the earliest deadline among those
// that have not had more than their share (pick_eevdf).
func (c *cpu) pickFair() *task {
	if len(c.fair) == 0 {
		return nil
	}
	c.vtime = floorDiv(c.fairSum, ns(len(c.fair)))
	i := 0
	for c.fair[i].vruntime > c.vtime {
		i++
	}
	return c.takeFair(i)
}

// earlier reports whether t goes before o if neither has had more than its share.
func (t *task) earlier(o *task) bool {
	return t.deadline < o.deadline || t.deadline == o.deadline && t.pid < o.pid
}

// addFair queues a task. Its virtual runtime and its deadline do not change while it is
// queued.
func (c *cpu) addFair(t *task) {
	c.joins++
	t.joined = c.joins
	if len(c.fair) == cap(c.fair) {
		if 2*len(c.fair) >= len(c.fairSpace) {
			c.fairSpace = make([]*task, 4*len(c.fair)+8)
		}
		c.fair = append(c.fairSpace[:0], c.fair...)
	}
	i := len(c.fair)
	c.fair = c.fair[:i+1]
	for ; i > 0 && t.earlier(c.fair[i-1]); i-- {
		c.fair[i] = c.fair[i-1]
	}
	c.fair[i] = t
	c.fairSum += t.vruntime
}

// takeFair removes a task from the queue, mostly one of the first: so those before it move
// back, and the queue moves on in its space.
func (c *cpu) takeFair(i int) *task {
	t := c.fair[i]
	for ; i > 0; i-- {
		c.fair[i] = c.fair[i-1]
	}
	c.fair = c.fair[1:]
	c.fairSum -= t.vruntime
	return t
}

// mayGive reports whether another CPU may pull a task from this one.
func (c *cpu) mayGive(t *task, to *cpu) bool { return t.allowed.has(to.id) && !c.onCPU(t) }

// lends reports whether a queued fair task may run on another CPU.
func (c *cpu) lends(to *cpu) bool {
	for _, t := range c.fair {
		if c.mayGive(t, to) {
			return true
		}
	}
	return false
}

// spare is the index of the queued fair task that may run on another CPU; of several it
// is the one that joined the queue first, and -1 if there is none.
func (c *cpu) spare(to *cpu) int {
	spare := -1
	for i, t := range c.fair {
		if (spare < 0 || t.joined < c.fair[spare].joined) && c.mayGive(t, to) {
			spare = i
		}
	}
	return spare
}
