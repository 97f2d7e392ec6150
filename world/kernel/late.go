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
