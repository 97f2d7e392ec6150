package litmus

// frame is what a choice of traces fixes of a candidate execution: everything
// but who reads from whom and the order of stores to one location.
type frame struct {
	ev []event
	n  int

	all, reads, writes, mem, marked, plain, inits set
	rmwSet, rmb4                                  set // RMW; reads that smp_rmb orders

	po, poLoc, loc, ext, int_ rel
	addr, data, ctrl, rmw     rel

	rmb, wmb, mbStatic, gp, poRel, acqPo rel
	unlockPo                             rel // po ; [UL]
	lockPo                               rel // [LKR] ; po
	lockBefore                           rel // for after-unlock-lock: [LKW] ; fencerel ; [M]
	unlockTo                             rel // [M] ; po ; [UL]
	barrier                              rel

	rcuGP, srcuGP set
	hasGP         bool
	rscs          rel // rcu-rscs
}

func newFrame(t *Test, combo []*trace) (*frame, bool) {
	f := &frame{}
	used := make([]bool, len(t.locs))
	for _, tr := range combo {
		for i := range tr.events {
			if l := tr.events[i].loc; l >= 0 {
				used[l] = true
			}
		}
	}
	for l, n := range t.locs {
		if used[l] {
			f.ev = append(f.ev, event{thread: -1, is: mWrite | mInit, loc: l, val: t.valueOf(t.init[n]), rmw: -1})
		}
	}
	starts := make([]int, len(combo))
	for i, tr := range combo {
		starts[i] = len(f.ev)
		f.ev = append(f.ev, tr.events...)
	}
	f.n = len(f.ev)
	if f.n > maxEvents {
		return nil, false
	}
	f.sets()
	f.order(starts)
	f.fences()
	return f, true
}

// where is the set of events that carry any of the marks.
func (f *frame) where(m mark) set {
	var s set
	for i := range f.ev {
		if f.ev[i].is&m != 0 {
			s.add(i)
		}
	}
	return s
}

func (f *frame) sets() {
	for i := range f.ev {
		f.all.add(i)
	}
	f.reads, f.writes = f.where(mRead), f.where(mWrite)
	f.mem = f.reads.or(f.writes)
	f.plain = f.where(mPlain)
	f.marked = f.all.not(f.plain)
	f.inits = f.where(mInit)
	f.rmwSet = f.where(mRMW)
	f.rmb4 = f.reads.not(f.where(mNoreturn))
}

func (f *frame) order(starts []int) {
	n := f.n
	f.po, f.loc, f.ext, f.int_ = newRel(n), newRel(n), newRel(n), newRel(n)
	f.addr, f.data, f.ctrl, f.rmw = newRel(n), newRel(n), newRel(n), newRel(n)
	for i := range f.ev {
		a := &f.ev[i]
		for j := range f.ev {
			b := &f.ev[j]
			if a.loc >= 0 && a.loc == b.loc {
				f.loc[i].add(j)
			}
			if a.thread == b.thread && a.thread >= 0 || i == j {
				f.int_[i].add(j)
			} else {
				f.ext[i].add(j)
			}
			if a.thread >= 0 && a.thread == b.thread && i < j {
				f.po[i].add(j)
			}
		}
		if a.thread < 0 {
			continue
		}
		base := starts[a.thread]
		link := func(r rel, deps uint64) {
			for k := 0; deps != 0; k++ {
				if deps&1 != 0 {
					r[base+k].add(i)
				}
				deps >>= 1
			}
		}
		link(f.addr, a.addr)
		link(f.data, a.data)
		link(f.ctrl, a.ctrl)
		if a.rmw >= 0 {
			f.rmw[base+a.rmw].add(i)
		}
	}
	f.poLoc = f.po.and(f.loc).between(f.mem, f.mem)
}

// fencerel is po ; [fence] ; po.
func (f *frame) fencerel(m mark) rel {
	s := f.where(m)
	return f.po.between(f.all, s).then(f.po)
}

// fences are the orderings that do not depend on who reads from whom.
func (f *frame) fences() {
	M := f.mem
	poq := f.po.maybe()
	f.rmb = f.fencerel(fRmb).between(f.rmb4, f.rmb4)
	f.wmb = f.fencerel(fWmb).between(f.writes, f.writes)
	lkw := f.where(mLKW)
	f.mbStatic = or(
		f.fencerel(fMb).between(M, M),
		f.fencerel(fBeforeAtomic).between(M, f.rmwSet).then(poq).between(M, M),
		poq.between(M, f.rmwSet).then(f.fencerel(fAfterAtomic)).between(M, M),
		poq.between(M, lkw).then(f.fencerel(fAfterSpinlock)).between(M, M),
		f.po.between(M, f.where(fSRCUUnlock)).then(f.fencerel(fAfterSRCUUnlock)).between(M, M),
	)
	f.gp = f.po.between(f.all, f.where(fRCUSync|fSRCUSync)).then(poq)
	f.poRel = f.po.between(M, f.where(mRelease))
	f.acqPo = f.po.between(f.where(mAcquire), M)
	f.unlockPo = f.po.between(f.all, f.where(mUL))
	f.unlockTo = f.unlockPo.between(M, f.all)
	f.lockPo = f.po.between(f.where(mLKR), f.all)
	f.lockBefore = f.fencerel(fAfterUnlockLock).between(lkw, M)
	f.barrier = or(
		f.fencerel(fBarrier|fRmb|fWmb|fMb|fRCUSync|fSRCUSync|fBeforeAtomic|fAfterAtomic|
			mAcquire|mRelease|fRCULock|fRCUUnlock|fSRCULock|fSRCUUnlock),
		f.po.between(f.all, f.where(mRelease)),
		f.po.between(f.where(mAcquire), f.all),
	)
	f.rcuGP, f.srcuGP = f.where(fRCUSync), f.where(fSRCUSync)
	f.hasGP = !f.rcuGP.or(f.srcuGP).empty()
	f.rscs = f.matchRCU()
}

// matchRCU pairs rcu_read_lock with its rcu_read_unlock; they nest.
func (f *frame) matchRCU() rel {
	out := newRel(f.n)
	open := map[int][]int{}
	for i := range f.ev {
		e := &f.ev[i]
		stack := open[e.thread]
		switch {
		case e.is&fRCULock != 0:
			open[e.thread] = append(stack, i)
		case e.is&fRCUUnlock != 0 && len(stack) > 0:
			out[stack[len(stack)-1]].add(i)
			open[e.thread] = stack[:len(stack)-1]
		}
	}
	return out
}
