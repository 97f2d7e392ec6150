package litmus

// lvalue returns the address of an lvalue argument, as of READ_ONCE: *p or the name
// of a location.
func (r *runner) lvalue(x expr) value {
	if l, ok := x.(load); ok {
		return r.eval(l.addr)
	}
	return r.eval(x)
}

func loadMark(o ordering) mark {
	if o == acquire {
		return mAcquire
	}
	return 0
}

func storeMark(o ordering) mark {
	if o == release {
		return mRelease
	}
	return 0
}

func (r *runner) call(c call) value {
	p := c.prim
	switch p.kind {
	case primLoad:
		return r.read(r.lvalue(c.args[0]), loadMark(p.order), c.line)
	case primLoadP:
		return r.read(r.eval(c.args[0]), loadMark(p.order), c.line)
	case primStore, primStoreP:
		addr := r.eval
		if p.kind == primStore {
			addr = r.lvalue
		}
		to := addr(c.args[0])
		r.write(to, r.eval(c.args[1]), storeMark(p.order), c.line)
		if p.fence != 0 {
			r.fence(p.fence, c.line)
		}
	case primFence:
		r.fence(p.fence, c.line)
	case primExchange:
		to, v := r.eval(c.args[0]), r.eval(c.args[1])
		return r.modify(to, p.order, 0, c.line, nil, func(value) value { return v })
	case primCompare:
		return r.compare(c, p)
	case primAdd:
		return r.arithmetic(c, p)
	case primUnless:
		return r.unless(c, p)
	case primLock, primUnlock, primTryLock, primIsLocked:
		return r.lock(c, p)
	case primSRCULock:
		return r.read(r.eval(c.args[0]), fSRCULock, c.line)
	case primSRCUUnlock:
		to := r.eval(c.args[0])
		r.write(to, r.eval(c.args[1]), fSRCUUnlock, c.line)
	case primSRCUSync:
		r.emit(event{is: fSRCUSync, loc: r.locate(r.eval(c.args[0])), rmw: -1, line: c.line})
	}
	return value{}
}

// modify performs a successful read-modify-write and returns the old value.
func (r *runner) modify(to value, o ordering, is mark, at int, want func(int64) bool, next func(old value) value) value {
	loc, v := r.choose(to, want)
	return r.modifyAs(to, loc, v, o, is, at, next)
}

func (r *runner) modifyAs(to value, loc int, v int64, o ordering, is mark, at int, next func(old value) value) value {
	if o == full {
		r.fence(fMb, at)
	}
	old := r.readAs(to, loc, v, mRMW|is|loadMark(o), at)
	read := len(r.events) - 1
	w := r.write(to, next(old), mRMW|storeMark(o), at)
	if !r.broken {
		r.events[w].rmw = read
	}
	if o == full {
		r.fence(fMb, at)
	}
	return old
}

// compare performs cmpxchg. A failed one orders nothing itself, but counts as a
// read-modify-write for smp_mb__before_atomic and smp_mb__after_atomic.
func (r *runner) compare(c call, p primitive) value {
	to, old, v := r.eval(c.args[0]), r.eval(c.args[1]), r.eval(c.args[2])
	loc, found := r.choose(to, nil)
	if found != old.v {
		return r.readAs(to, loc, found, mRMW, c.line)
	}
	return r.modifyAs(to, loc, found, p.order, 0, c.line, func(value) value { return v })
}

func (r *runner) arithmetic(c call, p primitive) value {
	by := value{v: 1}
	to := c.args[0]
	if !p.one {
		by, to = r.eval(c.args[0]), c.args[1]
	}
	var after value
	is := mark(0)
	if p.returns == returnsNothing {
		is = mNoreturn
	}
	old := r.modify(r.eval(to), p.order, is, c.line, nil, func(old value) value {
		v, _ := applyBinary(p.op, old.v, by.v)
		after = value{v, old.deps | by.deps, old.from | by.from}
		return after
	})
	switch p.returns {
	case returnsOld:
		return old
	case returnsNew:
		return after
	case returnsZero:
		return value{number01(after.v == 0), after.deps, after.from}
	case returnsNegative:
		return value{number01(after.v < 0), after.deps, after.from}
	}
	return value{}
}

// unless adds unless the old value is u, and returns 1 if it added.
func (r *runner) unless(c call, p primitive) value {
	to, by, u := r.eval(c.args[0]), r.eval(c.args[1]), r.eval(c.args[2])
	loc, v := r.choose(to, nil)
	if v == u.v {
		old := r.readAs(to, loc, v, mRMW, c.line)
		return value{0, old.deps | u.deps, old.from | u.from}
	}
	old := r.modifyAs(to, loc, v, p.order, 0, c.line, func(old value) value {
		v, _ := applyBinary("+", old.v, by.v)
		return value{v, old.deps | by.deps, old.from | by.from}
	})
	return value{1, old.deps | u.deps, old.from | u.from}
}

// The values of a spinlock's location: a lock reads free and writes held.
const (
	lockFree int64 = 0
	lockHeld int64 = 1
)

func (r *runner) lock(c call, p primitive) value {
	to := r.eval(c.args[0])
	loc := r.locate(to)
	switch p.kind {
	case primUnlock:
		r.write(to, value{v: lockFree}, mUL|mRelease, c.line)
		return value{}
	case primLock:
		return r.acquireLock(to, loc, c.line)
	case primTryLock:
		if r.pick(2) == 0 {
			got := r.acquireLock(to, loc, c.line)
			return value{1, got.deps, 0}
		}
		held := r.readAs(to, loc, lockHeld, mLF, c.line)
		return value{0, held.deps, 0}
	}
	v := int64(r.pick(2))
	return r.readAs(to, loc, v, mLF, c.line)
}

func (r *runner) acquireLock(to value, loc, at int) value {
	got := r.readAs(to, loc, lockFree, mLKR|mAcquire, at)
	read := len(r.events) - 1
	w := r.write(to, value{v: lockHeld}, mLKW, at)
	if !r.broken {
		r.events[w].rmw = read
	}
	return got
}
