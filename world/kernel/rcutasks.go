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

func (r *rcuTasks) run(t *task) { r.serve(t, uint64(max(1, r.k.sc.Machine.HZ/rcuTasksPause)), r) }

// begin waits for RCU and lists the tasks that are runnable (rcu_tasks_pregp_step,
// rcu_tasks_pertask).
func (r *rcuTasks) begin(t *task) {
	k := r.k
	k.synchronize(t)
	t.use(costHoldoutScan)
	for _, o := range k.tasks {
		if o.state == running && o != t {
			r.holdouts = append(r.holdouts, holdout{o, o.voluntary})
		}
	}
}

func (r *rcuTasks) listed() bool { return len(r.holdouts) > 0 }

// scan removes the tasks from the list that have passed a quiescent state
// (check_holdout_task).
func (r *rcuTasks) scan(*task) {
	left := r.holdouts[:0]
	for _, h := range r.holdouts {
		if h.task.state == running && h.task.voluntary == h.seen {
			left = append(left, h)
		}
	}
	r.holdouts = left
	r.k.moved = true
}

// end is rcu_tasks_postgp.
func (r *rcuTasks) end(t *task) {
	r.k.synchronize(t)
	r.k.lastMove = r.k.now
}
