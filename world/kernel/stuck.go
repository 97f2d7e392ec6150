package kernel

import (
	"slices"

	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/trial"
)

// outlook is the judgement of how a wait will end, the worst last.
type outlook uint8

const (
	unclear  outlook = iota // it should end, but nothing inspected shows that it will
	moves                   // the awaited object makes progress: it runs, is queued, or has not taken long
	endless                 // nothing will end it
	circular                // the wait is part of a circle
)

// prospect is an outlook with its chain of waits.
type prospect struct {
	outlook
	cause  cause
	circle []trial.Link // of a circular wait
}

// prospectOf follows the chain of waits from a node until its outlook is known. It
// follows the same links as blame.
func (k *kernel) prospectOf(from node) (p prospect) {
	var seen []node
	for n := from; n != nil; n = k.next(n, &p.cause) {
		if i := slices.Index(seen, n); i >= 0 {
			for _, o := range seen[i:] {
				p.circle = append(p.circle, k.link(o))
			}
			p.outlook, p.cause.what = circular, trial.CircleOfWaits
			return p
		}
		seen = append(seen, n)
		var known bool
		if p.outlook, known = k.judgeNode(n, &p.cause); known {
			break
		}
	}
	if r := k.rcuTasks; r != nil && p.outlook == unclear && slices.Contains(seen, node(r.task)) && len(r.holdouts) > 0 {
		p.outlook = moves // they are runnable
	}
	if h := k.holdouts; h != nil && p.outlook == unclear && slices.Contains(seen, node(h.task)) && h.looking {
		p.outlook = moves // a timer ends the rest, and a CPU takes its IPI as soon as it can
	}
	return p
}

// judgeNode judges a node by itself. known reports whether the rest of the chain
// makes no difference; o is then the outlook. For a wait that never ends, judgeNode
// adds the mechanism to the cause.
func (k *kernel) judgeNode(n node, c *cause) (o outlook, known bool) {
	switch n := n.(type) {
	case *task:
		switch {
		case n.state == running, n.where == inRude:
			return moves, true
		case n.state == exited:
			return unclear, true
		case n.where == inMutex && n.waitingOn.owner == nil:
			c.who, c.what = n, trial.MutexUnowned
			return endless, true
		case n.role == asOffload && k.offloadForgotten(n):
			c.who, c.what = n, trial.CallbacksForgotten
			return endless, true
		}
		return unclear, false
	case *work:
		return k.judgeWork(n, c)
	case *domain:
		return k.judgeDomain(n, c)
	case *rcuState:
		return k.judgeRCU(c), true
	case *expRCU:
		return k.judgeExp(c), true
	}
	return unclear, false
}

func (k *kernel) judgeWork(w *work, c *cause) (o outlook, known bool) {
	switch {
	case w.on != nil:
		return unclear, false
	case w.queued && w.timer == 0 && k.awaitsCPU(w):
		return moves, true
	case w.queued:
		return unclear, true
	}
	c.what = trial.WorkNotQueued
	return endless, true
}

// awaitsCPU reports whether an item waits in a pool with a worker that runs or waits
// for its CPU.
func (k *kernel) awaitsCPU(w *work) bool {
	for _, c := range k.cpus {
		if c.pool.running > 0 && slices.Contains(c.pool.pending, w) {
			return true
		}
	}
	return false
}

// recent reports whether an activity that started at since may still be in progress.
// In a fair drain, one that takes half of the drain makes no progress.
func (k *kernel) recent(since ns) bool { return k.now-since < ns(k.sc.Drain)/2 }

// recentJiffy is recent for a jiffy, which may also be to come.
func (k *kernel) recentJiffy(jiffy uint64) bool {
	late := int64(k.jiffies - jiffy)
	return late < 0 || k.recent(k.now-ns(late)*k.tick)
}

// inVain is the number of scans, or grace periods, without success after which they
// count as lost.
const inVain = 16

// longestDelay is the longest delay of the kernel between scans, in jiffies
// (SRCU_MAX_INTERVAL). A scan that is retried sooner each time may never succeed.
const longestDelay = 10

func (k *kernel) judgeDomain(d *domain, c *cause) (o outlook, known bool) {
	lost := func(m trial.Mechanism) (outlook, bool) {
		c.domain, c.phase, c.what = d.index, d.phase(), m
		return endless, true
	}
	w := &d.process
	if d.forgotten() {
		return lost(trial.CallbacksForgotten)
	}
	if !d.machine.Needed() {
		if slices.ContainsFunc(d.lists, func(l *callbackList) bool { return k.awaitsCPU(&l.invoke) }) {
			return moves, true // behind other items
		}
		return unclear, d.invoking() == nil
	}
	switch {
	case w.on != nil && w.worker.state == running:
		return moves, true
	case w.on != nil:
		return unclear, false
	case d.lost():
		return lost(trial.DomainNotDriven)
	case d.spinner != nil:
		return k.judgeNode(d.spinner, c)
	case d.starting:
		return moves, true // the CPU takes the interrupt as soon as it can
	case !w.queued && d.posted > 0 && (k.recent(d.postedAt) || k.invokes(d.postedOn)):
		return moves, true // it comes after the callbacks before it
	case !w.queued: // an RCU callback will resume the scan
		return unclear, false
	case d.drifted():
		return lost(trial.CountersDrifted)
	case d.emptyLooks > inVain && !k.recent(d.lastStep):
		return lost(trial.ScansInVain)
	case w.timer == 0 && k.awaitsCPU(w), d.fromReaders():
		return moves, true
	case d.delay > longestDelay && w.timer != 0 && !rcu.SeqGE(k.jiffies, w.timer):
		return moves, true // late, but it will scan again
	case d.polling == nil:
		return unclear, true
	}
	return k.judgePoll(d, lost)
}

// judgePoll judges a domain whose scan polls an RCU cookie.
func (k *kernel) judgePoll(d *domain, lost func(trial.Mechanism) (outlook, bool)) (o outlook, known bool) {
	n := &k.rcu
	switch passed := int64(rcu.SeqCount(n.seq) - rcu.SeqCount(d.pollMark.normal)); {
	case !d.pollsInVain():
		if k.recent(n.polledAt) {
			return moves, true // the next poll will see it
		}
		return unclear, true
	case passed > inVain:
		return lost(trial.CookieNeverDone)
	case k.rcuAtRest():
		return lost(trial.CookieNotRequested)
	}
	return unclear, false
}

// idle reports whether the item is neither queued nor running.
func (w *work) idle() bool { return !w.queued && w.on == nil }

// drifted reports whether the counters of a rank differ by another number than that
// of the readers inside.
func (d *domain) drifted() bool {
	d.k.syncAll()
	var inside [2]uint64
	for _, l := range d.loops {
		if l.inSection() && l.reader.locked {
			inside[l.reader.rank]++
		}
	}
	for rank, n := range inside {
		n += d.moduleInside[rank]
		if d.sumLocks(rank)-d.sumUnlocks(rank) != n {
			return true
		}
	}
	return false
}

// fromReaders reports whether the scans of a domain wait for readers: one is inside,
// on the scanned rank, or the last scan found one a moment ago.
func (d *domain) fromReaders() bool {
	for _, l := range d.loops {
		if l.inSection() && l.reader.locked && l.reader.rank != d.current {
			return true
		}
	}
	if d.moduleInside[1-d.current] > 0 {
		return true
	}
	return d.lastHeld > 0 && d.k.now-d.lastHeld < 1_000_000_000
}

// judgeRCU judges the normal grace period that runs or is about to start.
func (k *kernel) judgeRCU(c *cause) outlook {
	n := &k.rcu
	lost := func(m trial.Mechanism) outlook {
		c.rcu, c.what = trial.NormalRCU, m
		return endless
	}
	o := unclear
	if !rcu.SeqRunning(n.seq) || k.recent(n.started) {
		o = moves
	}
	if n.kthread.state == running {
		return o
	}
	if !rcu.SeqRunning(n.seq) {
		switch {
		case n.initFlag:
			return lost(trial.KthreadNotWoken)
		case k.callbacksWaiting():
			if k.recent(k.oldestCallback()) || slices.ContainsFunc(k.cpus, k.invokes) {
				return moves // a softirq will request a grace period
			}
			return unclear
		case !rcu.SeqGE(n.seq, n.needed) || len(n.syncNext) > 0:
			return lost(trial.GPNotRequested)
		case k.recent(k.oldestCallback()) || slices.ContainsFunc(k.cpus, k.invokes):
			return moves // a softirq will invoke it
		}
		return unclear
	}
	if late := k.jiffies - n.fqsDeadline; n.phase == gpWaitFQS && late < 1<<62 && late > 2*uint64(k.sc.Machine.HZ) {
		return lost(trial.ScanNotArmed)
	}
	for _, p := range k.cpus {
		if !p.owes() || p.inIdle {
			continue
		}
		if p.gpSeq == n.seq && !p.needsQS {
			c.cpu = uint8(p.id)
			return lost(trial.ReportLost)
		}
		if t := p.cur; p.inKernel() || t != nil && t.loop != nil && t.loop.inSection() && (t.loop.rcu || !k.preemptRCU()) {
			o = moves
		}
	}
	for _, leaf := range n.leaves {
		for _, t := range leaf.readers {
			if !t.rcu.blocksGP {
				continue
			}
			if t.hasLeft() {
				c.who = t
				return lost(trial.ReaderNotRemoved)
			}
			o = moves
		}
	}
	if cpu, ok := k.lostReport(); ok {
		c.cpu = uint8(cpu)
		return lost(trial.ReportLost)
	}
	return o
}

// hasLeft reports whether a reader that blocks a grace period has left its section
// and is not about to report it.
func (t *task) hasLeft() bool { return !t.inReader() && !(t.loop.watching && t.left == 0) }

// inKernel reports whether the CPU executes softirqs or a kernel thread. Both end some
// time, but with callbacks that take more than the CPU has, only after the drain.
func (c *cpu) inKernel() bool { return c.softActive || c.cur != nil && c.cur.loop == nil }

// invokes reports whether a CPU's RCU callbacks are being invoked, or will be as soon as
// a thread gets its CPU.
func (k *kernel) invokes(c *cpu) bool {
	switch {
	case !k.callbackReady(c, 0):
		return false
	case c.offloaded():
		return c.rcuo.state == running
	}
	return c.softActive && c.softNow&softRCU != 0 || c.ksoftirqd.state == running
}

// callbacksWaiting reports whether some callbacks have no grace period yet.
func (k *kernel) callbacksWaiting() bool {
	for _, c := range k.cpus {
		if len(c.callbacks.unassigned()) > 0 {
			return true
		}
	}
	return false
}

// oldestCallback is the time at which the oldest waiting RCU callback was posted,
// long ago if none waits.
func (k *kernel) oldestCallback() (at ns) {
	at = never
	for _, c := range k.cpus {
		if c.callbacks.len() > 0 {
			at = min(at, c.callbacks.at(0).at)
		}
	}
	if at == never {
		at = -never
	}
	return at
}

// judgeExp judges the expedited grace period that runs or is about to start.
func (k *kernel) judgeExp(c *cause) outlook {
	e := &k.rcu.exp
	c.rcu = trial.ExpeditedRCU
	switch {
	case e.worker.state == running:
		return moves
	case e.phase == expIdle && len(e.waiters) > 0:
		c.what = trial.ExpNotRequested
		return endless
	}
	o := unclear
	for _, leaf := range k.rcu.leaves {
		for _, t := range leaf.readers {
			if !t.rcu.blocksExp {
				continue
			}
			if t.hasLeft() {
				c.who, c.what = t, trial.ReaderNotRemoved
				return endless
			}
			o = moves
		}
	}
	for _, p := range k.cpus {
		if t := p.cur; p.owesExp() && (p.inKernel() || t != nil && t.loop != nil && t.loop.inSection()) {
			o = moves
		}
	}
	for _, r := range k.rcu.nodes {
		if r.parent != nil && r.expDone() && r.parent.expmask&r.bit != 0 && e.phase == expWait {
			c.what, c.cpu = trial.ReportLost, uint8(r.low)
			return endless
		}
	}
	if e.running && k.recent(e.started) {
		o = moves
	}
	return o
}

// link names a node of a circle of waits.
func (k *kernel) link(n node) trial.Link {
	switch n := n.(type) {
	case *task:
		return trial.Link{Name: n.name, Group: n.family}
	case *mutex:
		return trial.Link{Name: n.name}
	case *work:
		return trial.Link{Name: n.name}
	case *domain:
		return trial.Link{Name: n.name}
	case *rcuState:
		return trial.Link{Name: k.flavor()}
	}
	return trial.Link{Name: "expedited " + k.flavor()}
}
