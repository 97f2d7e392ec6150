package kernel

import (
	"slices"

	"github.com/gpstorm/gpstorm/trial"
)

// tails are the indices at which the tails of a leaf's list begin that block a normal and an
// expedited grace period (gp_tasks, exp_tasks); -1 if no task blocks it.
type tails struct{ gp, exp int }

func (n *rcuNode) tails() tails {
	return tails{
		slices.IndexFunc(n.readers, func(t *task) bool { return t.rcu.blocksGP }),
		slices.IndexFunc(n.readers, func(t *task) bool { return t.rcu.blocksExp }),
	}
}

// queue adds a task that was switched out inside a reader to the leaf's list
// (rcu_preempt_ctxt_queue). The tasks that block a normal grace period are a tail of
// the list, and so are those that block an expedited one. The position of a task
// therefore decides for both kinds: a task in a tail blocks that grace period even if
// it began to read after its start.
func (n *rcuNode) queue(t *task, gp, exp bool) {
	was := n.tails()
	gpTail, expTail := was.gp, was.exp
	at := 0
	switch {
	case exp && expTail >= 0 && !(gp && gpTail >= 0):
		at = expTail + 1
	case exp, gp && gpTail < 0 && expTail < 0:
		at = len(n.readers)
	case gp && gpTail >= 0:
		at = gpTail + 1
	}
	t.rcu.queued, t.rcu.leaf = true, n
	t.rcu.blocksGP = gp || gpTail >= 0 && at > gpTail
	t.rcu.blocksExp = exp || expTail >= 0 && at > expTail
	n.readers = slices.Insert(n.readers, at, t)
	if gp && gpTail < 0 { // the task starts the tail
		for _, r := range n.readers[at:] {
			r.rcu.blocksGP = true
		}
	}
	if exp && expTail < 0 {
		for _, r := range n.readers[at:] {
			r.rcu.blocksExp = true
		}
	}
}

// checkQueued checks the place of a task that was just queued, when the tails were these: it
// blocks each kind of grace period that waits for its CPU, and another one only if it cannot
// be put into the tail of the one and not of the other (rcu_preempt_ctxt_queue, and the
// warnings at its end).
func (k *kernel) checkQueued(c *cpu, t *task, was tails) {
	gp, exp := c.owes(), c.owesExp()
	switch r := &t.rcu; {
	case gp && !r.blocksGP, exp && !r.blocksExp:
		k.unsafe(trial.ReaderUnqueued, "%s was switched out inside a section, and a grace period that waits for CPU %d does not wait for it", t.name, c.id)
	case r.blocksGP && !gp && !(exp && was.gp >= 0 && (was.exp < 0 || was.gp <= was.exp)):
		k.violate(trial.BlocksTooMuch, "%s blocks a normal grace period that does not wait for CPU %d, on which it was switched out", t.name, c.id)
	case r.blocksExp && !exp && !(gp && was.gp >= 0 && was.exp >= 0 && was.exp <= was.gp):
		k.violate(trial.BlocksTooMuch, "%s blocks an expedited grace period that does not wait for CPU %d, on which it was switched out", t.name, c.id)
	}
}
