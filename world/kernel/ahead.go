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

// save copies the state of the CPU.
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

// restore gives the CPU a state that was saved.
func (c *cpu) restore(e *execution) {
	c.at, c.stormCPU, c.exitToSoftirq, c.eqs, c.stormTime, c.irqTime = e.at, e.storm, e.exit, e.eqs, e.taken, e.irqs
	for i, s := range c.wide {
		*s = e.sources[i]
	}
	for i, s := range c.own {
		*s = e.sources[len(c.wide)+i]
	}
}

// ahead is the state that a CPU will have at an instant if nothing disturbs it
// until then. To plan when a CPU will have done its work, its storms are executed
// ahead of time; ahead keeps the outcome, so that they are not executed again when
// that instant comes.
type ahead struct {
	valid    bool
	solo     bool // it is in cpu.solo, but for at
	progress ns
	allowed  ns // perf's allowance, which must not have changed since
	execution
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
	undo, rate, tr := &k.undo, k.rate, k.trace
	c.save(undo)
	k.trace = nil
	progress := c.run(limit, work, c.irqActive)
	k.trace = tr

	at, returns = c.at, c.at < limit
	// A tracer has to see everything happen, and a lowered rate is global.
	if a.valid = tr == nil && !k.opt.Step && k.rate.allowed == rate.allowed; a.valid {
		a.solo, a.progress, a.allowed = false, progress, rate.allowed
		c.save(&a.execution)
	}
	c.restore(undo)
	k.rate = rate
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
	default:
		c.restore(&a.execution)
	}
	return a.progress, true
}

// stormUntilNow is the time that samples have taken of a CPU up to now. The CPU
// stays as it is: an update would plan its next event anew, and what was planned
// earlier for the same instant would then happen first.
func (k *kernel) stormUntilNow(c *cpu) (taken ns) {
	_, taken = k.progressUntilNow(c)
	return taken
}
