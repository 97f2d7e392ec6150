package kernel

import (
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/srcu/funnel"
	"github.com/gpstorm/gpstorm/trial"
)

// callbackList holds the callbacks of one CPU in a domain, and the work item that invokes
// them there (struct srcu_data). A domain is small, with all callbacks on the boot CPU,
// unless the scenario makes it big.
type callbackList struct {
	srcu.Callbacks
	last   srcu.Cookie // of the last callback
	moved  ns          // time of the last callback or of the last run of invoke
	invoke work        // srcu_invoke_callbacks
	timers int         // those that will queue invoke,
	fires  uint64      // and the jiffy of the first of them
	cpu    int

	// turns numbers the callbacks of call_srcu(). due holds the first whole grace period
	// of each that has not begun.
	turns turns
	due   []srcu.Cookie
}

// initLists creates the lists of an unused domain.
func (d *domain) initLists() {
	k := d.k
	lists := 1
	if k.sc.SRCU.Big {
		lists = k.possible()
	}
	for cpu := range lists {
		l := &callbackList{cpu: cpu}
		l.invoke = work{name: "srcu_invoke_callbacks", fn: func(t *task) {
			d.checkAlive("srcu_invoke_callbacks")
			t.use(costCallback * max(1, l.Pending()))
			l.moved = k.now
			ready := l.ready(d)
			l.Invoke(d.machine.Done)
			d.checkInvoked(l, ready)
			d.checkAlive("srcu_invoke_callbacks")
		}}
		d.lists = append(d.lists, l)
	}
	d.funnel = k.newFunnel(d.machine.Latest(), true)
}

// newFunnel returns the tree of a big domain, nil for a small one. A domain that is
// initialised where nothing may sleep becomes big later, in releases that do so
// (init_srcu_struct_fields). In a kernel without preemption, that cannot be told and
// counts as such.
func (k *kernel) newFunnel(latest srcu.Cookie, mayNotSleep bool) funnel.Funnel {
	if !k.sc.SRCU.Big {
		return nil
	}
	size := funnel.SizeBig
	if k.fix.GrowsBig && mayNotSleep {
		size = funnel.SizeAlloc
	}
	return k.fix.WrapTree(funnel.NewTree(k.possible(), k.leafWidth(), fanout, size, latest))
}

// home is the CPU on whose list the running code queues callbacks.
func (d *domain) home() int {
	if d.funnel == nil || d.funnel.Size() < funnel.SizeWaitCall {
		return 0
	}
	return d.k.hereOr0().id
}

// here is the list of this CPU. In a small domain it is that of the boot CPU.
func (d *domain) here() *callbackList {
	if d.funnel == nil {
		return d.lists[0]
	}
	return d.lists[d.k.hereOr0().id]
}

// post queues a callback and requests its grace period (srcu_gp_start_if_needed).
func (d *domain) post(fn func(), expedited bool) {
	if d.funnel == nil {
		l := d.lists[0]
		l.last, l.moved = srcu.Enqueue(d.machine, d.side, &l.Callbacks, fn, expedited), d.k.now
		return
	}
	d.postOn(d.home(), fn, expedited)
}

// postOn is post on the list of a CPU. fn may be nil.
func (d *domain) postOn(cpu int, fn func(), expedited bool) srcu.Cookie {
	l := d.lists[cpu]
	c, late := funnel.Enqueue(d.machine, d.side, d.funnel, cpu, &l.Callbacks, fn, expedited)
	if fn != nil {
		l.last, l.moved = c, d.k.now
	}
	if late {
		delay := uint64(1)
		if expedited {
			delay = 0
		}
		d.scheduleOn(cpu, delay)
	}
	return c
}

// scheduleOn queues the work that invokes the callbacks of a CPU, there, after a number of
// jiffies (srcu_schedule_cbs_sdp).
func (d *domain) scheduleOn(cpu int, jiffies uint64) {
	k, life := d.k, d.life
	if cpu >= len(k.cpus) && !k.decision(OfflineInvokes, cpu, false) {
		return
	}
	d.checkDelay("the work for callbacks", jiffies, 1)
	if jiffies == 0 {
		d.queueInvoke(cpu)
		return
	}
	c, l := k.hereOr0(), d.lists[cpu]
	fires := c.timers.add(k, c, k.jiffies+jiffies, timer{fn: func() {
		if l.timers--; life == d.life {
			d.queueInvoke(cpu)
		}
	}})
	if l.timers++; l.timers == 1 || int64(fires-l.fires) < 0 {
		l.fires = fires
	}
}

// queueInvoke queues the work that invokes the callbacks of a CPU, unless it is queued.
func (d *domain) queueInvoke(cpu int) {
	k, w := d.k, &d.lists[cpu].invoke
	if w.queued {
		return
	}
	w.queued = true
	if cpu >= len(k.cpus) { // and for ever: its pool has no workers
		k.violate(trial.NoWorker, "%s of %s is queued on CPU %d, which was never online and has no workers", w.name, d.name, cpu)
		return
	}
	k.insertWork(w, k.cpus[cpu].pool)
}

// awaitCallbacks is srcu_barrier: it waits for the callbacks that have been posted,
// behind the last one on each list. In a small domain it also waits for a grace period.
func (d *domain) awaitCallbacks(t *task) {
	if d.funnel == nil {
		d.begin(false)(t) // callbacks run in the order of posting
		return
	}
	var c completion
	left := 1
	ran := func() {
		if left--; left == 0 {
			d.k.complete(&c)
		}
	}
	for cpu, l := range d.lists {
		if l.Pending() == 0 && l.invoke.on == nil || cpu > 0 && !d.k.decision(BarrierAll, cpu, true) {
			continue
		}
		left++
		l.Push(l.last, ran)
	}
	if ran(); left > 0 {
		t.waitDomain, t.waitFrom = d, d.waits
		t.wait(&c, inSyncSRCU)
		t.waitDomain = nil
	}
}

// pending is the number of callbacks that have not begun.
func (d *domain) pending() (n int) {
	for _, l := range d.lists {
		n += l.Pending()
	}
	return n
}

// invoking returns the work item that invokes callbacks now, nil if none does.
func (d *domain) invoking() *work {
	for _, l := range d.lists {
		if l.invoke.on != nil {
			return &l.invoke
		}
	}
	return nil
}

// forgotten reports whether callbacks wait on a list, and nothing will invoke them: no
// further grace period is needed, or theirs ended long ago. A timer that will queue the
// work may be overdue, since ksoftirqd, which runs it then, waits for its CPU.
func (d *domain) forgotten() bool {
	for _, l := range d.lists {
		if l.Pending() == 0 || !l.invoke.idle() || l.timers > 0 && d.k.recentJiffy(l.fires) {
			continue
		}
		if !d.machine.Needed() && !d.k.recent(d.lastEnd) || d.machine.Done(l.last) && !d.k.recent(l.moved) {
			return true
		}
	}
	return false
}
