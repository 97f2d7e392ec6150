package kernel

import (
	"slices"

	"github.com/gpstorm/gpstorm/rcu"
)

// gpPhase is the phase of the grace-period kthread (RCU_GP_*).
type gpPhase uint8

const (
	gpWait     gpPhase = iota // RCU_GP_WAIT_GPS
	gpInit                    // RCU_GP_INIT
	gpWaitFQS                 // RCU_GP_WAIT_FQS
	gpDoingFQS                // RCU_GP_DOING_FQS
	gpCleanup                 // RCU_GP_CLEANUP
)

// syncDirectWakes is the number of synchronize_rcu() callers that the grace-period
// kthread wakes itself; a work item wakes the rest (SR_MAX_USERS_WAKE_FROM_GP).
const syncDirectWakes = 5

// urgentAge is the age of a grace period at which RCU presses silent CPUs harder
// (jiffies_to_sched_qs).
const urgentAge ns = 100_000_000

// fqsDelay is jiffies_till_first_fqs and jiffies_till_next_fqs.
func (k *kernel) fqsDelay() uint64 {
	d := uint64(1 + k.possible()/256)
	if k.sc.Machine.HZ > 250 {
		d++
	}
	if k.sc.Machine.HZ > 500 {
		d++
	}
	return d
}

// gpKthread is rcu_gp_kthread: it waits for a request, initialises, forces quiescent
// states until all are reported, and cleans up.
func (k *kernel) gpKthread(t *task) demand {
	n := &k.rcu
	n.kthreadActive = k.jiffies
	switch n.phase {
	case gpWait:
		if !n.initFlag {
			t.where = inGPWait
			return sleepIn(idling)
		}
		t.where = nowhere
		n.phase = gpInit
		return use(k.cost(costGPInit + n.nodeCost()))
	case gpInit:
		k.gpInit(t)
		n.phase, n.firstScan, n.fqsScans = gpWaitFQS, true, 0
		return k.armFQS(t)
	case gpWaitFQS:
		switch {
		case n.root.done():
			n.phase = gpCleanup
			return use(k.cost(costGPCleanup + n.nodeCost()))
		case n.fqsFlag || rcu.SeqGE(k.jiffies, n.fqsDeadline):
			k.checkPace()
			n.fqsFlag = false
			n.phase = gpDoingFQS
			return use(k.cost(n.scanCost()))
		}
		t.where = inFQSWait
		if !k.decision(ScanTimed, -1, true) {
			return sleepIn(idling)
		}
		return demand{state: idling, ticks: n.fqsDeadline - k.jiffies}
	case gpDoingFQS:
		k.forceQS()
		n.phase = gpWaitFQS
		return k.armFQS(t)
	default:
		k.gpCleanup()
		n.phase = gpWait
		return use(1)
	}
}

// armFQS sets the time of the next scan.
func (k *kernel) armFQS(t *task) demand {
	n := &k.rcu
	n.fqsDeadline = k.jiffies + k.fqsDelay()
	n.stall.kickAt = k.jiffies + 3*k.fqsDelay()
	return use(1)
}

// gpInit starts a grace period (rcu_gp_init): it attaches the waiting callers of
// synchronize_rcu(); every CPU owes a quiescent state; and tasks already blocked
// inside a reader block it.
func (k *kernel) gpInit(t *task) {
	n := &k.rcu
	k.checkWanted()
	n.initFlag, n.fqsFlag = false, false
	n.syncThis = append(n.syncThis, n.syncNext...)
	n.syncNext = n.syncNext[:0]
	n.seq++
	k.moved = true
	n.started, n.startedJiffies = k.now, k.jiffies
	n.stall.arm(k)
	n.counts.normal++
	k.decide(decideGPStart, n.seq)
	for _, r := range n.nodes {
		r.qsmask = r.online
	}
	for _, leaf := range n.leaves {
		for _, r := range leaf.readers {
			r.rcu.blocksGP = k.decision(SwitchedOutBlocksNext, r.cpu.id, true)
		}
	}
	k.polledStart(&n.polledNormal, &n.polledNormalOn)
	c := t.cpu
	k.noteGP(c) // __note_gp_changes for the kthread's own CPU
	if !k.fix.OldRCU {
		// Since 7.0 it also reports that CPU at once.
		k.recordQS(c)
		k.reportCPU(c)
	}
}

// forceQS scans the silent CPUs once (force_qs_rnp): it reports for idle CPUs and for
// those that were idle since the first scan.
func (k *kernel) forceQS() {
	n := &k.rcu
	n.fqsScans++
	for _, leaf := range n.leaves {
		k.forceQSOf(leaf)
	}
	n.firstScan = false
	k.boostReaders()
	k.checkBoosts()
}

// forceQSOf scans the CPUs of one leaf.
func (k *kernel) forceQSOf(leaf *rcuNode) {
	n := &k.rcu
	for _, c := range k.cpusOf(leaf) {
		if !c.owes() {
			continue
		}
		if k.decision(CPUIdle, c.id, c.inIdle || !n.firstScan && c.eqs != c.eqsSnap) {
			k.decide(decideQS, uint64(c.id)|1<<32)
			leaf.qsmask &^= c.bit
			k.moved = true
			k.reportUp(leaf)
			continue
		}
		if n.firstScan {
			c.eqsSnap = c.eqs
		} else if k.rcuAge() > urgentAge {
			c.urgent = true
			if k.rcuAge() > ns(k.stallTimeout())/2 {
				asked := c.request()
				k.kickCPU(c, hardResched)
				k.checkAsked(c, asked, hardResched, "an old grace period")
				k.probeIRQs(c)
			}
		}
	}
}

// gpCleanup ends the grace period (rcu_gp_cleanup) and completes its attached
// callers.
func (k *kernel) gpCleanup() {
	n := &k.rcu
	k.polledEnd(&n.polledNormal, &n.polledNormalOn)
	n.seq = rcu.SeqEnd(n.seq)
	k.checkReported()
	n.ended[rcu.SeqCount(n.seq)%uint64(len(n.ended))] = k.now
	k.moved = true
	k.nocbGPEnded()
	k.decide(decideGPEnd, n.seq)
	done := n.syncThis
	n.syncThis = done[:0]
	for i, c := range done {
		if i < syncDirectWakes {
			k.complete(c)
		}
	}
	if len(done) > syncDirectWakes && k.decision(RestWoken, -1, true) {
		rest := slices.Clone(done[syncDirectWakes:])
		k.queueWork(&work{name: cleanupWork, fn: func(*task) {
			for _, c := range rest {
				k.complete(c)
			}
		}})
	}
	if !k.here.offloaded() {
		k.assignCallbacks(k.here)
	}
	if k.decision(NextNeeded, -1, !rcu.SeqGE(n.seq, n.needed) || len(n.syncNext) > 0) {
		n.initFlag = true
	}
}

// synchronize is synchronize_rcu_normal: the caller is attached to the next grace
// period to start, and sleeps in D state.
func (k *kernel) synchronize(t *task) {
	if k.sc.RCU.Expedited && !k.sc.RCU.Normal {
		k.expedite(t)
		return
	}
	t.use(costSync)
	n, epoch := &k.rcu, k.newEpoch()
	w := struct {
		completion
		mark rcuMark
	}{mark: k.rcuMark()}
	if rcu.SeqRunning(n.seq) && !k.decision(SyncWaitsForNext, -1, true) {
		n.syncThis = append(n.syncThis, &w.completion)
	} else {
		n.syncNext = append(n.syncNext, &w.completion)
	}
	k.requestGP(rcu.SeqSnap(n.seq))
	t.waitMark = &w.mark
	t.wait(&w.completion, inSyncRCU)
	k.checkRCU("normal", epoch)
	k.checkFull("synchronize_rcu() was", w.mark)
}

// Normal and expedited grace periods both advance the polled counter: each takes a
// snapshot at its start, and the first to end with a current snapshot ends the polled
// grace period (rcu_poll_gp_seq_start, _end).
func (k *kernel) polledStart(note *uint64, on *bool) {
	n := &k.rcu
	n.order.noteStart(n.polledKind(on), !rcu.SeqRunning(n.polled))
	if !rcu.SeqRunning(n.polled) {
		n.polled++
	}
	*note, *on = n.polled, true
}

func (k *kernel) polledEnd(note *uint64, on *bool) {
	n := &k.rcu
	was := n.polled
	if rcu.SeqRunning(n.polled) && k.decision(PolledEnds, -1, *on && *note == n.polled) {
		n.polled, n.polledAt = rcu.SeqEnd(n.polled), k.now
		n.polledNormalOn, n.polledExpOn = false, false
	}
	*on = false
	k.checkPolledEnd(n.polledKind(on), was)
}

// polledKind is 0 for normal grace periods and 1 for expedited ones.
func (n *rcuState) polledKind(on *bool) int {
	if on == &n.polledExpOn {
		return 1
	}
	return 0
}

func (k *kernel) boostReaders() {
	if !k.sc.RCU.Boost || k.rcuAge() < boostDelay {
		return
	}
	for _, leaf := range k.rcu.leaves {
		if leaf.qsmask != 0 {
			continue
		}
		for _, t := range leaf.readers {
			if t.rcu.blocksGP {
				k.boost(t)
			}
		}
	}
}

// boostDelay is CONFIG_RCU_BOOST_DELAY.
const boostDelay ns = 500_000_000

// boost gives a preempted reader real-time priority until its section ends
// (rcu_boost).
func (k *kernel) boost(t *task) {
	if t.fifo() || t.state != running || t.cpu.cur == t {
		return
	}
	c := t.cpu
	for i, q := range c.fair {
		if q == t {
			c.takeFair(i)
			t.loop.boosted = true
			t.prio = max(1, k.sc.RCU.KthreadPrio)
			k.enqueue(c, t)
			asked := c.request()
			k.preemptFor(c, t)
			k.checkPreempts(c, t, asked)
			return
		}
	}
}
