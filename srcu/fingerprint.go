package srcu

// Fingerprint calls add with every variable that determines the machine's further
// behaviour: two idle machines with the same calls behave alike. While Process
// runs, its position in Process counts too. The lengths of delays are left out,
// except whether a scan retries at once.
func (gp *GracePeriod) Fingerprint(add func(uint64)) {
	for i := range gp.words {
		add(gp.words[i].Load())
	}
	add(gp.started.Load())
	add(gp.undelayed.Load())
	sc := &gp.scan
	add(flags(sc.opened, sc.summed, sc.asked, sc.Elapsed(), sc.summed && sc.Expedited))
	if sc.opened {
		add(uint64(sc.Rank))
		add(uint64(sc.tries))
	}
	if sc.summed {
		add(sc.Unlocks)
	}
	if sc.asked {
		add(uint64(sc.Cookie))
	}
}

// flags packs conditions into a number.
func flags(conds ...bool) (n uint64) {
	for i, c := range conds {
		if c {
			n |= 1 << i
		}
	}
	return n
}
