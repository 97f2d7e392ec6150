package kernel

import "github.com/gpstorm/gpstorm/workload"

// oneSource is an interval of execution under a single source of samples, computed without
// a change to the CPU. Between two events there are only samples of this source, so
// all whole periods but the first and the last are arithmetic. A plan uses the end of
// the interval; run applies it to the CPU.
type oneSource struct {
	c       *cpu
	s       *source
	irqsOff bool
	gaveUp  bool // a global change happens here: a lowered sample rate
	trace   *tracer

	at       ns
	progress ns // execution time so far
	taken    ns // time in samples
	left     ns // of the source
	next     ns
	inside   ns // time in the present sample, 0 if there is none
	began    ns // start of the last hrtimer sample
	begun    uint64
	done     int // number of samples ended
	samples  int // in this tick
	running  ns  // perf's running average
	credit   ns
	active   bool
	stopped  bool // by a budget
	exit     bool // exitToSoftirq
}

// alone starts an interval in o. It reports whether there is just one source.
func (c *cpu) alone(o *oneSource, irqsOff bool) bool {
	var s *source
	switch {
	case len(c.own) == 1 && len(c.wide) == 0:
		s = c.own[0]
	case len(c.wide) == 1 && len(c.own) == 0:
		s = c.wide[0]
	default:
		return false
	}
	if s.device || s.rearm != workload.RearmDefault || c.k.opt.Step {
		return false
	}
	o.c, o.s, o.irqsOff, o.gaveUp, o.trace = c, s, irqsOff, false, nil
	o.at, o.progress, o.exit = c.at, 0, c.exitToSoftirq
	o.taken, o.begun, o.done, o.samples = 0, 0, 0, 0
	o.left, o.next, o.inside = s.left, s.next, c.nmiLeft+c.hrLeft
	o.active = s.active() && !c.stopped && (s.nmi || !irqsOff)
	if s.tick == c.ticks {
		o.samples = s.samples
	}
	o.running, o.credit, o.stopped = c.took.running, c.credit, c.stopped
	return true
}

// run is cpu.run for such an interval.
func (o *oneSource) run(until, work ns) {
	for o.at < until && !o.gaveUp {
		if o.inside > 0 {
			d := min(o.inside, until-o.at)
			o.at += d
			o.taken += d
			if o.inside -= d; o.inside == 0 {
				o.sampled()
			}
			continue
		}
		if o.exit || !o.irqsOff && len(o.c.pending) > 0 || o.progress == work {
			return
		}
		switch d := min(work-o.progress, until-o.at); {
		case !o.active:
			o.execute(d)
		case o.s.nmi && o.left == 0: // due at the end of the work before this interval
			o.left = o.s.period
			o.begin()
		case o.s.nmi:
			if n := o.cyclesNMI(until, work); n > 0 {
				o.trace.skipped(o.c, o.s, n, o.at+o.left, o.s.period+o.s.handler)
				o.skip(n, o.s.period)
				d = min(work-o.progress, until-o.at)
			}
			o.execute(min(d, o.left))
			if o.left == 0 && o.progress < work {
				o.left = o.s.period
				o.begin()
			}
		default:
			due := max(o.next, o.c.hrBlocked, o.c.timerLost)
			if due > o.at {
				o.execute(min(d, due-o.at))
				break
			}
			cycle := (o.s.handler/o.s.period + 1) * o.s.period
			if n := o.cyclesHR(until, work, cycle); n > 0 {
				o.trace.skipped(o.c, o.s, n, o.at, cycle)
				o.next += n * cycle
				o.skip(n, cycle-o.s.handler)
				break
			}
			o.began = o.at
			o.begin()
		}
	}
}

// reaches is run. It reports whether the interval reaches until.
func (o *oneSource) reaches(until, work ns) bool {
	o.run(until, work)
	return !o.gaveUp && o.at == until
}

func (o *oneSource) execute(d ns) {
	o.at += d
	o.progress += d
	if o.active && o.s.nmi {
		o.left -= d
	}
}

func (o *oneSource) begin() {
	o.inside = o.s.handler
	o.begun++
	o.trace.sampleBegins(o.c, o.s, o.at)
}

// sampled ends a sample (endHR and sampled of the CPU).
func (o *oneSource) sampled() {
	s, c := o.s, o.c
	if !s.nmi {
		o.trace.hrSampled(c, s, o.at)
		o.next += ((o.at-o.next)/s.period + 1) * s.period
	} else if r := &c.k.rate; r.percent != 0 && r.percent != 100 {
		o.running += s.handler - o.running/sampleWindow
		o.gaveUp = o.running/sampleWindow > r.allowed
	}
	o.done++
	o.samples++
	if o.samples >= s.events*c.maxPerTick && c.throttles() {
		o.active = false
	}
	if c.k.budget > 0 {
		if o.credit -= c.charge(s, 1); o.credit <= 0 {
			o.stopped, o.active = true, false
		}
	}
	if !s.nmi && c.softPending != 0 && !c.softActive && !c.irqActive {
		o.exit = true // leaveHR
	}
}

// cyclesNMI is the number of whole periods, each with one sample, that the CPU can
// execute.
func (o *oneSource) cyclesNMI(until, work ns) int64 {
	s := o.s
	if !o.c.k.rate.settled(&sampleTime{o.running}, s.handler) {
		return 0
	}
	time, rest := until-o.at, work-o.progress-1
	if time < s.period+s.handler || rest < s.period {
		return 0
	}
	n := int64(1) // of an interrupt handler, mostly
	if rest >= 2*s.period {
		n = min(time/(s.period+s.handler), rest/s.period)
	}
	return o.unchanged(n)
}

// cyclesHR is the number of whole cycles that fit. A cycle is a sample that starts on
// the grid, and execution until the next sample.
func (o *oneSource) cyclesHR(until, work, cycle ns) int64 {
	if o.next != o.at || o.c.softPending != 0 {
		return 0
	}
	return o.unchanged(min((until-o.at)/cycle, (work-o.progress)/(cycle-o.s.handler)))
}

// unchanged limits a number of samples to those that leave the source active.
func (o *oneSource) unchanged(n int64) int64 {
	k := o.c.k
	if !k.sc.Perf.NoThrottle {
		n = min(n, int64(o.s.events*o.c.maxPerTick-o.samples-1))
	}
	if k.budget > 0 {
		n = min(n, (o.credit-1)/o.s.handler)
	}
	return n
}

// skip passes n samples and the execution between them.
func (o *oneSource) skip(n, each ns) {
	h := n * o.s.handler
	o.at += h + n*each
	o.progress += n * each
	o.taken += h
	o.begun += uint64(n)
	o.done += int(n)
	o.samples += int(n)
	if o.c.k.budget > 0 {
		o.credit -= o.c.charge(o.s, n)
	}
}

// apply moves the CPU to the end of the interval.
func (o *oneSource) apply() {
	c, s := o.c, o.s
	c.at, c.exitToSoftirq = o.at, o.exit
	c.stormTime += o.taken
	if !s.nmi {
		c.irqTime += o.taken
	}
	c.nmi, c.nmiLeft, c.hr, c.hrLeft = nil, 0, nil, 0
	if s.nmi {
		s.left = o.left
		if c.nmiLeft = o.inside; o.inside > 0 {
			c.nmi = s
		}
	} else {
		s.next = o.next
		if c.hrLeft = o.inside; o.inside > 0 {
			c.hr = s
		}
		if o.begun > 0 {
			c.hrBegan, c.hrPassNow, c.hrPasses = o.began, o.began, 0
		}
	}
	if c.idle() {
		c.eqs += 2 * o.begun // ct_nmi_enter, ct_nmi_exit
	}
	if o.done == 0 {
		return
	}
	if !s.nmi {
		c.hrPassed = 0 // a lone timer is never due again at the end of its sample
	}
	s.tick, s.samples = c.ticks, o.samples
	if s.samples >= s.events*c.maxPerTick && c.throttles() {
		s.throttled, s.stoppedOn = true, c.id
	}
	c.took.running, c.credit, c.stopped = o.running, o.credit, o.stopped
}
