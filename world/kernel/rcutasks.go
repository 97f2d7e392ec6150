package kernel

// rcuTasks is RCU tasks (kernel/rcu/tasks.h, rcu_tasks_wait_gp): a grace period ends
// when every task that was runnable has slept of its own accord, or was found in user
// mode by a tick. A kthread serves batches of requests, with a grace period of vanilla
// RCU before it lists the tasks and one after the last of them is done.
type rcuTasks struct {
	k        *kernel
	kthread  *task
	waiting  []*completion
	holdouts []holdout
}

// holdout is a task that was runnable, and how often it had switched voluntarily.
type holdout struct {
	task *task
	seen uint64
}

func (k *kernel) newRCUTasks() *rcuTasks {
	r := &rcuTasks{k: k}
	r.kthread = k.spawn("rcu_tasks_kthre", k.mask(nil), k.direct(r.run))
	r.kthread.role = asTasksKthread
	return r
}

// synchronize is synchronize_rcu_tasks.
func (r *rcuTasks) synchronize(t *task) {
	var c completion
	r.waiting = append(r.waiting, &c)
	r.k.wake(r.kthread)
	t.use(costSync)
	t.wait(&c, inRCUTasks)
	r.k.directWaits.normal += 2 // one before the tasks are listed, one after
	r.k.addWait(t, gpCounts{}, gpCounts{normal: 2})
}

// run is the kthread. It looks at the holdouts every tenth of a second
// (init_fract), and rests as long after a grace period (gp_sleep).
func (r *rcuTasks) run(t *task) {
	k := r.k
	nap := max(1, uint64(k.sc.Machine.HZ/10))
	for {
		t.sleepUntil(sleeping, nowhere, func() bool { return len(r.waiting) > 0 })
		batch := r.waiting
		r.waiting = nil
		k.synchronize(t)
		t.use(costHoldoutScan)
		for _, o := range k.tasks {
			if o.state == running && o != t {
				r.holdouts = append(r.holdouts, holdout{o, o.voluntary})
			}
		}
		for r.check(); len(r.holdouts) > 0; r.check() {
			t.ask(sleepTicks(idling, nap))
			t.use(costHoldoutScan)
		}
		k.synchronize(t)
		k.lastMove = k.now
		for _, c := range batch {
			k.complete(c)
		}
		t.ask(sleepTicks(idling, nap))
	}
}

// check takes those off the list that have passed a quiescent state
// (check_holdout_task).
func (r *rcuTasks) check() {
	left := r.holdouts[:0]
	for _, h := range r.holdouts {
		if h.task.state == running && h.task.voluntary == h.seen {
			left = append(left, h)
		}
	}
	r.holdouts = left
	r.k.moved = true
}
