package order

import "math/bits"

// normalise takes every transition without a choice: CPUs pass barriers, grace
// periods end, the update side makes invisible transitions.
func (m *machine) normalise(n *state) {
	for !n.found.Found() && !n.dead && !n.limit {
		m.pass(n)
		if m.update == nil || !m.invisible(n) {
			return
		}
	}
}

// pass records the barriers that CPUs can pass, and ends grace periods.
func (m *machine) pass(n *state) {
	kept := n.gps[:0]
	for _, g := range n.gps {
		for i, p := range m.progs {
			if g.waits>>i&1 != 0 && p.quietAt(int(g.flavour), n.thr[i].done) {
				g.waits &^= 1 << i
			}
		}
		if g.waits != 0 || g.stores > 0 {
			kept = append(kept, g)
			continue
		}
		n.waiting, n.polling = 0, 0
		// A retry would read no new value after the end of a grace period that only
		// another task waits for.
		retry := n.retry
		m.changed(n)
		if m.update != nil && !g.call && !m.update.nodes[n.node].cookie {
			n.retry = retry
		}
		if g.flavour == flavourRCU && m.update != nil {
			n.ended = max(n.ended, g.number)
		}
		if g.call {
			n.ready |= 1 << g.number
		}
	}
	n.gps = kept
}

// invisible takes one invisible transition of the update side, if there is one: a
// step that no other step can observe or influence. A barrier that need not wait is
// invisible, since its early execution excludes no later behaviour.
func (m *machine) invisible(n *state) bool {
	for i, r := range m.update.nodes[n.node].pending {
		switch {
		case r.kind == rqFence && len(n.buf) == 0:
		case r.kind == rqAcquire:
		case m.reduce && r.kind == rqRead && m.stableSum(n, i, r):
		case m.reduce && r.kind.notifies() && m.alone(n, i):
		default:
			continue
		}
		m.proceed(n, i, 0)
		return true
	}
	return false
}

// notifies reports whether a request needs no reply: it took effect when it was
// made, and the task can continue.
func (k reqKind) notifies() bool {
	switch k {
	case rqStart, rqCall, rqRequeue, rqEnded, rqComplete, rqDefer:
		return true
	}
	return false
}

// stableSum reports whether the counters of a task's next step are stable.
func (m *machine) stableSum(n *state, task int, r request) bool {
	if !m.wholeSum(r) {
		return m.stable(n, m.counterOf(n, task, r))
	}
	for cpu := range m.lay.cpus {
		if !m.stable(n, m.counterAt(cpu, r)) {
			return false
		}
	}
	return true
}

// stable reports whether a location has one readable value: no CPU can store to it
// any more, and no older value is left to read.
func (m *machine) stable(n *state, loc Loc) bool {
	if len(n.hist) > 0 && len(n.hist[loc]) > 0 {
		return false
	}
	for i, p := range m.progs {
		for todo := p.all() &^ n.thr[i].done; todo != 0; todo &= todo - 1 {
			o := &p.ops[bits.TrailingZeros64(todo)]
			if o.stores() && o.may>>loc&1 != 0 {
				return false
			}
		}
	}
	return true
}

// alone reports whether no other task of the update side runs, or can become
// runnable while this one continues.
func (m *machine) alone(n *state, task int) bool {
	if n.queued != 0 || n.scheduled != 0 || n.ready != 0 || n.deferred != 0 {
		return false
	}
	for _, g := range n.gps {
		if g.call {
			return false
		}
	}
	for i, r := range m.update.nodes[n.node].pending {
		if i != task && r.kind != rqIdle && r.kind != rqExit &&
			!(r.kind == rqAwait && n.completed>>r.a&1 == 0) && !(r.kind == rqSleep && n.sleeping>>i&1 != 0) {
			return false
		}
	}
	return true
}
