package kernel

// This file is EEVDF, the fair scheduler (kernel/sched/fair.c), for tasks of
// equal weight. What matters here is how long a woken kernel thread waits
// behind tasks that never sleep: it gets no credit for having slept. It takes
// its place at the average virtual runtime, so all that have had less than the
// average go first, each for a tick.

// average is avg_vruntime: the virtual runtime at which a task has had exactly
// its share. The current task counts if it is a fair one.
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

// place gives a woken task its virtual runtime and its deadline
// (place_entity). One that slept before it had its share still has that lag;
// one that had more than its share has to wait until the others are even
// (DELAY_DEQUEUE), and then starts from the average (DELAY_ZERO).
func (k *kernel) place(c *cpu, t *task, moved bool) {
	v := k.average(c)
	switch {
	case t.lag > 0:
		if n := ns(len(c.fair)); n > 0 || c.cur != nil {
			if c.cur != nil && !c.cur.fifo() {
				n++
			}
			t.lag += t.lag / max(n, 1)
		}
		t.vruntime = v - t.lag
	case moved:
		t.vruntime = v
	default:
		t.vruntime = max(t.vruntime, v)
	}
	t.deadline = t.vruntime + k.slice()
}

// noteLag is what a fair task that goes to sleep is still owed
// (update_entity_lag).
func (k *kernel) noteLag(c *cpu, t *task) {
	limit := max(2*k.slice(), k.tick)
	t.lag = min(max(k.average(c)-t.vruntime, -limit), limit)
}

// pickFair removes from the queue the task with the earliest deadline among
// those that have not had more than their share (pick_eevdf).
func (c *cpu) pickFair() *task {
	if len(c.fair) == 0 {
		return nil
	}
	c.vtime = floorDiv(c.fairSum, ns(len(c.fair)))
	best, first := -1, never
	for i, t := range c.fair {
		d := t.deadline
		if t.vruntime > c.vtime {
			d = never
		}
		if d < first || d == first && d < never && t.pid < c.fair[best].pid {
			best, first = i, d
		}
	}
	return c.takeFair(best)
}

// addFair queues a task; its virtual runtime is not changed while it is.
func (c *cpu) addFair(t *task) {
	c.fair = append(c.fair, t)
	c.fairSum += t.vruntime
}

// takeFair takes a task out of the queue.
func (c *cpu) takeFair(i int) *task {
	t := c.fair[i]
	copy(c.fair[i:], c.fair[i+1:])
	c.fair = c.fair[:len(c.fair)-1]
	c.fairSum -= t.vruntime
	return t
}
