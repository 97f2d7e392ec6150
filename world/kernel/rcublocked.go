package kernel

import "slices"

// queue adds a task that was switched out inside a reader to the leaf's list
// (rcu_preempt_ctxt_queue). The tasks that block a normal grace period are a tail of
// the list, and so are those that block an expedited one. The position of a task
// therefore decides for both kinds: a task in a tail blocks that grace period even if
// it began to read after its start.
func (n *rcuNode) queue(t *task, gp, exp bool) {
	gpTail, expTail := -1, -1 // where the present tails begin
	for i, r := range n.readers {
		if gpTail < 0 && r.rcu.blocksGP {
			gpTail = i
		}
		if expTail < 0 && r.rcu.blocksExp {
			expTail = i
		}
	}
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
