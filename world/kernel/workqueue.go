package kernel

import "strconv"

func itoa(n int) string { return strconv.Itoa(n) }

// pool is the per-CPU worker pool that serves the rcu_gp workqueue
// (kernel/workqueue.c): as long as one of its workers is runnable no other is
// woken; when the last goes to sleep in the middle of an item another takes
// over, a new one if none is idle.
type pool struct {
	cpu     *cpu
	pending []*work
	idle    []*task
	workers int
	running int // runnable workers that are not idle
	lastRun ns  // when an item was last taken
}

// work is a work item: never queued twice, never run twice at once.
type work struct {
	name   string
	fn     func(t *task)
	queued bool   // waiting in a pool, or behind a timer
	armed  *cpu   // where the timer it is behind was armed
	timer  uint64 // when the timer it is behind fires, in jiffies; 0 is none
	on     *pool  // running there
	again  bool   // to be run again by the worker that is running it
	worker *task
}

// queue is the name of the workqueue that the item is on.
func (w *work) queue() string {
	switch w.name {
	case freeWork, rudeWork:
		return "events" // system_wq, system_percpu_wq
	case cleanupWork:
		return "sync_wq"
	}
	return "rcu_gp"
}

// The work functions that are not on rcu_gp.
const (
	freeWork    = "perf_trace_free_work" // of candidates that leave the freeing to a worker
	rudeWork    = "rcu_tasks_be_rude"
	cleanupWork = "rcu_sr_normal_gp_cleanup_work"
)

// queueWork queues an item on this CPU's pool, or where it is running.
func (k *kernel) queueWork(w *work) {
	if w.queued {
		return
	}
	w.queued = true
	k.insertWork(w, k.poolOf(k.hereOr0()))
}

// queueDelayed queues an item after a number of jiffies. The timer fires, and
// the item is queued, on the CPU that armed it.
func (k *kernel) queueDelayed(w *work, jiffies uint64) {
	if jiffies == 0 {
		k.queueWork(w)
		return
	}
	if w.queued {
		return
	}
	k.moved = true
	w.queued, w.timer = true, bucket(k.jiffies+jiffies, jiffies)
	c := k.hereOr0()
	w.armed = c
	c.timers.add(k, c, k.jiffies+jiffies, timer{fn: func() {
		w.timer = 0
		k.insertWork(w, k.poolOf(c))
	}})
}

func (k *kernel) insertWork(w *work, p *pool) {
	if w.on != nil {
		p = w.on
	}
	if len(p.pending) == 0 && p.running == 0 {
		p.lastRun = k.now
	}
	p.pending = append(p.pending, w)
	k.moved = true
	if p.running == 0 {
		k.wakeIdleWorker(p)
	}
}

func (k *kernel) wakeIdleWorker(p *pool) {
	if n := len(p.idle); n > 0 {
		t := p.idle[n-1]
		p.idle = p.idle[:n-1]
		k.wake(t)
	}
}

// workerSleeping is the hook by which the scheduler tells the pool
// (wq_worker_sleeping).
func (k *kernel) workerSleeping(c *cpu) {
	p := c.pool
	if p.running--; p.running == 0 && len(p.pending) > 0 {
		k.wakeIdleWorker(p)
	}
}

// addWorker makes one more worker of a pool, not yet running.
func (k *kernel) addWorker(p *pool) *task {
	name := "kworker/" + itoa(p.cpu.id) + ":" + itoa(p.workers)
	p.workers++
	t := k.spawn(name, 1<<p.cpu.id, k.direct(func(t *task) { k.work(t, p) }))
	t.pool, t.role, t.family = p, asWorker, "kworker"
	return t
}

// work is a worker's life (worker_thread).
func (k *kernel) work(t *task, p *pool) {
	for {
		// Keep one worker idle, for when this one sleeps (manage_workers).
		if len(p.pending) > 0 && len(p.idle) == 0 {
			t.use(costWorkerCreate)
			p.idle = append(p.idle, k.addWorker(p))
		}
		for len(p.pending) > 0 && (p.running <= 1) {
			w := p.pending[0]
			p.pending = append(p.pending[:0], p.pending[1:]...)
			if w.on != nil { // find_worker_executing_work
				w.again = true
				continue
			}
			k.runWork(t, p, w)
			for w.again {
				w.again = false
				k.runWork(t, p, w)
			}
		}
		if len(p.pending) > 0 && len(p.idle) == 0 {
			continue
		}
		p.idle = append(p.idle, t)
		t.where = nowhere
		t.ask(sleepIn(idling))
	}
}

func (k *kernel) runWork(t *task, p *pool, w *work) {
	p.lastRun = k.now
	w.queued, w.on, w.worker = false, p, t
	t.item = w
	k.trace.workBegin(t, w)
	t.use(costWork)
	w.fn(t)
	k.trace.workEnd(t, w)
	w.on, w.worker, t.item = nil, nil, nil
	p.lastRun = k.now
}

// hereOr0 is the CPU on which the present code executes; what happens outside
// of any CPU is taken to happen on the boot CPU.
func (k *kernel) hereOr0() *cpu {
	if k.here != nil {
		return k.here
	}
	return k.cpus[0]
}
