package kernel

import "github.com/gpstorm/gpstorm/trial"

// This file holds the oracles for the virtual runtime at which a fair task is queued. One
// that is too small starves the other tasks of the CPU, one that is too large the task.

// checkCarried checks that a task that moves to another CPU keeps its lag, which it had on
// the last CPU (update_entity_lag, place_entity): a smaller one of the same sign, or at most
// twice as much, which makes up for the share of the task in the average.
func (k *kernel) checkCarried(to *cpu, t *task, lag ns) {
	if now := k.average(to) - t.vruntime; now < min(0, 2*lag) || now > max(0, 2*lag) {
		k.violate(trial.LagLost, "%s had %d ns of lag and has %d on CPU %d, to which it moves", t.name, lag, now, to.id)
	}
	k.checkDeadline(t)
}

// checkPlaced checks where a woken fair task is queued on a CPU whose average is v. It is
// ahead of the average by no more than the limit of the lag, or twice that, as above. It is
// behind by no more than that on another CPU, and on the last one not behind its own virtual
// runtime.
func (k *kernel) checkPlaced(c *cpu, t *task, moved bool, last, v ns) {
	most := 2 * max(2*k.slice, k.tick)
	latest := max(v, last)
	if moved {
		latest = v + most
	}
	if t.vruntime < v-most || t.vruntime > latest {
		k.violate(trial.LagLost, "%s wakes on CPU %d with a virtual runtime %d ns after the average", t.name, c.id, t.vruntime-v)
	}
	k.checkDeadline(t)
}

// checkDeadline checks that the deadline of a queued task is within one slice of its
// virtual runtime (update_deadline).
func (k *kernel) checkDeadline(t *task) {
	if d := t.deadline - t.vruntime; d <= 0 || d > k.slice {
		k.violate(trial.LagLost, "%s is queued with its deadline after %d ns of virtual runtime, and a slice is %d", t.name, d, k.slice)
	}
}
