package kernel

import "github.com/gpstorm/gpstorm/workload"

// This file is when a source is due again. A counter needs nothing: it counts
// execution, and its period begins anew when its sample does.

// counts reports whether the source is a counter of execution time.
func (s *source) counts() bool { return s.nmi && s.rearm == workload.RearmDefault }

// gap is how long an NMI source lets its CPU execute from now on.
func (s *source) gap(now ns) ns {
	if s.counts() {
		return s.left
	}
	return max(0, s.next-now)
}

// rearmNMI lets a latched NMI source go on when its handler ends: what came
// meanwhile is taken once, after the few instructions that fit between two NMIs.
func (c *cpu) rearmNMI(s *source) {
	if s.counts() {
		return
	}
	s.next = s.latched(c.at)
	if s.next <= c.at {
		s.next = c.at + nmiGap
	}
}

// rearmHR lets an hrtimer or a device go on when its handler ends.
func (c *cpu) rearmHR(s *source) {
	switch {
	case s.rearm == workload.RearmEnd:
		s.next = c.at + s.period
	case s.device:
		s.next = s.latched(c.at)
	default:
		s.next += ((c.at-s.next)/s.period + 1) * s.period
	}
}

// latched is the last point of the grid since the interrupt that began was due, or
// the next one if there was none.
func (s *source) latched(now ns) ns {
	s.grid += max(1, (now-s.grid)/s.period) * s.period
	return s.grid
}
