package kernel

// tasksKthread is the kthread of one flavour of RCU tasks (rcu_tasks_kthread): it
// serves batches of requests and pauses after each grace period, even if there are
// new requests.
type tasksKthread struct {
	k       *kernel
	task    *task
	waiting []func()
	idle    bool   // it waits for requests
	looking bool   // it sleeps between two scans of the holdouts
	scanned uint64 // jiffies at the last scan or end of a grace period, for an oracle
}

// post requests a call of fn after a full grace period. A request does not end a
// pause (rcuwait_wake_up).
func (r *tasksKthread) post(fn func()) {
	r.waiting = append(r.waiting, fn)
	if r.idle {
		r.k.wake(r.task)
	}
}

// grace is one flavour's part of a grace period.
type grace interface {
	begin(t *task) // lists the holdouts
	listed() bool  // reports whether any are left
	scan(t *task)  // removes from the list what holds out no longer
	end(t *task)
}

// serve is the kthread's main loop. The kthread sleeps for pause jiffies before its next
// scan of the holdouts, one jiffy longer each time (init_fract), and for the same pause
// after a grace period (gp_sleep).
func (r *tasksKthread) serve(t *task, pause uint64, g grace) {
	least := pause // between two grace periods
	for {
		r.idle = true
		t.sleepUntil(sleeping, nowhere, func() bool { return len(r.waiting) > 0 })
		r.idle = false
		batch := r.waiting
		r.waiting = nil
		r.checkPaused("a grace period", least)
		g.begin(t)
		r.scanned = 0
		for next := pause; g.listed(); {
			r.looking = true
			t.ask(sleepTicks(idling, next))
			r.looking = false
			r.checkPaused("a scan", 1)
			next = min(next+1, uint64(r.k.sc.Machine.HZ)) // backs off linearly
			t.use(costHoldoutScan)
			g.scan(t)
		}
		g.end(t)
		r.scanned = r.k.jiffies
		for _, fn := range batch {
			fn()
		}
		t.ask(sleepTicks(idling, pause))
	}
}
