package klog

import "fmt"

// CutHere is the line above a warning or an oops (kernel/panic.c, __warn, and
// include/linux/bug.h).
type CutHere struct{}

const cutHere = "------------[ cut here ]------------"

func (*CutHere) appendTo(b []byte, _ *Text) []byte { return append(b, cutHere...) }

// Warning is the line with the place of a warning (kernel/panic.c, __warn).
type Warning struct {
	CPU, PID int
	At       Frame
}

func (w *Warning) appendTo(b []byte, t *Text) []byte {
	return w.At.appendTo(fmt.Appendf(b, "WARNING: CPU: %d PID: %d at", w.CPU, w.PID), t)
}

func (s *scanner) warning() *Warning {
	var w Warning
	w.CPU = s.small()
	s.need(" PID: ")
	w.PID = s.small()
	s.need(" at ")
	if s.ok {
		at, ok := parseFrame(s.rest())
		w.At, s.at = at, len(s.text)
		s.failIf(!ok)
	}
	return &w
}

// EndTrace is the line below a warning or an oops (kernel/panic.c,
// print_oops_end_marker).
type EndTrace struct{ ID uint64 }

func (e *EndTrace) appendTo(b []byte, _ *Text) []byte {
	return fmt.Appendf(b, "---[ end trace %016x ]---", e.ID)
}

func (s *scanner) endTrace() *EndTrace {
	e := EndTrace{s.hex(16)}
	s.need(" ]---")
	return &e
}
