package kernel

import (
	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/trial"
)

// This file holds the oracles for what comes late, or only because somebody else needed
// it too.

// checkRequested checks, after a run of process_srcu that polls on, that a grace period
// which can end the polled one runs or is requested.
func (d *domain) checkRequested() {
	if d.polledInVain && d.k.rcuAtRest() {
		d.k.violate(trial.CookieUnrequested, "a scan of %s polls for an RCU grace period, and none runs or is requested", d.name)
	}
}

// rcuAtRest reports whether no grace period of vanilla RCU runs or is requested.
func (k *kernel) rcuAtRest() bool {
	n, e := &k.rcu, &k.rcu.exp
	return !rcu.SeqRunning(n.seq) && !n.initFlag && rcu.SeqGE(n.seq, n.needed) && !e.running && !e.wanted && e.poll.idle()
}

// checkHandedOver checks, after a run of process_srcu, that workers have all callbacks
// whose grace period has ended, or get them from a timer of one jiffy (SRCU_INTERVAL), which
// fires in the next one.
func (d *domain) checkHandedOver() {
	for _, l := range d.lists {
		if !l.invoke.idle() || len(l.due) == 0 || !d.machine.Done(l.due[0]) {
			continue
		}
		if l.timers == 0 {
			d.k.violate(trial.CallbackLate, "%s: the grace period of a callback on CPU %d has ended, and nothing will invoke it before the end of another", d.name, l.cpu)
		} else if wait := int64(l.fires - d.k.jiffies); wait > 2 {
			d.k.violate(trial.CallbackLate, "%s: the grace period of a callback on CPU %d has ended, and it waits for a timer for %d jiffies", d.name, l.cpu, wait)
		}
	}
}

// ready is the number, among all callbacks of the list, of the last one whose grace
// period has ended.
func (l *callbackList) ready(d *domain) uint64 {
	n := l.turns.served
	for _, c := range l.due {
		if !d.machine.Done(c) {
			break
		}
		n++
	}
	return n
}

// checkInvoked checks, after a run of srcu_invoke_callbacks, that it has invoked all
// callbacks that were ready at its start.
func (d *domain) checkInvoked(l *callbackList, ready uint64) {
	if l.turns.served < ready {
		d.k.violate(trial.CallbackLate, "%s: srcu_invoke_callbacks on CPU %d left %d callbacks whose grace period has ended", d.name, l.cpu, ready-l.turns.served)
	}
}

// checkBoosts checks, after a scan for quiescent states, that a grace period of half a second
// has boosted the readers that alone block it and wait for a CPU (rcu_boost).
func (k *kernel) checkBoosts() {
	const delay = 500_000_000
	if !k.sc.RCU.Boost || k.rcuAge() < delay {
		return
	}
	for _, leaf := range k.rcu.leaves {
		for _, t := range leaf.readers {
			if leaf.qsmask == 0 && t.rcu.blocksGP && !t.fifo() && t.state == running && t.cpu.cur != t {
				k.violate(trial.WaitsTooLong, "%s has blocked a grace period for longer than half a second, waits for its CPU and is not boosted", t.name)
			}
		}
	}
}

// checkReported checks, at the end of a grace period, that one which took a second more than
// the stall timeout has been reported (check_cpu_stall). Ticks report it; some may be lost.
func (k *kernel) checkReported() {
	n := &k.rcu
	late := uint64((k.stallTimeout() + 1_000_000_000) / k.tick)
	if age := k.jiffies - n.startedJiffies; age > late && k.rcuStalls == n.paced.reports && len(k.sc.Faults) == 0 {
		k.violate(trial.WaitsTooLong, "a grace period has taken %d jiffies, and no stall was reported", age)
	}
	n.paced.reports = k.rcuStalls
}

// checkHang checks, at the end of an hrtimer interrupt, that hrtimers pause if and only if three
// passes of this interrupt have each found more expired timers (hrtimer_interrupt).
func (c *cpu) checkHang() {
	if pauses := c.hrBlocked > c.at; pauses != (c.hrPassed >= 3) {
		c.k.violate(trial.WaitsTooLong, "%d passes of an hrtimer interrupt on CPU %d found more expired timers, and a pause follows: %t", c.hrPassed, c.id, pauses)
	}
	c.hrPassed = 0
}

// polledOrder is the order in which grace periods began, for an oracle.
type polledOrder struct {
	starts uint64    // of all kinds, so far
	polled uint64    // number of the start that began the running polled grace period
	began  [2]uint64 // of the running normal and expedited ones; 0 is none
}

// noteStart records that a grace period of a kind has begun, and whether a polled one with it.
func (o *polledOrder) noteStart(kind int, polled bool) {
	o.starts++
	o.began[kind] = o.starts
	if polled {
		o.polled = o.starts
	}
}

// checkPolledEnd checks, at the end of a grace period of a kind, that it has ended the polled
// grace period that was in progress, if that began no later (rcu_poll_gp_seq_end).
func (k *kernel) checkPolledEnd(kind int, was uint64) {
	n := &k.rcu
	o := &n.order
	if rcu.SeqRunning(was) && n.polled == was && o.began[kind] >= o.polled {
		k.violate(trial.WaitsTooLong, "a whole grace period of RCU has passed since the polled one began, and does not end it")
	}
	o.began[kind] = 0
}

// checkNoticed checks that a CPU takes the interrupts that it has missed once its fault is over.
func (k *kernel) checkNoticed(c *cpu) {
	if len(c.unnoticed) > 0 {
		k.violate(trial.NotRescheduled, "CPU %d leaves %d interrupts that it has missed in a fault", c.id, len(c.unnoticed))
	}
}

// checkJiffies checks that jiffies are the whole ticks at the start of the present one.
func (k *kernel) checkJiffies() {
	if passed := k.jiffies - initialJiffies; ns(passed)*k.tick != k.jiffyBegan {
		k.violate(trial.TimerMisplaced, "%d jiffies have passed in %d ns, and a jiffy has %d", passed, k.jiffyBegan, k.tick)
	}
}
