package litmus

// candidate is an execution to be judged: a frame with who reads from whom and
// the order of the stores to each location.
type candidate struct {
	*frame
	rf, co rel
}

// verdict of the model on a candidate.
type verdict struct {
	allowed bool
	race    bool
}

// judge applies the axioms of the Linux-kernel memory model (linux-kernel.cat).
// Coherence and atomicity were seen to while the candidate was built.
func (c *candidate) judge() verdict {
	f := c.frame
	rfi, rfe := c.rf.and(f.int_), c.rf.and(f.ext)
	fr := c.rf.inverse().then(c.co)
	for i := range fr {
		fr[i] = fr[i].not(single(i))
	}
	M, K := f.mem, f.marked

	// Dependencies are carried through stores and loads of one thread.
	memData := f.data.between(M, M)
	carry := memData.then(rfi).star()
	addr := carry.then(f.addr.between(M, f.all))
	ctrl := carry.then(f.ctrl.between(M, f.all))
	data := carry.then(memData)

	mb := or(f.mbStatic, f.unlockTo.then(or(c.co, f.po), f.lockBefore))
	strong := or(mb, f.gp)
	nonrw := or(strong, f.poRel, f.acqPo)
	fence := or(nonrw, f.wmb, f.rmb)
	unlockLock := f.unlockPo.then(or(f.po, c.rf), f.lockPo)

	dep := or(addr, data)
	overwrite := or(c.co, fr)
	toW := or(or(dep, ctrl).between(f.all, f.writes), overwrite.and(f.int_),
		addr.between(f.all, f.plain).then(f.wmb))
	toR := or(addr.between(f.all, f.reads), dep.between(f.all, K).then(rfi))
	ppo := or(toR, toW, fence.and(f.int_), unlockLock.and(f.int_))

	rfeK := rfe.between(f.all, K).maybe()
	cumul := or(rfeK.then(or(strong, f.poRel)), f.wmb, unlockLock).between(K, K).
		then(c.rf.then(f.rmw).star())
	cumulStar := cumul.star()
	prop := overwrite.and(f.ext).maybe().between(K, f.all).
		then(cumulStar).between(f.all, K).then(rfe.maybe()).between(f.all, K)

	hb := or(ppo, rfe, withoutID(prop).and(f.int_)).between(K, K)
	hbStar := hb.star()
	if hbStar.then(hb).reflexive() {
		return verdict{}
	}
	pb := prop.then(strong, hbStar).between(f.all, K)
	pbStar := pb.star()
	if pbStar.then(pb).reflexive() {
		return verdict{}
	}
	rb := newRel(f.n)
	if f.hasGP {
		rcuFence := c.rcuFence(prop, hbStar, pbStar)
		rb = prop.then(rcuFence, hbStar, pbStar).between(f.all, K)
		if rb.reflexive() {
			return verdict{}
		}
		fence = or(fence, rcuFence)
		strong = or(strong, rcuFence)
	}
	if f.plain.empty() {
		return verdict{allowed: true}
	}
	p := plainModel{
		c: c, fr: fr, rfe: rfe, addr: addr, fence: fence, nonrw: nonrw, strong: strong,
		cumulStar: cumulStar, xb: or(hb, pb, rb).star(),
	}
	return p.judge()
}

func single(i int) set {
	var s set
	s.add(i)
	return s
}

func withoutID(r rel) rel {
	out := r.clone()
	for i := range out {
		out[i] = out[i].not(single(i))
	}
	return out
}

// rcuFence is the order that grace periods impose: any chain with at least as
// many grace periods as read-side critical sections.
func (c *candidate) rcuFence(prop, hbStar, pbStar rel) rel {
	f := c.frame
	link := f.po.maybe().then(hbStar, pbStar, prop, f.po)
	gp, srcu := identity(f.n, f.rcuGP), identity(f.n, f.srcuGP)
	rscsi := f.rscs.inverse()
	srcuRSCSI := c.srcuSections().inverse()
	order := or(gp, srcu)
	for {
		mid := or(link, link.then(order, link))
		next := or(order,
			gp.then(mid, rscsi),
			srcu.then(mid, srcuRSCSI).and(f.loc),
			rscsi.then(mid, gp),
			srcuRSCSI.then(mid, srcu).and(f.loc),
			order.then(link, order))
		if next.equal(order) {
			break
		}
		order = next
	}
	return f.po.then(order, f.po.maybe())
}

func identity(n int, s set) rel {
	r := newRel(n)
	s.each(func(i int) { r[i].add(i) })
	return r
}

// srcuSections pairs each srcu_read_lock with the unlocks that its value
// reaches, through registers or memory.
func (c *candidate) srcuSections() rel {
	f := c.frame
	locks, unlocks := f.where(fSRCULock), f.where(fSRCUUnlock)
	if locks.empty() {
		return newRel(f.n)
	}
	return or(f.data, c.rf).plus().between(locks, unlocks).and(f.loc)
}
