package order

import "math/bits"

// settle draws all consequences that need no choice.
func (m *machine) settle(n *state) {
	for !n.found.Found() && !n.dead && !n.limit {
		m.pass(n)
		if m.brain == nil || !m.urge(n) {
			return
		}
	}
}

// pass lets CPUs that stand at a barrier pass it, and ends grace periods.
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
		n.changed()
		if g.flavour == flavourRCU && m.brain != nil {
			n.ended = max(n.ended, g.number)
		}
		if g.call {
			n.ready |= 1 << g.number
		}
	}
	n.gps = kept
}

// urge takes one step of the update side that nothing else can notice or
// influence, if there is one. A barrier counts as one with nothing to wait
// for: executed early it allows all that it allows late.
func (m *machine) urge(n *state) bool {
	for i, r := range m.brain.nodes[n.node].pending {
		switch {
		case r.kind == rqFence && len(n.buf) == 0:
		case m.reduce && r.kind == rqRead && m.stable(n, m.counterOf(n, i, r)):
		case m.reduce && r.kind.told() && m.alone(n, i):
		default:
			continue
		}
		m.proceed(n, i, 0)
		return true
	}
	return false
}

// told: the world already knows; the task has only to go on.
func (k reqKind) told() bool {
	switch k {
	case rqStart, rqCall, rqRequeue, rqEnded, rqComplete, rqDefer:
		return true
	}
	return false
}

// stable tells whether no CPU can change a location any more, nor was it
// changed since the update side's last barrier.
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

// alone tells whether no other task of the update side runs or could be woken
// while this one goes on.
func (m *machine) alone(n *state, task int) bool {
	if n.queued != 0 || n.scheduled != 0 || n.ready != 0 || n.deferred != 0 {
		return false
	}
	for _, g := range n.gps {
		if g.call {
			return false
		}
	}
	for i, r := range m.brain.nodes[n.node].pending {
		if i != task && r.kind != rqIdle && r.kind != rqExit &&
			!(r.kind == rqAwait && n.completed>>r.a&1 == 0) && !(r.kind == rqDoze && n.dozing>>i&1 != 0) {
			return false
		}
	}
	return true
}
