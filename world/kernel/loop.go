package kernel

import "github.com/gpstorm/gpstorm/workload"

// loop is the program of a task that reads for ever: section of CPU time inside a
// read-side critical section, then gap outside of it. Its position is a function of
// its CPU time, so it needs no events: its counters and its position are computed
// when something reads them.
type loop struct {
	t        *task
	section  ns
	cycle    ns // section and gap
	pos      ns // position in the cycle, 0 at the start of a section
	rounds   int
	reader   *readerState // nil unless the sections read SRCU counters or tracepoints
	began    uint64       // number of sections begun, the present one included
	rcu, off bool         // the sections block vanilla RCU; they disable preemption
	watching bool         // the end of this section is an event
	boosted  bool
	ended    bool // it goes to sleep for ever at the end of this section
	slept    bool // it has slept inside this section
	// entering: the task has not run yet, and enters the section at pos with its first
	// instruction.
	entering bool

	k     *kernel
	spec  *workload.Tasks
	epoch uint64 // of the kernel at the start of the present section

	seen, held sighting // see position.go
}

// newLoop returns a loop at a random phase, as if it had run long before it starts.
// Phase 0 is the end of a sleep after a section; then come the rounds until the next
// sleep, and that sleep. If the phase lies in it, asleep is the rest of it.
func newLoop(k *kernel, spec *workload.Tasks, draw func(int64) int64) (l *loop, asleep ns) {
	l = &loop{k: k, spec: spec, section: ns(spec.Section), cycle: ns(spec.Section + spec.Gap)}
	if spec.Reads == workload.ReadsNothing {
		l.section = 0
	}
	if l.section > 0 && l.section == l.cycle {
		l.cycle++ // a position outside, at which a section has ended and the next not begun
	}
	if l.cycle == 0 {
		l.cycle = 1
	}
	awake := ns(max(1, spec.SleepEvery)) * l.cycle
	phase := draw(awake + ns(spec.Sleep))
	if phase >= awake {
		asleep, phase = awake+ns(spec.Sleep)-phase, 0
	}
	l.rounds = int(phase / l.cycle)
	l.pos = (l.section + phase) % l.cycle
	l.entering = l.pos < l.section
	return l, asleep
}

func (l *loop) inSection() bool { return l.pos < l.section && !l.entering }
func (l *loop) inUser() bool    { return !l.inSection() }
func (l *loop) inRCU() bool     { return l.rcu && l.inSection() }

// preemptOff reports whether the task cannot be switched out at its position.
func (l *loop) preemptOff() bool { return l.off && l.inSection() }

// step is called at the end of a watched section, and at the point where the task
// sleeps.
func (l *loop) step(t *task) demand {
	if t.timedOut {
		t.timedOut = false
		if !l.inSection() {
			l.rounds = 0
		}
	}
	if l.watching && !l.inSection() {
		l.sectionOver()
	}
	if l.ended && !l.inSection() {
		return sleepIn(sleeping)
	}
	if l.spec.SleepInside > 0 && l.inSection() && l.pos == l.middle() {
		if l.slept = !l.slept; l.slept {
			return demand{state: sleeping, sleep: ns(l.spec.SleepInside)}
		}
	}
	if l.sleeps() && l.rounds >= l.spec.SleepEvery && !l.inSection() {
		l.rounds = 0
		return demand{state: sleeping, sleep: ns(l.spec.Sleep)}
	}
	return use(l.ahead())
}

func (l *loop) sleeps() bool { return l.spec.Sleep > 0 }

// middle is the position in the section at which the task sleeps, if it does.
func (l *loop) middle() ns { return l.section / 2 }

// end makes the task go to sleep for ever at the end of this section.
func (l *loop) end() {
	if l.ended = true; l.inSection() {
		l.watchEnd()
	} else if l.t.state == running {
		l.t.left = 0
	}
}

// ahead is the CPU time until the program must be stepped again.
func (l *loop) ahead() ns {
	if l.spec.SleepInside == 0 {
		return l.untilStep()
	}
	middle := l.middle() - l.pos
	if middle < 0 || middle == 0 && !l.slept {
		middle += l.cycle
	}
	return min(l.untilStep(), middle)
}

// untilStep is the value of ahead for a task that does not sleep inside its sections.
func (l *loop) untilStep() ns {
	if l.watching && l.inSection() {
		return l.section - l.pos
	}
	if l.sleeps() {
		left := ns(l.spec.SleepEvery-1-l.rounds) * l.cycle
		if l.section == 0 {
			return max(left, 0) + l.cycle - l.pos
		}
		if l.pos < l.section {
			return left + l.section - l.pos
		}
		return left + l.cycle - l.pos + l.section
	}
	return never
}

// watchEnd turns the end of the present section into an event.
func (l *loop) watchEnd() {
	if l.watching {
		return
	}
	l.watching = true
	l.t.left = l.ahead()
}

// resume is called when the task is switched in.
func (l *loop) resume() {
	if l.t.rcu.queued || l.t.rcu.needQS || l.t.rcu.expHint {
		l.watchEnd()
	}
}

// sectionOver ends a watched section.
func (l *loop) sectionOver() {
	l.watching = false
	if l.rcu && !l.off {
		l.k.endSection(l.t)
		l.k.checkDeferred(l.t.cpu)
	}
	if l.boosted && l.k.decision(SectionDeboosts, l.t.cpu.id, true) {
		l.boosted, l.t.prio = false, 0
		l.k.kickCPU(l.t.cpu, hardResched)
	}
}

// enter begins the section in which the task starts.
func (l *loop) enter() {
	l.entering = false
	l.began++
	l.epoch = l.beganIn(l.began)
	if l.reader != nil {
		l.reader.begin(l.k)
	}
}

// pass advances the position by d of CPU time, which is more than 0.
func (l *loop) pass(d ns) {
	if l.entering {
		l.enter()
	}
	if l.section == 0 {
		if l.pos += d; l.pos >= l.cycle {
			l.rounds += int(l.pos / l.cycle)
			l.pos %= l.cycle
		}
		return
	}
	was := l.pos
	begins, at := 0, was+d
	if at >= l.cycle {
		begins = int(at / l.cycle)
		at -= ns(begins) * l.cycle
	}
	ends := begins // each begin follows an end, with two exceptions
	if was >= l.section {
		ends--
	}
	if at >= l.section {
		ends++
	}
	if l.reader != nil {
		l.reader.pass(l, was, d, begins, ends)
	}
	if begins > 0 {
		l.began += uint64(begins)
		l.epoch = l.beganIn(l.began)
	}
	l.rounds += ends
	l.pos = at
}

func floorDiv(a, b ns) ns {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
