package kernel

import "github.com/gpstorm/gpstorm/trial"

// This file is load balancing among fair tasks (sched_balance_rq) and the choice
// between the previous CPU of a woken task and the waker's CPU (wake_affine_weight).
// Both weigh the number of tasks by a CPU's capacity for fair tasks: its capacity
// without the time of real-time tasks and of interrupts (scale_rt_capacity). NMIs
// count as time of the interrupted task, since irqtime_account_irq does not see them.

// capacity is the capacity of one CPU for fair tasks.
type capacity struct {
	share     int64 // in 1024ths, at the last update
	lookedAt  ns
	taken     ns     // by real-time tasks and interrupts until then
	balanceAt uint64 // jiffies
	balanced  uint64 // jiffies at the last balancing, for an oracle
}

const fullCapacity = 1024

// balanceInterval is the time between two balancings on a busy CPU, in ms for each
// CPU of the machine (sd->balance_interval of sd_weight ms, sd->busy_factor).
const balanceInterval = 16

// imbalancePercent is the load ratio, in percent, above which tasks are pulled
// (sd->imbalance_pct).
const imbalancePercent = 117

// lookCapacity updates a CPU's capacity.
func (k *kernel) lookCapacity(c *cpu) {
	q := &c.capacity
	taken := c.rtTime + c.irqTime
	if span := k.now - q.lookedAt; span > 0 {
		q.share = max(1, fullCapacity-fullCapacity*min(taken-q.taken, span)/span)
	}
	q.lookedAt, q.taken = k.now, taken
}

// available is the recent share of a CPU's time that was left to fair tasks.
func (c *cpu) available() int64 {
	if c.capacity.share == 0 {
		return fullCapacity
	}
	return c.capacity.share
}

// fairTasks counts the fair tasks that run or wait on the CPU.
func (c *cpu) fairTasks() int64 {
	n := int64(len(c.fair))
	if c.cur != nil && !c.cur.fifo() {
		n++
	}
	return n
}

// prefers reports whether a woken fair task moves to the waker's CPU instead of its
// previous one.
func (k *kernel) prefers(here, prev *cpu) bool {
	const half = 100 + (imbalancePercent-100)/2
	return (here.fairTasks()+1)*100*prev.available() < (prev.fairTasks()+1)*half*here.available()
}

// balance pulls tasks from the CPU with the highest load for its capacity, until this
// CPU's load would be the higher one.
func (k *kernel) balance(c *cpu) {
	k.lookCapacity(c)
	c.capacity.balanceAt = k.jiffies + uint64(max(1, balanceInterval*len(k.cpus)*k.sc.Machine.HZ/1000))
	c.capacity.balanced = k.jiffies
	var from *cpu
	for _, o := range k.cpus {
		if o != c && o.lends(c) && (from == nil || o.fairTasks()*from.available() > from.fairTasks()*o.available()) {
			from = o
		}
	}
	if from == nil || from.fairTasks()*c.available()*100 <= c.fairTasks()*from.available()*imbalancePercent {
		return
	}
	for (from.fairTasks()-1)*c.available() >= (c.fairTasks()+1)*from.available() {
		i := from.spare(c)
		if i < 0 {
			return
		}
		t := from.fair[i]
		k.migrate(from, c, i)
		k.preemptFor(c, t) // attach_task
	}
}

// balancedEvery is the longest time between two balancings of a CPU in jiffies: 16 ms for
// each CPU (get_sd_balance_interval).
func balancedEvery(cpus, hz int) uint64 {
	const perCPU = 16 // ms
	return uint64(max(1, perCPU*cpus*hz/1000))
}

// checkBalanced checks, after a tick, that the last balancing was no longer ago than that.
//
//go:noinline
func (k *kernel) checkBalanced(c *cpu) {
	if ago := k.jiffies - c.capacity.balanced; ago > k.mostUnbalanced {
		k.violate(trial.WaitsTooLong, "CPU %d has not balanced its load for %d jiffies, and the interval is %d", c.id, ago, k.mostUnbalanced)
	}
}
