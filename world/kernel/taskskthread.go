package kernel

// tasksKthread is the kthread of one flavour of RCU tasks (rcu_tasks_kthread): it
// serves batches of requests and rests after each grace period, whatever is requested
// meanwhile.
type tasksKthread struct {
	k       *kernel
	task    *task
	waiting []func()
	idle    bool // it waits for requests
	looking bool // it sleeps between two looks at holdouts
}

// post hands in what is to run after a full grace period. A request does not end a
// rest (rcuwait_wake_up).
func (r *tasksKthread) post(fn func()) {
	r.waiting = append(r.waiting, fn)
	if r.idle {
		r.k.wake(r.task)
	}
}

// serve is the life of the kthread. begin finds the holdouts of a grace period, held
// reports whether there are any left, and end is what follows the last one. The kthread
// sleeps for pause jiffies before the next look at them, each time one more
// (init_fract), and as long after a grace period (gp_sleep).
func (r *tasksKthread) serve(t *task, pause uint64, begin func(), held func() bool, end func()) {
	for {
		r.idle = true
		t.sleepUntil(sleeping, nowhere, func() bool { return len(r.waiting) > 0 })
		r.idle = false
		batch := r.waiting
		r.waiting = nil
		begin()
		for next := pause; held(); {
			r.looking = true
			t.ask(sleepTicks(idling, next))
			r.looking = false
			next = min(next+1, uint64(r.k.sc.Machine.HZ)) // it backs off slowly
			t.use(costHoldoutScan)
		}
		end()
		for _, fn := range batch {
			fn()
		}
		t.ask(sleepTicks(idling, pause))
	}
}
