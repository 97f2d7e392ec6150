package litmus

// frame is the part of a candidate execution that the choice of traces determines:
// all but the reads-from relation and the coherence order. Fences are no events of a
// frame: their relations are computed once.
type frame struct {
	ev []event
	n  int
	*algebra

	all, reads, writes, mem, marked, plain, inits set
	rmb4                                          set // the reads that smp_rmb orders
	noreturn                                      set

	po, poLoc, loc, ext, same    rel // same: both of one thread
	addr, data, ctrl, rmw, value rel // value: data without dependencies that cancel out

	mb, rmb, wmb, gp, poRel, acqPo rel
	rmbPlain, plainRmb             rel // smp_rmb between a marked read and any access
	unlockPo                       rel // po ; [UL]
	lockPo                         rel // [LKR] ; po
	afterUnlockLock                rel // [M] ; po to the events after smp_mb__after_unlock_lock
	hasAfterUnlockLock             bool

	rcuGP, srcuGP, srcuLock, srcuUnlock set
	hasGP                               bool
	rscs                                rel // rcu-rscs

	warns flag // those that the choice of traces determines
}

// fences are the marks of events that are only fences.
const fences = fMb | fRmb | fWmb | fBarrier | fBeforeAtomic | fAfterAtomic | fAfterSpinlock |
	fAfterUnlockLock | fAfterSRCUUnlock

func newFrame(t *Test, combo []*trace) (*frame, bool) {
	whole := &frame{}
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
			whole.ev = append(whole.ev, event{thread: -1, is: mWrite | mInit, loc: l, val: t.valueOf(t.init[n]), rmw: -1})
		}
	}
	starts := make([]int, len(combo))
	for i, tr := range combo {
		starts[i] = len(whole.ev)
		whole.ev = append(whole.ev, tr.events...)
	}
	whole.n = len(whole.ev)
	if whole.n > maxEvents {
		return nil, false
	}
	whole.algebra = newAlgebra(whole.n)
	whole.sets()
	whole.order(starts)
	whole.barriers()
	return whole.withoutFences(), true
}

// withoutFences returns the frame of the events that are no fences.
func (f *frame) withoutFences() *frame {
	out := &frame{}
	number := make([]int, f.n)
	for i := range f.ev {
		number[i] = -1
		if f.ev[i].is&^fences != 0 {
			number[i] = len(out.ev)
			out.ev = append(out.ev, f.ev[i])
		}
	}
	out.n = len(out.ev)
	out.algebra = newAlgebra(out.n)
	out.sets()
	shrink := func(r rel) rel {
		s := make(rel, out.n)
		for i := range r {
			if number[i] < 0 {
				continue
			}
			r[i].each(func(j int) {
				if number[j] >= 0 {
					s[number[i]].add(number[j])
				}
			})
		}
		return s
	}
	for _, p := range []struct{ to, from *rel }{
		{&out.po, &f.po}, {&out.poLoc, &f.poLoc}, {&out.loc, &f.loc}, {&out.ext, &f.ext}, {&out.same, &f.same},
		{&out.addr, &f.addr}, {&out.data, &f.data}, {&out.ctrl, &f.ctrl}, {&out.rmw, &f.rmw}, {&out.value, &f.value},
		{&out.mb, &f.mb}, {&out.rmb, &f.rmb}, {&out.wmb, &f.wmb}, {&out.gp, &f.gp},
		{&out.poRel, &f.poRel}, {&out.acqPo, &f.acqPo},
		{&out.rmbPlain, &f.rmbPlain}, {&out.plainRmb, &f.plainRmb},
		{&out.unlockPo, &f.unlockPo}, {&out.lockPo, &f.lockPo}, {&out.afterUnlockLock, &f.afterUnlockLock},
		{&out.rscs, &f.rscs},
	} {
		*p.to = shrink(*p.from)
	}
	out.hasAfterUnlockLock = !out.afterUnlockLock.empty()
	return out
}

// where returns the set of events with any of the marks.
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
	f.noreturn = f.where(mNoreturn)
	f.rmb4 = f.reads.not(f.noreturn)
	f.rcuGP, f.srcuGP = f.where(fRCUSync), f.where(fSRCUSync)
	f.srcuLock, f.srcuUnlock = f.where(fSRCULock), f.where(fSRCUUnlock)
	f.hasGP = !f.rcuGP.or(f.srcuGP).empty()
}

func (f *frame) order(starts []int) {
	f.po, f.loc, f.ext, f.same = f.none(), f.none(), f.none(), f.none()
	f.addr, f.data, f.ctrl, f.rmw, f.value = f.none(), f.none(), f.none(), f.none(), f.none()
	for i := range f.ev {
		a := &f.ev[i]
		for j := range f.ev {
			b := &f.ev[j]
			if a.loc >= 0 && a.loc == b.loc {
				f.loc[i].add(j)
			}
			if a.thread == b.thread && a.thread >= 0 || i == j {
				f.same[i].add(j)
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
		link(f.value, a.value)
		if a.rmw >= 0 {
			f.rmw[base+a.rmw].add(i)
		}
	}
	f.poLoc = f.between(f.mem, f.and(f.po, f.loc), f.mem)
}

// fencerel is po ; [fence] ; po.
func (f *frame) fencerel(m mark) rel {
	return f.seq(f.to(f.po, f.where(m)), f.po)
}

// barriers computes the orderings that do not depend on communications.
func (f *frame) barriers() {
	M, rmws := f.mem, f.where(mRMW)
	poq := f.maybe(f.po)
	rmb := f.fencerel(fRmb)
	f.rmb = f.between(f.rmb4, rmb, f.rmb4)
	f.rmbPlain = f.between(f.rmb4, rmb, f.all.not(f.noreturn))
	f.plainRmb = f.between(f.all.not(f.noreturn), rmb, f.rmb4)
	f.wmb = f.between(f.writes, f.fencerel(fWmb), f.writes)
	lkw := f.where(mLKW)
	f.mb = f.between(M, f.or(
		f.fencerel(fMb),
		f.seq(f.to(f.fencerel(fBeforeAtomic), rmws), poq),
		f.seq(f.to(poq, rmws), f.fencerel(fAfterAtomic)),
		f.seq(f.to(poq, lkw), f.fencerel(fAfterSpinlock)),
		f.seq(f.to(f.po, f.srcuUnlock), f.fencerel(fAfterSRCUUnlock)),
	), M)
	f.gp = f.seq(f.to(f.po, f.where(fRCUSync|fSRCUSync)), poq)
	f.poRel = f.between(M, f.po, f.where(mRelease))
	f.acqPo = f.between(f.where(mAcquire), f.po, M)
	f.unlockPo = f.to(f.po, f.where(mUL))
	f.lockPo = f.from(f.where(mLKR), f.po)
	f.afterUnlockLock = f.to(f.seq(f.to(f.lockPo, f.where(fAfterUnlockLock)), f.po), M)
	f.rscs = f.matchRCU()
}

// matchRCU pairs each rcu_read_lock with its rcu_read_unlock. Sections nest.
func (f *frame) matchRCU() rel {
	out := f.none()
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
