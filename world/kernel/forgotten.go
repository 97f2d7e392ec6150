package kernel

import (
	"slices"

	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/trial"
)

// This file holds the oracles for what vanilla RCU forgets, which need not harm a
// close(), and for where tasks run.

// longOver reports whether the grace period with this number ended so long ago that whoever
// needed it should have got it: so many others have ended since, and as much time has passed
// as a CPU takes to notice. On an idle CPU many can end between two ticks.
func (k *kernel) longOver(seq uint64) bool {
	n := &k.rcu
	if !rcu.SeqGE(n.seq, seq+inVain*rcu.SeqStep) {
		return false
	}
	if rcu.SeqCount(n.seq-seq) >= uint64(len(n.ended)) {
		seq = n.seq - uint64(len(n.ended)-1)*rcu.SeqStep // the first that is remembered
	}
	return k.now-n.ended[rcu.SeqCount(seq)%uint64(len(n.ended))] >= noticeTicks*k.tick
}

// noticeTicks is the time, in jiffies, in which a CPU notices that callbacks are ready: it
// does so in its next tick.
const noticeTicks = 2

// checkForgotten checks, after the drain, that all callers of synchronize_rcu() have been
// woken and all callbacks of vanilla RCU invoked, unless their time is yet to come.
func (k *kernel) checkForgotten() {
	// A work item wakes all but the first waiters of a grace period.
	busy := slices.ContainsFunc(k.cpus, func(c *cpu) bool { return c.pool.running > 0 || len(c.pool.pending) > 0 })
	for _, t := range k.tasks {
		if !busy && t.state == blocked && t.where == inSyncRCU && k.longOver(t.waitMark.normal) {
			k.violate(trial.WaiterForgotten, "%s waits in synchronize_rcu(), and %d grace periods have ended since the one it needs", t.name, inVain)
		}
	}
	for _, c := range k.cpus {
		if n := k.forgottenCallbacks(c); n > 0 {
			k.violate(trial.CallbackLost, "CPU %d: %d RCU callbacks have not run, and %d grace periods have ended since the one that the first of them needs", c.id, n, inVain)
		}
	}
}

// forgottenCallbacks is the number of a CPU's callbacks if the first of them was ready
// long ago, and what should invoke them sleeps.
func (k *kernel) forgottenCallbacks(c *cpu) int {
	ticking := max(c.timerLost, c.hrBlocked) + noticeTicks*k.tick // after a fault, or a hang of hrtimers
	asleep := c.inIdle && c.softPending == 0 && len(c.pending) == 0 && !c.halted() && ticking <= k.now
	if c.offloaded() {
		asleep = c.group.kthread.state != running && c.rcuo.state != running
	}
	n := c.callbacks.len()
	switch {
	case !asleep || n == 0:
		return 0
	case k.longOver(c.callbacks.at(0).seq), len(c.callbacks.unassigned()) > 0 && k.longOver(c.callbacks.unassigned()[0].seq):
		return n
	}
	return 0
}

// misplaced records that a task runs where it may not.
//
//go:noinline
func (k *kernel) misplaced(c *cpu, t *task) {
	k.violate(trial.WrongCPU, "%s runs on CPU %d, where it may not", t.name, c.id)
}
