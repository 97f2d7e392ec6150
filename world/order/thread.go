package order

// thread is the progress of a CPU in its program.
type thread struct {
	done uint64  // operations that were performed, or are on a path not taken
	regs []Value // by operation
}

// source says whether an operation is ready, and the source of a load's value.
type source struct {
	ready   bool
	forward int // the thread's own pending store; -1 is memory
}

// ready returns the source of operation j. It is not ready if the operation cannot
// be performed now; a wait for a grace period is not considered.
func (p *Program) ready(t *thread, j int) source {
	o := &p.ops[j]
	no := source{}
	if t.done>>j&1 != 0 || o.pred&^t.done != 0 {
		return no
	}
	if o.kind.special() {
		return source{ready: true, forward: -1}
	}
	loc := o.addr.eval(t.regs)
	if loc < 0 || int(loc) >= p.locs {
		return no // a wild pointer: this execution ends
	}
	// The latest earlier access to the same location decides.
	for i := j - 1; i >= 0; i-- {
		if t.done>>i&1 != 0 || p.ops[i].kind.special() {
			continue
		}
		e := &p.ops[i]
		if !e.addr.known(t.done) {
			if e.may>>loc&1 != 0 {
				return no
			}
			continue
		}
		if e.addr.eval(t.regs) != loc {
			continue
		}
		if o.kind != opLoad || e.kind != opStore || !e.val.known(t.done) ||
			!e.when.known(t.done) || e.ctrl&^t.done != 0 {
			return no
		}
		return source{ready: true, forward: i}
	}
	return source{ready: true, forward: -1}
}

// effect is the effect of one operation on memory.
type effect struct {
	store  bool
	val    Value
	report Violation
	dead   bool // the execution takes another path than the compiled one
}

// perform performs operation j of the thread and returns its effect on memory. cur
// is the value of the operation's location.
func (p *Program) perform(t *thread, j int, src source, cur Value) effect {
	o := &p.ops[j]
	var e effect
	switch o.kind {
	case opLoad:
		v := cur
		if src.forward >= 0 {
			v = p.ops[src.forward].val.eval(t.regs)
		}
		t.regs[j] = v
	case opStore:
		e.store, e.val = true, o.val.eval(t.regs)
	case opAdd:
		e.store, e.val = true, cur+o.val.eval(t.regs)
	case opRMW:
		t.regs[j] = cur
		e.val, e.store = o.change(cur, o.val.eval(t.regs))
	}
	t.done |= 1 << j
	p.resolve(t, j, &e)
	return e
}

// resolve applies the value of register j: it discards or confirms the operations
// that depend on it by control, and checks the assumptions about it.
func (p *Program) resolve(t *thread, j int, e *effect) {
	for i := range p.ops {
		o := &p.ops[i]
		if i == j {
			if o.wrong != nil && (o.when.eval == nil || o.when.known(t.done) && o.when.eval(t.regs) != 0) {
				e.report = o.wrong(t.regs[i])
			}
			continue
		}
		if o.when.uses>>j&1 == 0 || !o.when.known(t.done) {
			continue
		}
		taken := o.when.eval(t.regs) != 0
		switch {
		case !taken:
			if t.done>>i&1 != 0 {
				t.regs[i] = 0 // performed speculatively
			}
			t.done |= 1 << i
			p.resolve(t, i, e)
		case t.done>>i&1 != 0 && o.wrong != nil:
			e.report = o.wrong(t.regs[i])
		}
	}
	for _, a := range p.assumed {
		if a.cond.uses>>j&1 != 0 && a.cond.known(t.done) && (a.cond.eval(t.regs) != 0) != a.want {
			e.dead = true
		}
	}
}
