package order

// persistent returns a persistent set of the enabled steps (Godefroid 1996): a
// single step if no other thread can ever take a step that conflicts with it, else
// all. Among interchangeable CPUs it chooses by state, not by number.
func (m *machine) persistent(s *state, steps []step) []step {
	over := m.updateAtRest(s)
	best := -1
	var least key
	for i, st := range steps {
		if st.kind != stepOp {
			break
		}
		if best >= 0 && steps[best].who == st.who || !m.unhookedRead(s, st) && !(over && m.private(s, st)) {
			continue
		}
		if !m.sums {
			return steps[i : i+1]
		}
		if k := m.hashCPU(s, int(st.who)); best < 0 || k.compare(least) < 0 {
			best, least = i, k
		}
	}
	if best < 0 {
		return steps
	}
	return steps[best : best+1]
}

// unhookedRead reports whether a step is a CPU's next operation in program order
// and loads the hook after the unhooking became visible. No thread writes the
// hook again, and every barrier that the CPU could pass before the load is passed.
func (m *machine) unhookedRead(s *state, st step) bool {
	t := &s.thr[st.who]
	o := &m.progs[st.who].ops[st.arg]
	if m.update == nil || o.kind != opLoad || t.done != 1<<st.arg-1 || o.addr.eval(t.regs) != locHook {
		return false
	}
	for _, p := range s.buf {
		if p.loc == locHook {
			return false
		}
	}
	return s.mem[locHook] == 0
}

// updateAtRest reports whether no step of the update side is left.
func (m *machine) updateAtRest(s *state) bool {
	if m.update == nil || len(s.buf)+len(s.gps) > 0 ||
		s.queued != 0 || s.scheduled != 0 || s.ready != 0 || s.deferred != 0 {
		return false
	}
	for _, r := range m.update.nodes[s.node].pending {
		if r.kind != rqIdle && r.kind != rqExit {
			return false
		}
	}
	return true
}

// private reports whether a CPU's operation conflicts with no remaining operation of
// another CPU. Two operations conflict if they may access the same location and one
// of them stores.
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
