package kernel

// This file is the oracles' view of readers. A CPU's execution, and its readers with
// it, is updated at the CPU's events. An update for an oracle would plan the CPU's
// next event anew, and change the order of events at one instant. So an oracle
// computes the position of a reader without changing anything.

// position is where a looping task is in its cycle at the present instant.
type position struct {
	section uint64 // number of sections begun
	pos     ns     // position in the cycle
	inside  bool
	locked  bool // the section's counter is incremented
}

// progressUntilNow returns the CPU time of the task on the CPU since the last update,
// and the total time of samples on the CPU.
func (k *kernel) progressUntilNow(c *cpu) (progress, taken ns) {
	if c.at == k.now || c.halted() {
		return 0, c.stormTime
	}
	if c.undisturbed() {
		if c.cur == nil || c.irqActive || c.softActive || c.interrupted(false) {
			return 0, c.stormTime
		}
		return max(0, k.now-c.at-c.overhead), c.stormTime
	}
	if o := &k.untilNow; c.alone(o, c.irqsOff()) && o.reaches(k.now, c.work()) {
		progress, taken = o.progress, c.stormTime+o.taken
	} else {
		progress, taken = k.tryToNow(c)
	}
	if c.cur == nil || c.irqActive || c.softActive {
		return 0, taken
	}
	return max(0, progress-c.overhead), taken
}

// tryToNow executes a CPU up to the present and restores its state.
func (k *kernel) tryToNow(c *cpu) (progress, taken ns) {
	undo, rate, tr, planned := &k.undo, k.rate, k.trace, c.oneSource
	c.save(undo)
	k.trace = nil
	progress = c.runToNow()
	taken = c.stormTime
	k.trace = tr
	c.restore(undo)
	k.rate, c.oneSource = rate, planned
	return progress, taken
}

// after is the position of the task after d more of CPU time.
func (l *loop) after(d ns) position {
	p := position{section: l.began, pos: l.pos + d}
	if l.entering {
		if d == 0 {
			return p
		}
		p.section++
	}
	if p.pos >= l.cycle {
		p.section += uint64(p.pos / l.cycle)
		p.pos %= l.cycle
	}
	p.inside = p.pos < l.section
	if r := l.reader; r != nil && p.inside {
		p.locked = d > 0 && p.pos >= r.fetch || p.section == l.began && r.locked
	}
	return p
}

// positionOf is the present position of the task.
func (k *kernel) positionOf(l *loop) position {
	if l.t.cpu.cur != l.t {
		return l.after(0)
	}
	d, _ := k.progressUntilNow(l.t.cpu)
	return l.after(d)
}

// sighting records that a section had begun, or that its counter was incremented, at
// the start of an epoch. The section is ahead of the task's last update.
type sighting struct {
	section uint64
	epoch   uint64 // the previous one
}

// note records the position of the task at the end of an epoch.
func (l *loop) note(p position, epoch uint64) {
	if p.inside && p.section > l.began && l.seen.section != p.section {
		l.seen = sighting{p.section, epoch}
	}
	if p.locked && (p.section > l.began || !l.reader.locked) && l.held.section != p.section {
		l.held = sighting{p.section, epoch}
	}
}

// beginEpoch starts a new epoch: it separates earlier sections from later ones.
func (k *kernel) beginEpoch() uint64 {
	for _, c := range k.cpus {
		if c.at == k.now || c.cur == nil || c.cur.loop == nil {
			continue
		}
		if d, _ := k.progressUntilNow(c); d > 0 {
			l := c.cur.loop
			l.note(l.after(d), k.epoch)
		}
	}
	k.epoch++
	return k.epoch
}

// beganIn is the epoch in which a section began. The section is the one at the task's
// last update or at a computed position.
func (l *loop) beganIn(section uint64) uint64 {
	if l.seen.section == section {
		return l.seen.epoch
	}
	return l.k.epoch
}

// lockedIn is the epoch of the section's increment.
func (l *loop) lockedIn(section uint64) uint64 {
	if l.held.section == section {
		return l.held.epoch
	}
	return l.k.epoch
}

// predates reports whether the task is in an SRCU section whose counter was
// incremented before an epoch.
func (l *loop) predates(epoch uint64) bool {
	p := l.k.positionOf(l)
	if !p.locked {
		return false
	}
	if p.section == l.began && l.reader.locked {
		return l.reader.epoch < epoch
	}
	return l.lockedIn(p.section) < epoch
}

// predatesRCU reports whether the task is in a section of vanilla RCU that began
// before an epoch.
func (l *loop) predatesRCU(epoch uint64) bool {
	if !l.rcu {
		return false
	}
	p := l.k.positionOf(l)
	if !p.inside {
		return false
	}
	if p.section == l.began {
		return l.epoch < epoch
	}
	return l.beganIn(p.section) < epoch
}

// holding is the object that the task's current section found attached to its
// tracepoint. Attachments change only when all tasks are up to date.
func (l *loop) holding() *lists {
	p, r := l.k.positionOf(l), l.reader
	switch {
	case !p.locked:
		return nil
	case p.section == l.began && (r.locked || r.early):
		return r.holds
	case r.tp != nil:
		return r.tp.lists
	}
	return nil
}
