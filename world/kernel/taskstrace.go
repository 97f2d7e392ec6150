package kernel

import (
	"slices"

	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// holdouts is Tasks-Trace RCU up to 6.19: a kthread serves batches of requests. It lists
// the tasks that run and the readers that are switched out, waits for a grace period of
// RCU, and then checks the listed tasks until none is left (rcu_tasks_one_gp).
type holdouts struct {
	tasksKthread
	loops []*loop
	waits gpCounts
	list  []*traceHoldout
}

// traceHoldout is a task on the list of holdouts.
type traceHoldout struct {
	task    *task // nil is the idle task of the CPU idle
	idle    *cpu
	ipiTo   *cpu // trc_ipi_to_cpu; nil is none
	checked bool // TRC_NEED_QS_CHECKED
	// needQS: the check found the task in a section, the one with this number, which had
	// not ended at the last scan (TRC_NEED_QS).
	needQS  bool
	section uint64
}

// holdoutPause is the divisor of a second that gives its pause: HZ/200 if readers
// have no barriers of their own, as on x86.
const holdoutPause = 200

func (k *kernel) newHoldouts() *holdouts {
	h := &holdouts{tasksKthread: tasksKthread{k: k, idle: true}}
	h.task = k.spawn("rcu_tasks_trace", k.mask(nil), k.direct(h.run))
	h.task.role = asTraceKthread
	return h
}

func (h *holdouts) run(t *task) { h.serve(t, uint64(max(1, h.k.sc.Machine.HZ/holdoutPause)), h) }

// begin lists the task that each other CPU runs, the idle task too, and then the readers
// that are switched out inside a section (rcu_tasks_trace_pregp_step). Afterwards it
// waits for RCU (rcu_tasks_trace_postscan).
func (h *holdouts) begin(t *task) {
	k := h.k
	t.use(costHoldoutScan)
	for _, c := range k.cpus {
		switch {
		case c.cur == nil:
			h.list = append(h.list, &traceHoldout{idle: c})
		case c.cur != t:
			h.list = append(h.list, &traceHoldout{task: c.cur})
		}
	}
	for _, l := range h.loops {
		o := &traceHoldout{task: l.t}
		if o.runsOn() == nil {
			if o.check(k); o.needQS {
				h.list = append(h.list, o)
			}
		}
	}
	k.synchronize(t)
	h.waits.normal++
	k.lastMove = k.now
}

func (h *holdouts) listed() bool { return len(h.list) > 0 }

// scan checks the tasks on the list and removes those that have been outside of sections
// (check_all_holdout_tasks_trace).
func (h *holdouts) scan(t *task) {
	sent := 0
	for _, o := range h.list {
		if o.ipiTo != nil || o.checked {
			continue
		}
		switch c := o.runsOn(); {
		case c == nil:
			o.check(h.k)
		case !h.interrupts(c):
			sent++
			h.interrupt(o, c)
		}
	}
	left := h.list[:0]
	for _, o := range h.list {
		o.needQS = o.needQS && o.inside(h.k)
		if o.ipiTo != nil || !o.checked || o.needQS {
			left = append(left, o)
		}
	}
	clear(h.list[len(left):])
	h.list = left
	if sent > 0 {
		t.use(costIPISend * sent)
	}
}

func (h *holdouts) end(*task) { h.k.lastMove = h.k.now }

// interrupts reports whether an IPI to the CPU is outstanding.
func (h *holdouts) interrupts(c *cpu) bool {
	return slices.ContainsFunc(h.list, func(o *traceHoldout) bool { return o.ipiTo == c })
}

// interrupt sends an IPI to the CPU that runs the task. Its handler checks the task if
// the CPU still runs it (trc_wait_for_one_reader, trc_read_check_handler).
func (h *holdouts) interrupt(o *traceHoldout, c *cpu) {
	k := h.k
	o.ipiTo = c
	k.ipis++
	c.raise(irq{kind: irqCall, done: func() {
		if o.runsOn() == c {
			o.check(k)
		}
		o.ipiTo = nil
	}}, ipiLatency)
}

// runsOn is the CPU that runs the task, nil if none does (task_curr).
func (o *traceHoldout) runsOn() *cpu {
	c := o.idle
	if c == nil {
		c = o.task.cpu
	}
	if c.cur != o.task {
		return nil
	}
	return c
}

// check inspects the task (trc_inspect_reader).
func (o *traceHoldout) check(k *kernel) {
	o.checked = true
	if l := o.loop(); l != nil {
		p := k.positionOf(l)
		o.needQS, o.section = p.locked, p.section
	}
}

// inside reports whether the task is still in the section in which the check found it.
// Its end clears TRC_NEED_QS (rcu_read_unlock_trace_special).
func (o *traceHoldout) inside(k *kernel) bool {
	p := k.positionOf(o.loop())
	return p.locked && p.section == o.section
}

// loop is the task's program, if it has sections of Tasks-Trace RCU.
func (o *traceHoldout) loop() *loop {
	if o.task == nil || o.task.loop == nil || o.task.loop.spec.Reads != workload.ReadsTasksTrace {
		return nil
	}
	return o.task.loop
}

// restWaits adds the mechanism to the cause while the kthread sleeps between two scans:
// an IPI that a CPU has not answered, tasks that the last check found inside, or only the
// next scan.
func (h *holdouts) restWaits(c *cause) {
	c.what = trial.RetryDelay
	for _, o := range h.list {
		switch {
		case o.ipiTo != nil && o.ipiTo.halted():
			c.what, c.cpu = trial.CPUStopped, uint8(o.ipiTo.id)
			return
		case o.ipiTo != nil:
			c.what, c.cpu = trial.TraceNotAnswered, uint8(o.ipiTo.id)
			return
		case o.needQS:
			c.what = trial.Holdouts
		}
	}
}

func (h *holdouts) Call(fn func()) {
	link := h.k.chained("tasks-trace")
	h.post(h.k.once("tasks-trace callback", func() {
		h.k.callbackTime()
		h.k.invoke(link, fn)
	}))
}

func (h *holdouts) Synchronize() {
	if t, ok := h.k.mayBlock("synchronize_rcu_tasks_trace()"); ok {
		t.use(costSync)
		h.Begin()()
	}
}

func (h *holdouts) Begin() func() {
	var c completion
	k := h.k
	epoch := k.newEpoch()
	h.Call(func() {
		k.checkLoops("tasks-trace", h.loops, epoch)
		k.complete(&c)
	})
	return func() {
		t, ok := k.mayBlock("a wait for a tasks-trace callback")
		if !ok {
			return
		}
		from := h.waits
		t.wait(&c, inTasksTrace)
		k.addWait(t, from, h.waits)
	}
}

// Start returns no cookie: this Tasks-Trace RCU has no polling.
func (h *holdouts) Start() srcu.Cookie { return 0 }

func (h *holdouts) Await(srcu.Cookie) { h.Synchronize() }

// vanilla is vanilla RCU as the domain of a tracepoint whose readers disable
// preemption.
type vanilla struct {
	k     *kernel
	loops []*loop
}

func (v *vanilla) Synchronize() {
	t, ok := v.k.mayBlock("synchronize_rcu()")
	if !ok {
		return
	}
	epoch := v.k.newEpoch()
	v.k.synchronize(t)
	v.k.checkLoops("vanilla RCU", v.loops, epoch)
	v.k.countDirect(t)
}

func (v *vanilla) Call(fn func()) { v.k.call(fn) }

func (v *vanilla) Begin() func() {
	k := v.k
	var c completion
	epoch := k.newEpoch()
	mark := &rcuMark{}
	on := k.post(mark, func() {
		k.checkLoops("vanilla RCU", v.loops, epoch)
		k.complete(&c)
	})
	return func() {
		if t, ok := k.mayBlock("a wait for an RCU callback"); ok {
			t.postedOn, t.waitMark = on, mark
			t.wait(&c, inCallRCU)
			k.countDirect(t)
		}
	}
}

func (v *vanilla) Await(c srcu.Cookie) {
	t, ok := v.k.mayBlock("a wait for an RCU cookie")
	if !ok {
		return
	}
	t.waitCookie = c
	for !v.done(c) {
		t.where = inPollWait
		t.ask(sleepTicks(blocked, 1))
	}
	t.where = nowhere
	v.k.countDirect(t)
}

func (v *vanilla) done(c srcu.Cookie) bool { return rcu.SeqGE(v.k.rcu.polled, uint64(c)) }

// Start is start_poll_synchronize_rcu.
func (v *vanilla) Start() srcu.Cookie {
	c := v.k.snap(CookieWaitsForNext, v.k.rcu.polled)
	v.k.requestGP(rcu.SeqSnap(v.k.rcu.seq))
	return srcu.Cookie(c)
}
