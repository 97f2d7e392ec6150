package kernel

// rcuTasks is RCU tasks (kernel/rcu/tasks.h, rcu_tasks_wait_gp): a grace period ends
// when every task that was runnable has slept voluntarily, or was in user mode at a
// tick. A kthread serves batches of requests. It waits for a grace period of vanilla
// RCU before it lists the tasks, and for another one after the last of them is done.
type rcuTasks struct {
	tasksKthread
	holdouts []holdout
}

// holdout is a runnable task with its number of voluntary switches at the start.
type holdout struct {
	task *task
	seen uint64
}

// rcuTasksPause is the divisor of a second that gives the pause of RCU tasks.
const rcuTasksPause = 10

func (k *kernel) newRCUTasks() *rcuTasks {
	r := &rcuTasks{tasksKthread: tasksKthread{k: k, idle: true}}
	r.task = k.spawn("rcu_tasks_kthre", k.mask(nil), k.direct(r.run))
	r.task.role = asTasksKthread
	return r
}

// synchronize is synchronize_rcu_tasks.
func (r *rcuTasks) synchronize(t *task) {
	var c completion
	r.post(func() { r.k.complete(&c) })
	t.use(costSync)
	t.wait(&c, inRCUTasks)
	r.k.directWaits.normal += 2 // one before the tasks are listed, one after
	r.k.addWait(t, gpCounts{}, gpCounts{normal: 2})
}

func (r *rcuTasks) run(t *task) {
	k := r.k
	r.serve(t, uint64(max(1, k.sc.Machine.HZ/rcuTasksPause)), func() {
		k.synchronize(t)
		t.use(costHoldoutScan)
		for _, o := range k.tasks {
			if o.state == running && o != t {
				r.holdouts = append(r.holdouts, holdout{o, o.voluntary})
			}
		}
	}, r.held, func() {
		k.synchronize(t)
		k.lastMove = k.now
	})
}

// held removes the tasks from the list that have passed a quiescent state
// (check_holdout_task), and reports whether any are left.
func (r *rcuTasks) held() bool {
	left := r.holdouts[:0]
	for _, h := range r.holdouts {
		if h.task.state == running && h.task.voluntary == h.seen {
			left = append(left, h)
		}
	}
	r.holdouts = left
	r.k.moved = true
	return len(left) > 0
}
