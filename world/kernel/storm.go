package kernel

import (
	"github.com/gpstorm/gpstorm/workload"
)

// source is a perf event, or a set of equal NMI events, that interrupts one CPU. A
// task-attached one interrupts the CPU of its task.
//
// An NMI event is a counter: it counts the execution time of its CPU (or task)
// outside NMIs, because the handler stops the PMU, and overflows every period. In
// this time its samples are strictly periodic. An hrtimer event expires on a grid of
// wall time and skips the points that a slow handler ran over (perf_swevent_hrtimer,
// hrtimer_forward_now).
type source struct {
	nmi     bool
	device  bool           // not a perf event
	rearm   workload.Rearm // how it is rearmed, if not by the default of its kind
	period  ns             // between samples of the set
	handler ns             // duration of one sample
	events  int

	on        bool // between From and Until, with open fds
	throttled bool // by max_samples_per_tick, until the next tick
	stoppedOn int  // CPU on which it was throttled
	left      ns   // nmi counter: execution time until the next sample
	next      ns   // of the others: expiry, while installed
	grid      ns   // of a device: the due point of the last interrupt
	samples   int  // in this tick of the CPU it last sampled
	tick      uint64
}

func (s *source) active() bool { return s.on && !s.throttled }

// stormCPU is the interrupt state of one CPU.
type stormCPU struct {
	wide []*source // CPU-wide sources
	own  []*source // the current task's sources

	nmi     *source // source of the running handler, nil if none
	nmiLeft ns
	hr      *source
	hrLeft  ns

	hrBegan   ns  // start of the running hrtimer interrupt
	hrPassNow ns  // base time of its current pass
	hrPasses  int // earlier passes of the interrupt
	hrBlocked ns  // no hrtimer expires before this time (hang back-off)
	hrPassed  int // passes of the interrupt that found more timers, for an oracle

	took sampleTime
	// maxPerTick limits the samples of one event until the next tick: a lowered rate
	// takes effect only then.
	maxPerTick int
	credit     ns // rest of a per-CPU budget; negative is debt
	stopped    bool
}

// hrMaxPasses and hrMaxBackoff limit hrtimer_interrupt: after three passes that each
// found new expired timers it pauses hrtimers for the time that it took, at most 100
// ms.
const (
	hrMaxPasses      = 3
	hrMaxBackoff  ns = 100_000_000
	hrMinPeriod   ns = 10_000
	hrRestartLeft ns = 10_000
)

// inHandler reports whether a sample is in progress.
func (s *stormCPU) inHandler() bool { return s.nmiLeft+s.hrLeft > 0 }

// undisturbed reports whether nothing can sample the CPU. A sample in progress has a
// source: those of a task do not leave the CPU within a sample.
func (c *cpu) undisturbed() bool { return len(c.wide)+len(c.own) == 0 }

// interrupted reports whether an interrupt is waiting that must be taken before any
// work.
func (c *cpu) interrupted(irqsOff bool) bool {
	return c.exitToSoftirq || !irqsOff && len(c.pending) > 0
}

// run executes the CPU from its present instant until the work of its current context
// is done, the wall clock reaches until, or a waiting interrupt can be taken. It
// returns the progress made. irqsOff is true during an interrupt handler, which only
// NMIs can interrupt.
//
// Without sources, run takes one step. It skips whole cycles of a single source by
// arithmetic, unless stepping is requested.
func (c *cpu) run(until, work ns, irqsOff bool) (progress ns) {
	if c.halted() {
		c.at = until
		return 0
	}
	if c.undisturbed() {
		if c.at < until && !c.interrupted(irqsOff) {
			progress = min(work, until-c.at)
			c.at += progress
		}
		return progress
	}
	if o := &c.oneSource; c.alone(o, irqsOff) {
		if o.run(until, work); !o.gaveUp {
			if c.k.trace != nil { // again, with the tracer
				c.alone(o, irqsOff)
				o.trace = c.k.trace
				o.run(until, work)
			}
			o.apply()
			return o.progress
		}
	}
	for c.at < until {
		if c.nmiLeft > 0 {
			c.inNMI(until)
			continue
		}
		if c.hrLeft == 0 {
			if c.interrupted(irqsOff) || progress == work {
				return progress
			}
		}
		nmi, gap := c.nextNMI()
		switch {
		case c.hrLeft > 0:
			d := min(c.hrLeft, gap, until-c.at)
			c.execute(d)
			c.stormTime += d
			c.irqTime += d
			if c.hrLeft -= d; c.hrLeft == 0 {
				c.endHR()
			}
		default:
			hr, due := c.nextHR(irqsOff)
			if due <= c.at {
				c.beginHR(hr, c.at)
				break
			}
			d := min(work-progress, gap, until-c.at, due-c.at)
			c.execute(d)
			progress += d
		}
		if nmi != nil && nmi.gap(c.at) == 0 && (c.hrLeft > 0 || progress < work) {
			c.beginNMI(nmi)
		}
	}
	return progress
}

// execute advances time outside NMIs.
func (c *cpu) execute(d ns) {
	c.at += d
	if c.stopped {
		return // the PMU does not count
	}
	for _, s := range c.wide {
		if s.counts() && s.active() {
			s.left -= d
		}
	}
	for _, s := range c.own {
		if s.counts() && s.active() {
			s.left -= d
		}
	}
}

// nextNMI returns the NMI source that samples first, and the execution time until
// then.
func (c *cpu) nextNMI() (first *source, gap ns) {
	gap = never
	for _, set := range [...][]*source{c.wide, c.own} {
		for _, s := range set {
			if !s.nmi || !s.active() || c.stopped && !s.device {
				continue
			}
			if g := s.gap(c.at); g < gap {
				first, gap = s, g
			}
		}
	}
	return first, gap
}

// nextHR returns the first hrtimer or device to be due, and the time at which it can
// interrupt.
func (c *cpu) nextHR(irqsOff bool) (first *source, due ns) {
	if irqsOff {
		return nil, never
	}
	first, due = c.nextTimer()
	for _, s := range c.wide {
		if s.device && !s.nmi && s.active() && s.next < due {
			first, due = s, s.next
		}
	}
	return first, due
}

// nextTimer returns the first hrtimer to expire, and the time at which it can
// interrupt.
func (c *cpu) nextTimer() (first *source, due ns) {
	due = never
	if c.stopped {
		return nil, due
	}
	for _, s := range c.wide {
		if !s.nmi && !s.device && s.active() && s.next < due {
			first, due = s, s.next
		}
	}
	for _, s := range c.own {
		if !s.nmi && s.active() && s.next < due {
			first, due = s, s.next
		}
	}
	return first, max(due, c.hrBlocked, c.timerLost)
}

func (c *cpu) inNMI(until ns) {
	d := min(c.nmiLeft, until-c.at)
	c.at += d
	c.stormTime += d
	if c.nmiLeft -= d; c.nmiLeft == 0 {
		s := c.nmi
		c.nmi = nil
		c.rearmNMI(s)
		c.sampled(s)
	}
}

func (c *cpu) beginNMI(s *source) {
	s.left = s.period
	c.nmi, c.nmiLeft = s, s.handler
	c.k.trace.sampleBegins(c, s, c.at)
	if c.idle() {
		c.eqs += 2 // ct_nmi_enter, ct_nmi_exit
	}
}

// beginHR starts the handler of an expired timer. New interrupts begin at the given
// instant.
func (c *cpu) beginHR(s *source, began ns) {
	c.hr, c.hrLeft = s, s.handler
	c.k.trace.sampleBegins(c, s, c.at)
	c.hrBegan, c.hrPassNow, c.hrPasses = began, c.at, 0
	if c.idle() {
		c.eqs += 2
	}
}

// endHR ends one timer's handler and continues with other expired timers, as
// hrtimer_interrupt does.
func (c *cpu) endHR() {
	s := c.hr
	c.hr = nil
	c.k.trace.hrSampled(c, s, c.at)
	c.rearmHR(s)
	c.sampled(s)
	if s.device {
		c.leaveHR()
		return
	}
	next, due := c.nextTimer()
	if due > c.hrPassNow { // nothing else expired in this pass
		if due > c.at {
			c.leaveHR()
			return
		}
		c.hrPassNow = c.at
		c.hrPassed++
		if c.hrPasses++; c.hrPasses >= hrMaxPasses {
			c.hrBlocked = c.at + min(c.at-c.hrBegan, hrMaxBackoff)
			c.leaveHR()
			return
		}
	}
	c.hr, c.hrLeft = next, next.handler
	c.k.trace.sampleBegins(c, next, c.at)
}

// leaveHR is the exit from an hrtimer interrupt. It runs pending softirqs, unless the
// interrupt hit softirqs or another handler.
func (c *cpu) leaveHR() {
	if c.hrPassed > 0 {
		c.checkHang()
	}
	if c.softPending != 0 && !c.softActive && !c.irqActive {
		c.exitToSoftirq = true
	}
}

// sampled accounts for one sample of s that has just ended.
func (c *cpu) sampled(s *source) {
	k := c.k
	if s.device {
		return
	}
	c.freshCount(s)
	s.samples++
	if s.nmi {
		k.rate.took(&c.took, s.handler, c.at)
	}
	if s.samples >= s.events*c.maxPerTick && c.throttles() {
		s.throttled, s.stoppedOn = true, c.id
	}
	if b := k.budget; b > 0 {
		if c.credit -= c.charge(s, 1); c.credit <= 0 {
			c.stopped = true
		}
	}
}

// throttles reports whether a source stops at its limit of samples in a tick.
func (c *cpu) throttles() bool {
	return !c.k.sc.Perf.NoThrottle && c.k.decision(EventStops, c.id, true)
}

// charge is the cost of n samples of s to the CPU's budget.
func (c *cpu) charge(s *source, n int64) ns {
	charged := HRTimerSampleCharged
	if s.nmi {
		charged = NMISampleCharged
	}
	if !c.k.decision(charged, c.id, true) {
		return 0
	}
	return n * s.handler
}

// freshCount resets a source's count if the CPU has ticked since
// (perf_throttled_seq).
func (c *cpu) freshCount(s *source) {
	if s.tick != c.ticks {
		s.tick, s.samples = c.ticks, 0
	}
}

// sampleOnce makes the sources of a storm of single samples due now. A source that
// still waits to interrupt is not taken twice. An NMI that arrives during the
// handling of the last one stays latched; an hrtimer skips it.
func (k *kernel) sampleOnce(st *storm) {
	if !st.on {
		return
	}
	k.syncAll()
	for _, s := range st.sets {
		if s.src.nmi {
			s.src.left = 0
		} else {
			s.src.next, s.src.grid = k.now, k.now
		}
	}
	k.replanAll()
}

// tickSources is perf_event_task_tick: throttled events continue, and every event's
// count restarts at its next sample. The budget is refilled, and events that it
// stopped continue once the debt is paid.
func (c *cpu) tickSources() {
	c.maxPerTick = c.k.rate.maxPerTick
	if len(c.wide)+len(c.own) == 0 && c.k.budget == 0 {
		return
	}
	for _, s := range c.wide {
		if s.throttled {
			c.tickThrottled(s)
		}
	}
	for _, s := range c.own {
		if s.throttled {
			c.tickThrottled(s)
		}
	}
	if b := c.k.budget; b > 0 {
		c.checkBudget()
		c.credit = min(c.credit+b, b)
		if c.stopped && c.credit > 0 && c.k.decision(DebtPaidRestarts, c.id, true) {
			c.stopped = false
			for _, set := range [][]*source{c.wide, c.own} {
				for _, s := range set {
					c.install(s)
				}
			}
		}
	}
}

func (c *cpu) tickThrottled(s *source) {
	c.k.checkLimit(c, s)
	if c.restarts(s) && c.k.decision(TickRestarts, c.id, true) {
		c.unthrottle(s)
	} else if s.stoppedOn != c.id {
		c.k.stuckEvent(c, s)
	}
}

// restarts reports whether a stopped event of a task restarts here, though it may have
// been stopped on another CPU.
func (c *cpu) restarts(s *source) bool {
	return s.stoppedOn == c.id || c.k.decision(MigratedRestarts, c.id, true)
}

// unthrottle restarts a source. Throttling keeps no part of an hrtimer event's
// period, so the event starts with a whole one (perf_swevent_cancel_hrtimer,
// perf_swevent_start_hrtimer).
func (c *cpu) unthrottle(s *source) {
	s.throttled = false
	if !s.nmi {
		s.next = c.at + s.period
	}
}

// install puts an inactive hrtimer source back on this CPU's timeline.
func (c *cpu) install(s *source) {
	if !s.counts() && s.next < c.at {
		s.next += (c.at - s.next + s.period - 1) / s.period * s.period
		s.grid = s.next
	}
}

// grow lengthens the samples of a source, as configured.
func grow(st *workload.Storm, s *source) {
	h := s.handler * ns(st.Growth) / 100
	if st.HandlerMax > 0 {
		h = min(h, ns(st.HandlerMax))
	}
	s.handler = max(h, 1)
}
