package litmus

// plainModel is the part of the model about plain accesses: what they may
// see, and which races they take part in.
type plainModel struct {
	c                                                  *candidate
	fr, rfe, addr, fence, nonrw, strong, cumulStar, xb rel
}

func (p plainModel) judge() verdict {
	f := p.c.frame
	K, P, M := f.marked, f.plain, f.mem
	rmb4, ordered := f.rmb4, f.all.not(f.where(mNoreturn))
	vis := p.cumulStar.then(p.rfe.maybe()).between(f.all, K).
		then(or(p.strong.between(f.all, K).then(p.xb), p.xb.and(f.int_)))
	wPre := or(p.addr, p.fence).maybe().between(K, f.all)
	rPre := or(p.addr, p.nonrw, f.fencerel(fRmb).between(rmb4, ordered)).maybe().between(K, f.all)
	wPost := p.fence.maybe().between(f.all, K)
	rPost := or(p.nonrw, f.fencerel(fRmb).between(ordered, rmb4)).maybe().between(f.all, K)

	wwVis := or(p.fence, p.strong.then(p.xb, wPre), wPost.then(vis, wPre))
	wrVis := or(p.fence, p.strong.then(p.xb, rPre), wPost.then(vis, rPre))
	rwXb := or(p.fence, rPost.then(p.xb, wPre))

	pre := or(f.ext.between(P, M), f.ext.between(M.not(f.inits), P))
	rwXbInv := rwXb.inverse()
	incoherent := or(
		pre.and(p.c.rf).and(rwXbInv),
		pre.and(p.fr).and(wrVis.inverse()),
		pre.and(p.c.co).and(wwVis.inverse()))
	if !incoherent.empty() {
		return verdict{}
	}
	full := newRel(f.n)
	for i := range full {
		full[i] = f.all
	}
	wwFine := wwVis.and(or(full.between(K, f.writes), rwXb)).
		and(or(full.between(f.writes, K), wrVis))
	races := or(
		pre.and(p.c.co).not(wwFine),
		pre.and(p.c.co.maybe().then(p.c.rf)).not(wrVis).not(rwXbInv),
		pre.and(p.fr).not(rwXb))
	return verdict{allowed: true, race: !races.empty()}
}
