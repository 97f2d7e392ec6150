package kernel

import (
	"slices"

	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/srcu"
)

// holdouts is Tasks-Trace RCU up to 6.19: a kthread serves batches of requests, each
// with one synchronize_rcu() and a wait for the tasks found inside a section
// (rcu_tasks_one_gp, rcu_tasks_trace_postscan).
type holdouts struct {
	tasksKthread
	loops []*loop
	waits gpCounts
	// foundReader: at the last look a task was inside a section. So the next look may
	// find that it has left.
	foundReader bool
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

func (h *holdouts) run(t *task) {
	k := h.k
	var epoch uint64
	h.serve(t, uint64(max(1, k.sc.Machine.HZ/holdoutPause)), func() {
		epoch = k.beginEpoch()
		t.use(costHoldoutScan)
		k.synchronize(t)
		h.waits.normal++
		k.lastMove = k.now
	}, func() bool { return h.heldOut(epoch) }, func() {})
}

// heldOut reports whether a section that began before the grace period is still in
// progress.
func (h *holdouts) heldOut(epoch uint64) bool {
	h.k.syncAll()
	h.foundReader = slices.ContainsFunc(h.loops, (*loop).inSection)
	return slices.ContainsFunc(h.loops, func(l *loop) bool { return l.predates(epoch) })
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
