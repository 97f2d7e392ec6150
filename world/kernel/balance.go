package kernel

// This file is load balancing among fair tasks (sched_balance_rq) and the choice
// between the CPU of a woken task and that of whoever wakes it
// (wake_affine_weight). Both weigh the number of tasks by what a CPU leaves to
// them: its capacity without the time of real-time tasks and of interrupts
// (scale_rt_capacity). NMIs count for the task that they interrupt
// (irqtime_account_irq does not see them).

// capacity is what one CPU leaves to fair tasks.
type capacity struct {
	share     int64 // in 1024ths, as of the last look
	lookedAt  ns
	taken     ns     // by real-time tasks and interrupts until then
	balanceAt uint64 // jiffies
}

const fullCapacity = 1024

// balanceInterval is how long, in ms for each CPU of the machine, a busy CPU waits
// until it balances again (sd->balance_interval of sd_weight ms, sd->busy_factor).
const balanceInterval = 16

// imbalancePercent is by how much another CPU must be fuller (sd->imbalance_pct).
const imbalancePercent = 117

// lookCapacity brings a CPU's capacity up to date.
func (k *kernel) lookCapacity(c *cpu) {
	q := &c.capacity
	taken := c.rtTime + c.irqTime
	if span := k.now - q.lookedAt; span > 0 {
		q.share = max(1, fullCapacity-fullCapacity*min(taken-q.taken, span)/span)
	}
	q.lookedAt, q.taken = k.now, taken
}

// available is the share of a CPU that fair tasks had of late.
func (c *cpu) available() int64 {
	if c.capacity.share == 0 {
		return fullCapacity
	}
	return c.capacity.share
}

// fairTasks counts those that run or wait on the CPU.
func (c *cpu) fairTasks() int64 {
	n := int64(len(c.fair))
	if c.cur != nil && !c.cur.fifo() {
		n++
	}
	return n
}

// prefers reports whether a woken fair task goes to the CPU on which it is woken
// rather than where it ran.
func (k *kernel) prefers(here, prev *cpu) bool {
	const half = 100 + (imbalancePercent-100)/2
	return (here.fairTasks()+1)*100*prev.available() < (prev.fairTasks()+1)*half*here.available()
}

// balance takes tasks from the CPU that is the fullest for what it leaves to fair
// tasks, until this one would be the fuller.
func (k *kernel) balance(c *cpu) {
	k.lookCapacity(c)
	c.capacity.balanceAt = k.jiffies + uint64(max(1, balanceInterval*len(k.cpus)*k.sc.Machine.HZ/1000))
	var from *cpu
	for _, o := range k.cpus {
		if o != c && len(o.fair) > 0 && o.spare(c) >= 0 && (from == nil || o.fairTasks()*from.available() > from.fairTasks()*o.available()) {
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
		k.migrate(from, c, i)
	}
}
