package kernel

import (
	"github.com/gpstorm/gpstorm/rcu"
)

// expRCU is the state of expedited grace periods (kernel/rcu/tree_exp.h).
type expRCU struct {
	seq     uint64
	running bool
	wanted  bool
	worker  *task
	// selecting counts the leaves on which a worker still selects the CPUs to interrupt.
	selecting int
	waiters   []*expWaiter
	started   ns
	phase     expPhase
	stallAt   ns

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
	expFlush // wait for the workers of other leaves
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
		k.checkExpWanted()
		e.wanted, e.running = false, true
		e.seq++
		k.trace.expStarted()
		e.started, e.stallAt = k.now, k.now+k.expStallTimeout()
		e.phase = expSelect
		k.polledStart(&k.rcu.polledExp, &k.rcu.polledExpOn)
		return use(k.cost(costExpSelect + costIPISend*len(k.cpusOf(k.askExpWorkers()))))
	case expSelect:
		k.expSelectCPUs(t, k.lastLeaf())
		if e.selecting > 0 {
			e.phase = expFlush
			t.where = inExpWait
			return sleepIn(blocked)
		}
		e.phase = expWait
		return use(1)
	case expFlush:
		if e.selecting > 0 {
			return sleepIn(blocked)
		}
		e.phase = expWait
		return use(1)
	default:
		if !k.rcu.root.expDone() {
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

// expSelectCPUs interrupts the CPUs of a leaf that may be in a reader
// (sync_rcu_exp_select_node_cpus).
func (k *kernel) expSelectCPUs(t *task, leaf *rcuNode) {
	for _, r := range leaf.readers {
		r.rcu.blocksExp = k.decision(SwitchedOutBlocksNextExp, r.cpu.id, true)
	}
	for _, c := range k.cpusOf(leaf) {
		c.expAsked = false
		if !k.decision(ExpInterrupts, c.id, c != t.cpu && !c.inIdle) {
			continue
		}
		leaf.expmask |= c.bit
		k.ipis++
		c.raise(irq{kind: irqExp}, ipiLatency)
	}
	k.expReportUp(leaf)
}

// lastLeaf is the last leaf with online CPUs. The worker of expedited grace periods
// selects its CPUs itself.
func (k *kernel) lastLeaf() *rcuNode { return k.cpus[len(k.cpus)-1].leaf }

// expLeafWorker is the kthread that selects the CPUs of one leaf on a machine with
// several (rcu_exp_par_gp_kthread_worker).
type expLeafWorker struct {
	task  *task
	asked bool // it selects in this grace period
	busy  bool // it has begun
}

// askExpWorkers lets the workers of the other leaves select their CPUs, and returns
// the leaf that is left (sync_rcu_exp_select_cpus).
func (k *kernel) askExpWorkers() *rcuNode {
	last := k.lastLeaf()
	for _, leaf := range k.rcu.leaves {
		if leaf == last || leaf.online == 0 {
			continue
		}
		leaf.expectReport()
		leaf.expWorker.asked = true
		k.rcu.exp.selecting++
		k.wake(leaf.expWorker.task)
	}
	last.expectReport()
	return last
}

// expectReport lets all nodes above a leaf wait for its report.
func (r *rcuNode) expectReport() {
	for ; r.parent != nil; r = r.parent {
		r.parent.expmask |= r.bit
	}
}

func (k *kernel) expLeafWorker(leaf *rcuNode) stepFunc {
	return func(t *task) demand {
		w, e := &leaf.expWorker, &k.rcu.exp
		if w.asked && !w.busy {
			w.busy = true
			return use(k.cost(costWork + costIPISend*len(k.cpusOf(leaf))))
		}
		if w.busy {
			k.expSelectCPUs(t, leaf)
			w.asked, w.busy = false, false
			if e.selecting--; e.selecting == 0 {
				k.wake(e.worker)
			}
		}
		return sleepIn(idling)
	}
}

// onExpIPI is rcu_exp_handler.
func (k *kernel) onExpIPI(c *cpu) {
	if !c.owesExp() {
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
	c.expAsked = false
	k.moved = true
	if !c.owesExp() {
		return
	}
	c.leaf.expmask &^= c.bit
	k.expReportUp(c.leaf)
	k.expMaybeDone()
}

func (k *kernel) expMaybeDone() {
	e := &k.rcu.exp
	if e.running && e.phase == expWait && k.rcu.root.expDone() && k.decision(ExpLastReportWakes, -1, true) {
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
