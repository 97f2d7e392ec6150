package kernel

import (
	"github.com/gpstorm/gpstorm/rcu"
)

// expRCU is the state of expedited grace periods (kernel/rcu/tree_exp.h).
type expRCU struct {
	seq     uint64
	mask    uint32 // CPUs that have not reported
	running bool
	wanted  bool
	worker  *task
	waiters []*expWaiter
	started ns
	phase   expPhase
	stallAt ns

	poll      work // sync_rcu_do_polled_gp
	pollUntil uint64
}

type expWaiter struct {
	seq uint64
	completion
}

type expPhase uint8

const (
	expIdle expPhase = iota
	expSelect
	expWait
)

// expedite is synchronize_rcu_expedited: a worker thread interrupts every CPU that is
// not idle, and waits for the readers that it finds there and for those preempted
// earlier. One grace period runs at a time; a caller shares it, or a later one, if
// that meets its need.
func (k *kernel) expedite(t *task) {
	if k.sc.RCU.Normal {
		k.synchronize(t)
		return
	}
	t.use(costSync)
	epoch, mark := k.newEpoch(), k.rcuMark()
	w := k.requestExp()
	t.wait(&w.completion, inSyncExp)
	k.checkRCU("expedited", epoch)
	k.checkFull("synchronize_rcu_expedited() was", mark)
}

// requestExp requests an expedited grace period and returns its waiter.
func (k *kernel) requestExp() *expWaiter {
	e := &k.rcu.exp
	w := &expWaiter{seq: rcu.SeqSnap(e.seq)}
	e.waiters = append(e.waiters, w)
	if !e.running {
		e.wanted = true
		k.wake(e.worker)
	}
	return w
}

// expWorker is rcu_exp_gp_kthread_worker.
func (k *kernel) expWorker(t *task) demand {
	e := &k.rcu.exp
	switch e.phase {
	case expIdle:
		if !e.wanted {
			t.where = nowhere
			return sleepIn(idling)
		}
		e.wanted, e.running = false, true
		e.seq++
		k.trace.expStarted()
		e.started, e.stallAt = k.now, k.now+k.expStallTimeout()
		e.phase = expSelect
		k.polledStart(&k.rcu.polledExp, &k.rcu.polledExpOn)
		return use(k.cost(costExpSelect + costIPISend*len(k.cpus)))
	case expSelect:
		k.expSelectCPUs(t)
		e.phase = expWait
		return use(1)
	default:
		if e.mask != 0 || k.expBlocked() {
			if k.now >= e.stallAt {
				k.reportExpStall()
			}
			t.where = inExpWait
			return sleepTicks(blocked, uint64((e.stallAt-k.now)/k.tick)+1)
		}
		t.where = nowhere
		k.endExp()
		e.phase = expIdle
		return use(k.cost(costExpEnd))
	}
}

// expSelectCPUs interrupts the CPUs that may be in a reader
// (sync_rcu_exp_select_cpus).
func (k *kernel) expSelectCPUs(t *task) {
	e := &k.rcu.exp
	for _, r := range k.rcu.readers {
		r.rcu.blocksExp = k.decision(SwitchedOutBlocksNextExp, r.cpu.id, true)
	}
	for _, c := range k.cpus {
		c.expAsked = false
		if !k.decision(ExpInterrupts, c.id, c != t.cpu && !c.inIdle) {
			continue
		}
		e.mask |= 1 << c.id
		k.ipis++
		c.raise(irq{kind: irqExp}, ipiLatency)
	}
}

// onExpIPI is rcu_exp_handler.
func (k *kernel) onExpIPI(c *cpu) {
	e := &k.rcu.exp
	if e.mask&(1<<c.id) == 0 {
		return
	}
	t := c.cur
	switch {
	case t == nil || k.expWaits(c, t) && !k.decision(ExpReportDeferred, c.id, true):
		k.reportExp(c)
	case k.preemptRCU() && t.inReader() && !t.loop.preemptOff():
		c.expAsked = true
		t.rcu.expHint = true
		t.loop.watchEnd()
	case k.expWaits(c, t):
		c.expAsked = true
		c.resched = hardResched
	default:
		k.reportExp(c)
	}
}

// expWaits reports whether the CPU may be inside a reader and so has to report later.
func (k *kernel) expWaits(c *cpu, t *task) bool {
	if k.preemptRCU() && t.inReader() {
		return true
	}
	return c.softActive || c.softDisabled || t.loop != nil && t.loop.preemptOff() || !k.preemptRCU() && !k.outsideReaders(t)
}

// outsideReaders reports whether the task cannot be in a reader, without preemption.
func (k *kernel) outsideReaders(t *task) bool { return t.loop != nil && !t.loop.inSection() }

// reportExp clears a CPU's bit.
func (k *kernel) reportExp(c *cpu) {
	e := &k.rcu.exp
	c.expAsked = false
	k.moved = true
	if e.mask&(1<<c.id) == 0 {
		return
	}
	e.mask &^= 1 << c.id
	k.expMaybeDone()
}

func (k *kernel) expBlocked() bool {
	for _, t := range k.rcu.readers {
		if t.rcu.blocksExp {
			return true
		}
	}
	return false
}

func (k *kernel) expMaybeDone() {
	e := &k.rcu.exp
	if e.running && e.phase == expWait && e.mask == 0 && !k.expBlocked() && k.decision(ExpLastReportWakes, -1, true) {
		k.wake(e.worker)
	}
}

// endExp ends the grace period and completes its waiters.
func (k *kernel) endExp() {
	e := &k.rcu.exp
	k.polledEnd(&k.rcu.polledExp, &k.rcu.polledExpOn)
	e.seq = rcu.SeqEnd(e.seq)
	e.running = false
	k.rcu.counts.expedited++
	k.decide(decideExpEnd, e.seq)
	left := e.waiters[:0]
	for _, w := range e.waiters {
		if rcu.SeqDone(e.seq, w.seq) {
			k.complete(&w.completion)
		} else {
			left = append(left, w)
		}
	}
	clear(e.waiters[len(left):])
	e.waiters = left
	e.wanted = k.decision(ExpNextNeeded, -1, len(left) > 0)
}

// pollExpedited runs expedited grace periods until a polled cookie is done
// (start_poll_synchronize_rcu_expedited, sync_rcu_do_polled_gp).
func (k *kernel) pollExpedited(cookie uint64) {
	e := &k.rcu.exp
	if !rcu.SeqGE(e.pollUntil, cookie) {
		e.pollUntil = cookie
	}
	k.queueWork(&e.poll)
}

func (k *kernel) doPolledExp(t *task) {
	for !rcu.SeqGE(k.rcu.polled, k.rcu.exp.pollUntil) {
		k.expedite(t)
	}
}
