package litmus

// plainModel holds the rules for plain accesses: the stores that they may read from,
// and their data races.
type plainModel struct {
	c                                                          *candidate
	fr, rfe, addr, fence, nonrw, strong, cumulStar, rmwSeq, xb rel
}

func (p plainModel) judge() verdict {
	f := p.c.frame
	K, P, M := f.marked, f.plain, f.mem
	vis := f.seq(f.to(f.seq(p.cumulStar, f.maybe(p.rfe)), K),
		f.or(f.seq(f.to(p.strong, K), p.xb), f.and(p.xb, f.same)))
	wPre := f.from(K, f.maybe(f.or(p.addr, p.fence)))
	rPre := f.from(K, f.maybe(f.or(p.addr, p.nonrw, f.rmbPlain)))
	wPost := f.seq(f.to(f.maybe(p.fence), K), p.rmwSeq)
	rPost := f.to(f.maybe(f.or(p.nonrw, f.plainRmb)), K)

	wwVis := f.or(p.fence, f.seq(p.strong, p.xb, wPre), f.seq(wPost, vis, wPre))
	wrVis := f.or(p.fence, f.seq(p.strong, p.xb, rPre), f.seq(wPost, vis, rPre))
	rwXb := f.or(p.fence, f.seq(rPost, p.xb, wPre))

	pre := f.or(f.between(P, f.ext, M), f.between(M.not(f.inits), f.ext, P))
	rwXbInv := f.inverse(rwXb)
	incoherent := f.or(
		f.and(f.and(pre, p.c.rf), rwXbInv),
		f.and(f.and(pre, p.fr), f.inverse(wrVis)),
		f.and(f.and(pre, p.c.co), f.inverse(wwVis)))
	if !incoherent.empty() {
		return verdict{}
	}
	full := f.raw()
	for i := range full {
		full[i] = f.all
	}
	wwFine := f.and(f.and(wwVis, f.or(f.between(K, full, f.writes), rwXb)),
		f.or(f.between(f.writes, full, K), wrVis))
	races := f.or(
		f.not(f.and(pre, p.c.co), wwFine),
		f.not(f.not(f.and(pre, f.seq(f.maybe(p.c.co), p.c.rf)), wrVis), rwXbInv),
		f.not(f.and(pre, p.fr), rwXb))
	return verdict{allowed: true, race: !races.empty()}
}
