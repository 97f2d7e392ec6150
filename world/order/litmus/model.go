package litmus

// candidate is a candidate execution: a frame, a reads-from relation and a coherence
// order. Both may be partial. The axioms are monotone: if a part violates one, so
// does every extension.
type candidate struct {
	*frame
	rf, co rel
}

// verdict of the model on a candidate.
type verdict struct {
	allowed bool
	race    bool
}

// judge applies the axioms of the Linux-kernel memory model (linux-kernel.cat of
// Linux 6.12). Coherence and atomicity hold by construction.
func (c *candidate) judge() verdict {
	f := c.frame
	f.reset()
	rfi, rfe := f.and(c.rf, f.same), f.and(c.rf, f.ext)
	fr := f.seq(f.inverse(c.rf), c.co)
	for i := range fr {
		fr[i] = fr[i].not(single(i))
	}
	M, K := f.mem, f.marked

	// Dependencies are carried through stores and loads of one thread.
	memData := f.between(M, f.data, M)
	carry := f.star(f.seq(f.to(memData, M.not(f.srcuUnlock)), rfi))
	addr := f.seq(carry, f.from(M, f.addr))
	ctrl := f.seq(carry, f.from(M, f.ctrl))
	data := f.seq(carry, memData)

	unlockLock := f.seq(f.unlockPo, f.or(f.po, c.rf), f.lockPo)
	mb := f.mb
	if f.hasAfterUnlockLock {
		mb = f.or(mb, f.seq(f.from(M, f.unlockPo), f.or(f.po, c.rf), f.afterUnlockLock))
	}
	strong := f.or(mb, f.gp)
	nonrw := f.or(strong, f.poRel, f.acqPo)
	fence := f.or(nonrw, f.wmb, f.rmb)

	dep := f.or(addr, data)
	overwrite := f.or(c.co, fr)
	toW := f.or(f.to(f.or(dep, ctrl), f.writes), f.and(overwrite, f.same),
		f.seq(f.to(addr, f.plain), f.wmb))
	toR := f.or(f.to(addr, f.reads), f.seq(f.to(dep, K), rfi))
	ppo := f.or(toR, toW, f.and(fence, f.same), f.and(unlockLock, f.same))

	rmwSeq := f.star(f.seq(c.rf, f.rmw))
	rfeK := f.maybe(f.to(rfe, K))
	cumul := f.seq(f.between(K, f.or(f.seq(rfeK, f.or(strong, f.poRel)), f.wmb, unlockLock), K), rmwSeq)
	cumulStar := f.star(cumul)
	prop := f.to(f.seq(f.to(f.seq(f.from(K, f.maybe(f.and(overwrite, f.ext))), cumulStar), K), f.maybe(rfe)), K)

	hb := f.between(K, f.or(ppo, rfe, f.and(f.withoutID(prop), f.same)), K)
	hbPlus := f.plus(hb)
	if hbPlus.reflexive() {
		return verdict{}
	}
	hbStar := f.maybe(hbPlus)
	pb := f.to(f.seq(prop, strong, hbStar), K)
	pbPlus := f.plus(pb)
	if pbPlus.reflexive() {
		return verdict{}
	}
	pbStar := f.maybe(pbPlus)
	rb := f.none()
	if f.hasGP {
		rcuFence := c.rcuFence(prop, hbStar, pbStar)
		rb = f.to(f.seq(prop, rcuFence, hbStar, pbStar), K)
		if rb.reflexive() {
			return verdict{}
		}
		fence = f.or(fence, rcuFence)
		strong = f.or(strong, rcuFence)
	}
	if f.plain.empty() {
		return verdict{allowed: true}
	}
	p := plainModel{
		c: c, fr: fr, rfe: rfe, addr: addr, fence: fence, nonrw: nonrw, strong: strong,
		cumulStar: cumulStar, rmwSeq: rmwSeq, xb: f.star(f.or(hb, pb, rb)),
	}
	return p.judge()
}

// rcuFence is the relation rcu-fence: chains with at least as many grace periods as
// read-side critical sections.
func (c *candidate) rcuFence(prop, hbStar, pbStar rel) rel {
	f := c.frame
	link := f.seq(f.maybe(f.po), hbStar, pbStar, prop, f.po)
	gp, srcu := f.identity(f.rcuGP), f.identity(f.srcuGP)
	rscsi := f.inverse(f.rscs)
	srcuRSCSI := f.inverse(c.srcuSections())
	order := f.or(gp, srcu)
	for {
		mark := f.mark()
		mid := f.or(link, f.seq(link, order, link))
		next := f.or(order,
			f.seq(gp, mid, rscsi),
			f.and(f.seq(srcu, mid, srcuRSCSI), f.loc),
			f.seq(rscsi, mid, gp),
			f.and(f.seq(srcuRSCSI, mid, srcu), f.loc),
			f.seq(order, link, order))
		if next.equal(order) {
			break
		}
		copy(order, next)
		f.release(mark)
	}
	return f.seq(f.po, order, f.maybe(f.po))
}

// srcuSections pairs each srcu_read_lock with the unlocks that get its value through
// registers or memory, but not through the domain itself.
func (c *candidate) srcuSections() rel {
	f := c.frame
	if f.srcuLock.empty() {
		return f.none()
	}
	carry := f.star(f.seq(f.to(f.data, f.all.not(f.srcuUnlock)), c.rf))
	return f.and(f.between(f.srcuLock, f.seq(carry, f.data), f.srcuUnlock), f.loc)
}

// grounded reports whether the value of each access follows from the initial values
// and the constants of the program. It does not if values depend on themselves, as
// in a cycle of copies, where any value would be consistent.
func (c *candidate) grounded() bool {
	f := c.frame
	f.reset()
	return f.acyclic(f.or(f.value, f.addr, c.rf))
}
