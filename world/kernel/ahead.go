package kernel

// execution is the part of a CPU's state that run changes.
type execution struct {
	at      ns
	storm   stormCPU
	exit    bool // exitToSoftirq
	eqs     uint64
	taken   ns // stormTime
	irqs    ns // irqTime
	sources []source
}

// save copies the CPU's state to e.
func (c *cpu) save(e *execution) {
	e.at, e.storm, e.exit, e.eqs, e.taken, e.irqs = c.at, c.stormCPU, c.exitToSoftirq, c.eqs, c.stormTime, c.irqTime
	e.sources = e.sources[:0]
	for _, s := range c.wide {
		e.sources = append(e.sources, *s)
	}
	for _, s := range c.own {
		e.sources = append(e.sources, *s)
	}
}

// restore sets the CPU's state to e.
func (c *cpu) restore(e *execution) {
	c.at, c.stormCPU, c.exitToSoftirq, c.eqs, c.stormTime, c.irqTime = e.at, e.storm, e.exit, e.eqs, e.taken, e.irqs
	for i, s := range c.wide {
		*s = e.sources[i]
	}
	for i, s := range c.own {
		*s = e.sources[len(c.wide)+i]
	}
}

// ahead is the predicted state of a CPU at an instant, if nothing disturbs it until
// then. To plan the end of a CPU's work, its storms are executed ahead of time; ahead
// keeps the outcome, so that they are not executed again at that instant.
type ahead struct {
	valid     bool
	oneSource bool // the state is in cpu.oneSource, except at
	progress  ns
	allowed   ns // perf's allowance, which must not have changed since then
	execution
}

// lookahead computes the instant at which run will return by itself on a CPU with sources.
// It changes nothing but c.ahead.
func (k *kernel) lookahead(c *cpu, limit, work ns) (at ns, returns bool) {
	a := &c.ahead
	if o := &c.oneSource; c.alone(o, c.irqsOff()) {
		if o.run(limit, work); !o.gaveUp {
			a.valid, a.oneSource, a.at, a.progress = k.trace == nil, true, o.at, o.progress
			return o.at, o.at < limit
		}
	}
	undo, rate, tr := &k.undo, k.rate, k.trace
	c.save(undo)
	k.trace = nil
	progress := c.run(limit, work, c.irqsOff())
	k.trace = tr

	at, returns = c.at, c.at < limit
	// A tracer needs every event, and a lowered rate is global.
	if a.valid = tr == nil && !k.opt.Step && k.rate.allowed == rate.allowed; a.valid {
		a.oneSource, a.progress, a.allowed = false, progress, rate.allowed
		c.save(&a.execution)
	}
	c.restore(undo)
	k.rate = rate
	return at, returns
}

// reach puts the CPU into the state that its last plan predicted for the present
// instant, if there is one, and returns the progress made until then.
func (k *kernel) reach(c *cpu) (progress ns, ok bool) {
	a := &c.ahead
	ok = a.valid && a.at == k.now && (a.oneSource || a.allowed == k.rate.allowed)
	a.valid = false
	switch {
	case !ok:
		return 0, false
	case a.oneSource:
		c.oneSource.apply()
	default:
		c.restore(&a.execution)
	}
	return a.progress, true
}

// stormUntilNow is the time of samples on a CPU up to now. It does not change the
// CPU: an update would plan the CPU's next event anew, and events planned earlier for
// the same instant would then happen first.
func (k *kernel) stormUntilNow(c *cpu) (taken ns) {
	_, taken = k.progressUntilNow(c)
	return taken
}
