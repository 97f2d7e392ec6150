package kernel

import "strconv"

func itoa(n int) string { return strconv.Itoa(n) }

// pool is the per-CPU worker pool that serves the rcu_gp workqueue
// (kernel/workqueue.c). While one of its workers is runnable, no other is woken. When
// the last one sleeps inside an item, another takes over, a new one if none is idle.
type pool struct {
	cpu     *cpu
	pending []*work
	idle    []*task
	workers int
	running int // runnable workers that are not idle
	lastRun ns  // time at which an item was last taken
	turns   turns
}

// work is a work item. It is never queued twice and never runs twice at once.
type work struct {
	name   string
	fn     func(t *task)
	queued bool   // waiting in a pool, or behind a timer
	armed  *cpu   // CPU that armed its timer
	timer  uint64 // expiry of its timer in jiffies; 0 is none
	on     *pool  // pool in which it runs
	again  bool   // its present worker will run it again
	worker *task
	// repeats counts the times that it has queued itself in this jiffy, for an oracle.
	jiffy   uint64
	repeats int
	// arrival is its number in the pool in which it waits.
	arrival uint64
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

// The work functions on workqueues other than rcu_gp.
const (
	freeWork    = "perf_trace_free_work" // of candidates that free memory in a worker
	rudeWork    = "rcu_tasks_be_rude"
	cleanupWork = "rcu_sr_normal_gp_cleanup_work"
)

// queueWork queues an item on this CPU's pool, or on the pool in which it is running.
func (k *kernel) queueWork(w *work) {
	if w.queued {
		return
	}
	w.queued = true
	k.insertWork(w, k.poolOf(k.hereOr0()))
}

// queueDelayed queues an item after a number of jiffies. The timer fires on the CPU
// that armed it, and the item is queued there.
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
		if k.curTask == w.worker && w.name != "process_srcu" {
			k.checkRequeued(w)
		}
	}
	if len(p.pending) == 0 && p.running == 0 {
		p.lastRun = k.now
	}
	w.arrival = p.turns.arrive()
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

// workerSleeping is the scheduler's hook for a worker that goes to sleep
// (wq_worker_sleeping).
func (k *kernel) workerSleeping(c *cpu) {
	p := c.pool
	if p.running--; p.running == 0 && len(p.pending) > 0 {
		k.wakeIdleWorker(p)
	}
}

// addWorker creates one more worker of a pool, not yet running.
func (k *kernel) addWorker(p *pool) *task {
	name := "kworker/" + itoa(p.cpu.id) + ":" + itoa(p.workers)
	p.workers++
	t := k.spawn(name, only(p.cpu.id), k.direct(func(t *task) { k.work(t, p) }))
	t.pool, t.role, t.family = p, asWorker, "kworker"
	return t
}

// work is the main loop of a worker (worker_thread).
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
			p.checkTurn(k, w)
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

// hereOr0 is the CPU whose code is executing. Code outside of any CPU counts as
// executing on the boot CPU.
func (k *kernel) hereOr0() *cpu {
	if k.here != nil {
		return k.here
	}
	return k.cpus[0]
}
