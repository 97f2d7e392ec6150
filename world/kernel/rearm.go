package kernel

import "github.com/gpstorm/gpstorm/workload"

// This file computes the next due time of a source. A counter needs none: it counts
// execution, and its period starts anew at the start of its sample.

// counts reports whether the source is a counter of execution time.
func (s *source) counts() bool { return s.nmi && s.rearm == workload.RearmDefault }

// gap is the execution time that an NMI source leaves its CPU from now on.
func (s *source) gap(now ns) ns {
	if s.counts() {
		return s.left
	}
	return max(0, s.next-now)
}

// rearmNMI rearms a latched NMI source at the end of its handler. Interrupts that
// came meanwhile are taken as one, after the few instructions that fit between two
// NMIs.
func (c *cpu) rearmNMI(s *source) {
	if s.counts() {
		return
	}
	s.next = s.latched(c.at)
	if s.next <= c.at {
		s.next = c.at + nmiGap
	}
}

// rearmHR rearms an hrtimer or a device at the end of its handler.
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

// latched is the last point of the grid since the due time of the handled interrupt,
// or the next point if there was none.
func (s *source) latched(now ns) ns {
	s.grid += max(1, (now-s.grid)/s.period) * s.period
	return s.grid
}
