package kernel

// ahead is the state that a CPU will have at an instant if nothing disturbs it
// until then. To plan when a CPU will have done its work, its storms are executed
// ahead of time; ahead keeps the outcome, so that they are not executed again when
// that instant comes.
type ahead struct {
	valid    bool
	solo     bool // it is in cpu.solo
	at       ns
	progress ns
	allowed  ns // perf's allowance, which must not have changed since
	storm    stormCPU
	exit     bool // exitToSoftirq
	eqs      uint64
	taken    ns // stormTime
	sources  []source
}

// lookahead finds the instant at which run will return by itself, leaving
// everything as it was but c.ahead.
func (k *kernel) lookahead(c *cpu, limit, work ns) (at ns, returns bool) {
	if c.undisturbed() {
		if !c.interrupted(c.irqActive) {
			at = min(c.at+work, limit)
		} else {
			at = c.at
		}
		return at, at < limit
	}
	a := &c.ahead
	if c.alone(c.irqActive) {
		o := &c.solo
		if o.run(limit, work); !o.gaveUp {
			a.valid, a.solo, a.at, a.progress = k.trace == nil, true, o.at, o.progress
			return o.at, o.at < limit
		}
	}
	keep, rate, n := c.stormCPU, k.rate, len(k.scratch)
	began, exit, eqs, storm := c.at, c.exitToSoftirq, c.eqs, c.stormTime
	k.scratch = c.copySources(k.scratch)
	tr := k.trace
	k.trace = nil
	progress := c.run(limit, work, c.irqActive)
	k.trace = tr

	at, returns = c.at, c.at < limit
	// A tracer has to see everything happen, and a lowered rate is global.
	if a.valid = tr == nil && !k.opt.Step && k.rate.allowed == rate.allowed; a.valid {
		a.solo = false
		a.at, a.progress, a.allowed = at, progress, rate.allowed
		a.storm, a.exit, a.eqs, a.taken = c.stormCPU, c.exitToSoftirq, c.eqs, c.stormTime
		a.sources = c.copySources(a.sources[:0])
	}

	c.setSources(k.scratch[n:])
	k.scratch = k.scratch[:n]
	c.stormCPU, k.rate = keep, rate
	c.at, c.exitToSoftirq, c.eqs, c.stormTime = began, exit, eqs, storm
	return at, returns
}

// reach puts the CPU into the state that its last plan found for the present
// instant, if it found one, and returns the progress made on the way.
func (k *kernel) reach(c *cpu) (progress ns, ok bool) {
	a := &c.ahead
	ok = a.valid && a.at == k.now && (a.solo || a.allowed == k.rate.allowed)
	a.valid = false
	switch {
	case !ok:
		return 0, false
	case a.solo:
		c.solo.apply()
		return a.progress, true
	}
	c.stormCPU = a.storm
	c.at, c.exitToSoftirq, c.eqs, c.stormTime = a.at, a.exit, a.eqs, a.taken
	c.setSources(a.sources)
	return a.progress, true
}

// copySources appends the state of the CPU's sources.
func (c *cpu) copySources(to []source) []source {
	for _, s := range c.wide {
		to = append(to, *s)
	}
	for _, s := range c.own {
		to = append(to, *s)
	}
	return to
}

// setSources gives the CPU's sources the states copied before.
func (c *cpu) setSources(from []source) {
	i := 0
	for _, s := range c.wide {
		*s = from[i]
		i++
	}
	for _, s := range c.own {
		*s = from[i]
		i++
	}
}
