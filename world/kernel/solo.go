package kernel

// solo is what a stretch of execution under a single NMI source comes to. A
// source is a counter of execution time outside NMIs, so all that happens is
// left, handler, period, handler, period, ...: when it ends, and how, is
// arithmetic.
type solo struct {
	at       ns // when it ends
	progress ns // execution time it had
	left     ns // of the source, until its next sample
	nmiLeft  ns // of the sample in progress, 0 if none is
	begun    int64
	done     int64 // samples ended
}

// soloSource is the CPU's source if it has only that one and nothing but NMIs
// of it can happen between two events.
func (c *cpu) soloSource() *source {
	if c.k.opt.Step || c.k.trace != nil || c.hrLeft > 0 || len(c.wide)+len(c.own) != 1 {
		return nil
	}
	s := c.own
	if len(s) == 0 {
		s = c.wide
	}
	if !s[0].nmi || c.nmi != nil && c.nmi != s[0] {
		return nil // a sample outlasts its source's task being switched out
	}
	return s[0]
}

// solo solves run for a single NMI source; it changes nothing. It gives up
// where a sample changes what later ones do: where the source is throttled, a
// budget ends, or perf's running length still moves.
func (c *cpu) solo(s *source, until, work ns, irqsOff bool) (o solo, ok bool) {
	o = solo{at: c.at, left: s.left, nmiLeft: c.nmiLeft}
	if o.nmiLeft > 0 {
		d := min(o.nmiLeft, until-o.at)
		o.at += d
		if o.nmiLeft -= d; o.nmiLeft == 0 {
			o.done++
		}
	}
	switch {
	case o.at == until:
	case c.exitToSoftirq || !irqsOff && len(c.pending) > 0:
	case !s.active() || c.stopped:
		o.progress = min(work, until-o.at)
		o.at += o.progress
	default:
		o.pass(s, until, work)
	}
	return o, o.done == 0 || c.steady(s, o.done)
}

// pass goes from an instant outside of the handler until the work is done or
// the wall clock reaches until.
func (o *solo) pass(s *source, until, work ns) {
	wall := until - o.at
	if p, r := int64(0), wall-o.left; r >= 0 {
		// The first sample begins within the stretch, and n-1 whole cycles after it.
		cycle := s.handler + s.period
		n := r/cycle + 1
		r %= cycle
		p = o.left + (n-1)*s.period + max(r-s.handler, 0)
		if p < work {
			o.at, o.progress, o.begun = until, p, n
			o.done += n
			o.left = s.period - max(r-s.handler, 0)
			if r < s.handler {
				o.nmiLeft = s.handler - r
				o.done--
			}
			return
		}
	} else if wall < work {
		o.at, o.progress, o.left = until, wall, o.left-wall
		return
	}
	// The work is done first; a sample that is due just then has not begun.
	n := int64(0)
	if work > o.left {
		n = (work-o.left-1)/s.period + 1
	}
	o.at += work + n*s.handler
	o.progress = work
	o.left += n*s.period - work
	o.begun, o.done = n, o.done+n
}

// steady reports whether n more samples leave the source and perf's arithmetic
// as they are.
func (c *cpu) steady(s *source, n int64) bool {
	k := c.k
	if !k.rate.settled(&c.took, s.handler) || k.budget > 0 && c.credit <= n*s.handler {
		return false
	}
	if k.sc.Perf.NoThrottle {
		return true
	}
	had := s.samples
	if s.tick != c.ticks {
		had = 0
	}
	return int64(had)+n < int64(s.events*c.maxPerTick)
}

// apply makes the CPU arrive where solo found it would.
func (c *cpu) apply(s *source, o solo) {
	c.stormTime += o.at - c.at - o.progress
	c.at = o.at
	s.left = o.left
	c.nmi, c.nmiLeft = nil, o.nmiLeft
	if o.nmiLeft > 0 {
		c.nmi = s
	}
	if c.idle() {
		c.eqs += 2 * uint64(o.begun) // ct_nmi_enter, ct_nmi_exit
	}
	if o.done > 0 {
		c.freshCount(s)
		s.samples += int(o.done)
		if c.k.budget > 0 {
			c.credit -= o.done * s.handler
		}
	}
}
