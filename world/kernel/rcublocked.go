package kernel

import "slices"

// queue puts a task that was switched out inside a reader on the node's list
// (rcu_preempt_ctxt_queue). Those that hold up a grace period are a tail of the
// list, a tail for each kind, so the place of a task decides for both kinds: a task
// that began to read after a grace period did holds it up all the same if its place is
// in the tail.
func (n *rcuNode) queue(t *task, gp, exp bool) {
	// The tails that there are begin here.
	gpTail := slices.IndexFunc(n.readers, func(r *task) bool { return r.rcu.blocksGP })
	expTail := slices.IndexFunc(n.readers, func(r *task) bool { return r.rcu.blocksExp })
	at := 0
	switch {
	case exp && expTail >= 0 && !(gp && gpTail >= 0):
		at = expTail + 1
	case exp, gp && gpTail < 0 && expTail < 0:
		at = len(n.readers)
	case gp && gpTail >= 0:
		at = gpTail + 1
	}
	t.rcu.queued = true
	t.rcu.blocksGP = gp || gpTail >= 0 && at > gpTail
	t.rcu.blocksExp = exp || expTail >= 0 && at > expTail
	n.readers = slices.Insert(n.readers, at, t)
	if gp && gpTail < 0 { // it begins the tail
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
