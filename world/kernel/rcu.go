package kernel

import (
	"slices"

	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// rcuState is the state of vanilla RCU (kernel/rcu/tree.c).
type rcuState struct {
	seq    uint64 // rcu_state.gp_seq and that of all nodes
	needed uint64 // the furthest requested grace period
	root   *rcuNode
	leaves []*rcuNode // in the order of their CPUs
	nodes  []*rcuNode // all, the leaves first

	ended [4 * inVain]ns // the ends of the last grace periods, by number

	initFlag, fqsFlag bool // RCU_GP_FLAG_INIT, RCU_GP_FLAG_FQS
	kthread           *task
	phase             gpPhase
	started           ns
	startedJiffies    uint64
	firstScan         bool
	fqsScans          int
	fqsDeadline       uint64
	kthreadActive     uint64 // jiffies of the kthread's last activity

	syncNext []*completion // synchronize_rcu() callers for the next grace period
	syncThis []*completion // callers attached at the start of this one

	polled                      uint64 // gp_seq_polled
	polledAt                    ns     // end of the last one
	polledNormal, polledExp     uint64 // snapshots of the running ones; 0 is none
	polledNormalOn, polledExpOn bool
	order                       polledOrder

	exp    expRCU
	stall  stallState
	paced  paced
	counts struct{ normal, expedited int }
}

// rcuCPU is one CPU's view of the grace period (struct rcu_data).
type rcuCPU struct {
	leaf     *rcuNode
	bit      uint64 // of this CPU in its leaf
	gpSeq    uint64 // the last one that this CPU noticed
	noQS     bool   // cpu_no_qs.norm: no quiescent state since the CPU noticed it
	needsQS  bool   // core_needs_qs
	switched bool   // it has switched tasks, or ksoftirqd has ended a pass, since it noticed the grace period
	urgent   bool   // rcu_urgent_qs
	eqsSnap  uint64 // value at the first force-quiescent-state scan
	inIdle   bool   // not watching: an extended quiescent state
	expAsked bool   // the expedited grace period waits for a context switch
	expTaken uint64 // the last one whose interrupt this CPU has taken, for an oracle
	ticksGP  int    // ticks in this grace period
	irqProbe
	offload

	callbacks rcuCallbacks
	turns     turns // of the callbacks
	passes    passes
}

type rcuCallback struct {
	seq   uint64   // the grace period that it needs; once assigned, the assigned one
	exp   uint64   // the expedited one that also completes it, once assigned
	given *rcuMark // receives both, if not nil
	epoch uint64   // of the kernel at the post
	turn  uint64   // its number among the callbacks of the CPU
	at    ns       // time of the post
	link  int      // its number in a chain of callbacks
	fn    func()
}

// rcuCallbacks is a list of callbacks in the order of their posts. The first ones have been
// assigned a grace period (struct rcu_segcblist).
type rcuCallbacks struct {
	items []rcuCallback
	head  int // index of the first callback
	rest  int // index of the first one without a grace period
}

func (q *rcuCallbacks) len() int { return len(q.items) - q.head }

// assigned is the number of callbacks with a grace period, unassigned are the others.
func (q *rcuCallbacks) assigned() int             { return q.rest - q.head }
func (q *rcuCallbacks) unassigned() []rcuCallback { return q.items[q.rest:] }

func (q *rcuCallbacks) at(i int) *rcuCallback { return &q.items[q.head+i] }

// push adds a callback without a grace period.
func (q *rcuCallbacks) push(cb rcuCallback) { q.items = append(q.items, cb) }

// assign records that all callbacks have a grace period.
func (q *rcuCallbacks) assign() { q.rest = len(q.items) }

// pop removes the first callback, which has a grace period.
func (q *rcuCallbacks) pop() rcuCallback {
	cb := q.items[q.head]
	q.items[q.head] = rcuCallback{}
	if q.head++; 2*q.head >= len(q.items) {
		q.items = append(q.items[:0], q.items[q.head:]...)
		q.rest -= q.head
		q.head = 0
	}
	return cb
}

// rcuTask is RCU's state of a task.
type rcuTask struct {
	leaf      *rcuNode
	queued    bool // on the list of leaf
	blocksGP  bool // the running normal grace period waits for it
	blocksExp bool // the running expedited one does
	needQS    bool // need_qs: report at the end of the section
	expHint   bool // an IPI came while inside: report at the end
}

// callbackLimit is the number of callbacks that one pass invokes (blimit).
const callbackLimit = 10

func (k *kernel) preemptRCU() bool { return k.sc.Machine.Preempt != workload.PreemptNone }

// inReader reports whether the task is inside a section that vanilla RCU
// waits for.
func (t *task) inReader() bool { return t.loop != nil && t.loop.inRCU() }

// recordQS records locally that the CPU has passed a quiescent state (rcu_qs).
func (k *kernel) recordQS(c *cpu) {
	k.moved = k.moved || c.noQS && c.needsQS
	c.noQS = false
	c.urgent = false
}

// noteGP lets a CPU notice the end or the start of a grace period (note_gp_changes):
// callbacks whose grace period has ended become ready, and callbacks without one are
// assigned one.
func (k *kernel) noteGP(c *cpu) {
	n := &k.rcu
	if c.gpSeq == n.seq {
		return
	}
	k.moved = true
	if !c.offloaded() {
		k.assignCallbacks(c)
	}
	if rcu.SeqRunning(n.seq) && c.gpSeq != n.seq {
		owes := c.owes()
		c.noQS, c.needsQS = owes && !k.decision(EarlierQuiescent, c.id, false), owes
		c.urgent, c.switched = false, false
		c.ticksGP = 0
	}
	c.gpSeq = n.seq
}

// rcuTick is RCU's part of the tick (rcu_sched_clock_irq).
func (k *kernel) rcuTick(c *cpu) {
	c.ticksGP++
	if c.switched && c.noQS {
		k.checkSwitched(c)
	}
	k.checkBoost(c)
	if c.owesExp() {
		k.checkDeferred(c)
	}
	if c.userTick() {
		c.cur.voluntary++ // rcu_note_voluntary_context_switch
	}
	if c.urgent && c.cur != nil && !c.userTick() {
		c.resched = hardResched
		c.urgent = false
	}
	if k.decision(TickQuiescent, c.id, k.tickQS(c)) {
		k.recordQS(c)
	}
	if k.stallDue() {
		k.checkStall(c)
	}
	if k.decision(TickRaisesSoftirq, c.id, k.rcuPending(c)) {
		k.raiseSoftirq(c, softRCU)
	}
}

// userTick reports whether the tick interrupted user mode.
func (c *cpu) userTick() bool {
	return c.cur != nil && c.cur.loop != nil && c.cur.loop.inUser() && !c.softActive
}

// tickQS reports whether the tick interrupted a quiescent state
// (rcu_flavor_sched_clock_irq).
func (k *kernel) tickQS(c *cpu) bool {
	if c.softActive || c.softDisabled {
		return false
	}
	t := c.cur
	if t == nil || c.userTick() {
		return true
	}
	if !k.preemptRCU() {
		// Other kernel code without preemption might be a reader.
		return t.loop != nil && !t.loop.inSection()
	}
	if t.loop != nil && t.loop.preemptOff() {
		return false
	}
	if t.inReader() {
		if k.rcuAge() > 1_000_000_000 {
			t.rcu.needQS = true
			t.loop.watchEnd()
		}
		return false
	}
	return true
}

func (k *kernel) rcuAge() ns {
	if !rcu.SeqRunning(k.rcu.seq) {
		return 0
	}
	return k.now - k.rcu.started
}

// rcuPending reports whether RCU_SOFTIRQ has work on the CPU.
func (k *kernel) rcuPending(c *cpu) bool {
	n := &k.rcu
	switch {
	case c.needsQS && !c.noQS:
		return true
	case c.offloaded():
	case c.callbacks.assigned() > 0 && k.callbackReady(c, 0):
		return true
	case len(c.callbacks.unassigned()) > 0 && !rcu.SeqRunning(n.seq):
		return true
	}
	return c.gpSeq != n.seq
}

// rcuCore is RCU_SOFTIRQ (rcu_core): notice, report, start, invoke.
func (k *kernel) rcuCore(c *cpu) {
	if !k.rcuPending(c) {
		k.checkPass(c)
	}
	k.noteGP(c)
	if c.needsQS && !c.noQS {
		k.reportCPU(c)
	}
	if c.offloaded() {
		return
	}
	if len(c.callbacks.unassigned()) > 0 && !rcu.SeqRunning(k.rcu.seq) {
		k.assignCallbacks(c)
	}
	for range callbackLimit {
		if !k.callbackReady(c, 0) {
			return
		}
		k.moved = true
		cb := c.callbacks.pop()
		k.checkRCU("callback", cb.epoch)
		k.checkCallbackTurn(&c.turns, cb.turn, k.flavor(), c.id)
		k.invoke(cb.link, cb.fn)
	}
	if k.callbackReady(c, 0) {
		c.softPending |= softRCU
	}
}

// callbackReady reports whether a grace period of the i-th callback of a CPU has
// ended: its assigned one or, since 7.3, an expedited one that started later.
func (k *kernel) callbackReady(c *cpu, i int) bool {
	if i >= c.callbacks.assigned() {
		return false
	}
	cb := c.callbacks.at(i)
	return k.completed(rcuMark{cb.seq, cb.exp})
}

// completed reports whether a callback with these grace periods is ready.
func (k *kernel) completed(m rcuMark) bool {
	return rcu.SeqDone(k.rcu.seq, m.normal) || k.fix.ExpeditedCallbacks && rcu.SeqDone(k.rcu.exp.seq, m.exp)
}

// callbackBatch is the number of callbacks that the next pass invokes.
func (k *kernel) callbackBatch(c *cpu) int {
	n := 0
	for !c.offloaded() && n < callbackLimit && k.callbackReady(c, n) {
		n++
	}
	return n
}

// call queues a callback on this CPU (call_rcu_hurry). The callback gets a grace
// period at the CPU's next tick or RCU_SOFTIRQ.
func (k *kernel) call(fn func()) { k.post(nil, fn) }

// post is call with a record, in given, of the grace periods that complete the
// callback. It returns the CPU.
func (k *kernel) post(given *rcuMark, fn func()) *cpu {
	c := k.hereOr0()
	c.callbacks.push(rcuCallback{given: given, epoch: k.newEpoch(), turn: c.turns.arrive(), at: k.now, seq: rcu.SeqSnap(k.rcu.seq), link: k.chained("RCU"), fn: fn})
	if c.offloaded() {
		k.nocbPosted(c)
	}
	return c
}

// assignCallbacks assigns a grace period to waiting callbacks (rcu_accelerate_cbs).
func (k *kernel) assignCallbacks(c *cpu) {
	waiting := c.callbacks.unassigned()
	if len(waiting) == 0 {
		return
	}
	s := k.snap(CallbackWaitsForNext, k.rcu.seq)
	for i := range waiting {
		cb := &waiting[i]
		if !rcu.SeqGE(s, cb.seq) {
			k.unsafe(trial.CallbackTooEarly, "an RCU callback was given a grace period that ran when it was posted")
		}
		cb.seq, cb.exp = s, rcu.SeqSnap(k.rcu.exp.seq)
		if cb.given != nil {
			*cb.given = rcuMark{cb.seq, cb.exp}
		}
	}
	c.callbacks.assign()
	k.requestGP(s)
}

// requestGP requests grace periods up to s (rcu_start_this_gp).
func (k *kernel) requestGP(s uint64) {
	n := &k.rcu
	k.checkRequest(s)
	if !rcu.SeqGE(n.needed, s) {
		n.needed = s
	}
	if !rcu.SeqRunning(n.seq) && !rcu.SeqGE(n.seq, s) && !n.initFlag {
		n.initFlag = true
		if k.decision(RequestWakes, -1, true) {
			k.wake(n.kthread)
		}
	}
}

// snap is the number of the grace period that a new request has to wait for.
func (k *kernel) snap(waits Decision, seq uint64) uint64 {
	if rcu.SeqRunning(seq) && !k.decision(waits, -1, true) {
		return rcu.SeqEnd(seq)
	}
	return rcu.SeqSnap(seq)
}

// reportCPU clears a CPU's bit in the node (rcu_report_qs_rdp).
func (k *kernel) reportCPU(c *cpu) {
	n := &k.rcu
	c.needsQS = false
	k.moved = true
	if c.gpSeq != n.seq || !c.owes() || !k.decision(ReportReachesNode, c.id, true) {
		return
	}
	k.decide(decideQS, uint64(c.id))
	c.leaf.qsmask &^= c.bit
	k.reportUp(c.leaf)
	k.reportRoot()
}

// reportRoot wakes the grace-period kthread if nothing blocks the grace period any
// more (rcu_report_qs_rsp).
func (k *kernel) reportRoot() {
	n := &k.rcu
	if n.root.done() && rcu.SeqRunning(n.seq) {
		n.fqsFlag = true
		if k.decision(LastReportWakes, -1, true) {
			k.wake(n.kthread)
		}
	}
}

// owes reports whether the CPU owes the running grace period a quiescent state, and
// owesExp whether it has not answered the expedited one.
func (c *rcuCPU) owes() bool    { return c.leaf.qsmask&c.bit != 0 }
func (c *rcuCPU) owesExp() bool { return c.leaf.expmask&c.bit != 0 }

// noteContextSwitch is rcu_note_context_switch: a task that leaves the CPU inside a
// reader joins the leaf's list; the CPU itself has passed a quiescent state.
func (k *kernel) noteContextSwitch(c *cpu, t *task) {
	if k.preemptRCU() && t.inReader() && !t.rcu.queued {
		was := c.leaf.tails()
		c.leaf.queue(t,
			k.decision(SwitchedOutBlocks, c.id, rcu.SeqRunning(k.rcu.seq) && c.owes()),
			k.decision(SwitchedOutBlocksExp, c.id, c.owesExp()))
		k.checkQueued(c, t, was)
		k.decide(decideBlocked, uint64(t.pid))
		k.moved = k.moved || t.rcu.blocksGP || t.rcu.blocksExp // it may be the last of them
	}
	if c.owesExp() && c.expAsked {
		t.rcu.expHint = false
		k.reportExp(c)
	}
	c.switched = true
	if k.decision(SwitchQuiescent, c.id, true) {
		k.recordQS(c)
	}
}

// endSection is the outermost rcu_read_unlock of a task with a pending request of RCU
// (rcu_read_unlock_special).
func (k *kernel) endSection(t *task) {
	if t.rcu.needQS {
		t.rcu.needQS = false
		k.recordQS(t.cpu)
	}
	if t.rcu.expHint {
		t.rcu.expHint = false
		if k.decision(SectionReportsExp, t.cpu.id, true) {
			k.reportExp(t.cpu)
		}
	}
	if !t.rcu.queued || !k.decision(UnlockUnblocks, t.cpu.id, true) {
		return
	}
	leaf := t.rcu.leaf
	i := slices.Index(leaf.readers, t)
	leaf.readers = slices.Delete(leaf.readers, i, i+1)
	k.trace.unblocked(t)
	k.moved = true
	gp, exp := t.rcu.blocksGP, t.rcu.blocksExp
	t.rcu.queued, t.rcu.blocksGP, t.rcu.blocksExp = false, false, false
	if gp {
		k.reportUp(leaf)
		k.reportRoot()
	}
	if exp {
		k.expReportUp(leaf)
		k.expMaybeDone()
	}
}
