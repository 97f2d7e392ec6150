package order

// persistent returns a subset of the steps from which nothing is missed: one
// alone if no other thread will ever take a step that conflicts with it.
func (m *machine) persistent(s *state, steps []step) []step {
	over := m.quiescent(s)
	for i, st := range steps {
		if st.kind != stepOp {
			return steps
		}
		if m.settled(s, st) || over && m.private(s, st) {
			return steps[i : i+1]
		}
	}
	return steps
}

// settled: a CPU's next operation in program order that reads the hook when it
// was visibly unhooked. Nobody writes the hook again, and no barrier that the
// CPU could have passed before the load is lost by it.
func (m *machine) settled(s *state, st step) bool {
	t := &s.thr[st.who]
	o := &m.progs[st.who].ops[st.arg]
	if m.brain == nil || o.kind != opLoad || t.done != 1<<st.arg-1 || o.addr.eval(t.regs) != locHook {
		return false
	}
	for _, p := range s.buf {
		if p.loc == locHook {
			return false
		}
	}
	return s.mem[locHook] == 0
}

// quiescent tells whether the update side has come to rest for good.
func (m *machine) quiescent(s *state) bool {
	if m.brain == nil || len(s.buf)+len(s.gps) > 0 ||
		s.queued != 0 || s.scheduled != 0 || s.ready != 0 || s.deferred != 0 {
		return false
	}
	for _, r := range m.brain.nodes[s.node].pending {
		if r.kind != rqIdle && r.kind != rqExit {
			return false
		}
	}
	return true
}

// private tells whether a CPU's operation touches nothing that another CPU's
// remaining operations touch, one of the two storing.
func (m *machine) private(s *state, st step) bool {
	mine := &m.progs[st.who].ops[st.arg]
	for i, p := range m.progs {
		if i == int(st.who) {
			continue
		}
		clash := false
		each(p.all()&^s.thr[i].done, func(j int) {
			o := &p.ops[j]
			clash = clash || o.may&mine.may != 0 && (o.stores() || mine.stores())
		})
		if clash {
			return false
		}
	}
	return true
}
