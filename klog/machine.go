package klog

import (
	"fmt"
	"time"
)

// Throttle reports that perf lowers its sample rate because samples take too long
// (kernel/events/core.c, perf_sample_event_took). Times are printed in nanoseconds.
type Throttle struct {
	Average time.Duration // decayed average of one sample
	Allowed time.Duration // the previous limit
	Rate    int           // the new kernel.perf_event_max_sample_rate
}

// Lines returns the line.
func (t *Throttle) Lines() []string { return Lines(t, Text{}) }

func (t *Throttle) print(p *printer) { p.line(t) }

func (t *Throttle) appendTo(b []byte, _ *Text) []byte {
	return fmt.Appendf(b, "perf: interrupt took too long (%d > %d), lowering kernel.perf_event_max_sample_rate to %d",
		t.Average.Nanoseconds(), t.Allowed.Nanoseconds(), t.Rate)
}

func (s *scanner) throttle() *Throttle {
	var t Throttle
	t.Average = time.Duration(s.int())
	s.need(" > ")
	t.Allowed = time.Duration(s.int())
	s.need("), lowering kernel.perf_event_max_sample_rate to ")
	t.Rate = s.small()
	return &t
}

// HRTimer reports a timer interrupt that kept finding expired timers and has given
// up for a while (kernel/time/hrtimer.c, hrtimer_interrupt). It is printed once.
type HRTimer struct {
	Took time.Duration // the whole interrupt
}

// Lines returns the line.
func (h *HRTimer) Lines() []string { return Lines(h, Text{}) }

func (h *HRTimer) print(p *printer) { p.line(h) }

func (h *HRTimer) appendTo(b []byte, _ *Text) []byte {
	return fmt.Appendf(b, "hrtimer: interrupt took %d ns", h.Took.Nanoseconds())
}

func (s *scanner) hrtimer() *HRTimer {
	h := HRTimer{time.Duration(s.int())}
	s.need(" ns")
	return &h
}

// NMITooLong reports an NMI handler that took longer than all before it, and more
// than a millisecond (arch/x86/kernel/nmi.c, nmi_check_duration). The time is
// printed in whole microseconds.
type NMITooLong struct {
	Handler string // for example perf_event_nmi_handler
	Took    time.Duration
}

// Lines returns the line.
func (n *NMITooLong) Lines() []string { return Lines(n, Text{}) }

func (n *NMITooLong) print(p *printer) { p.line(n) }

func (n *NMITooLong) appendTo(b []byte, _ *Text) []byte {
	us := n.Took.Microseconds()
	return fmt.Appendf(b, "INFO: NMI handler (%s) took too long to run: %d.%03d msecs", n.Handler, us/1000, us%1000)
}

func (s *scanner) nmiTooLong() *NMITooLong {
	n := NMITooLong{Handler: s.until(")")}
	s.need(" took too long to run: ")
	ms := s.uint()
	s.need(".")
	digits := s.while(isDigit)
	s.failIf(len(digits) != 3 || ms > uint64(maxDuration/time.Millisecond)-1)
	if !s.ok {
		return nil
	}
	us := time.Duration(digits[0]-'0')*100 + time.Duration(digits[1]-'0')*10 + time.Duration(digits[2]-'0')
	n.Took = time.Duration(ms)*time.Millisecond + us*time.Microsecond
	s.need(" msecs")
	return &n
}

// Lockup reports a worker pool with pending work and no progress
// (kernel/workqueue.c, wq_watchdog_timer_fn and pr_cont_pool_info).
type Lockup struct {
	CPUs  string // a list of CPUs: "1", or "0-3" for an unbound pool
	Node  int    // -1: an unbound pool without a node, until 6.5
	Flags uint32
	Nice  int
	Stuck time.Duration // printed in whole seconds
}

// Lines returns the line.
func (l *Lockup) Lines() []string { return Lines(l, Text{}) }

func (l *Lockup) print(p *printer) { p.line(l) }

func (l *Lockup) appendTo(b []byte, _ *Text) []byte {
	b = fmt.Appendf(b, "BUG: workqueue lockup - pool cpus=%s", l.CPUs)
	if l.Node >= 0 {
		b = fmt.Appendf(b, " node=%d", l.Node)
	}
	return fmt.Appendf(b, " flags=0x%x nice=%d stuck for %ds!", l.Flags, l.Nice, int64(l.Stuck/time.Second))
}

func (s *scanner) lockup() *Lockup {
	l := Lockup{Node: -1}
	l.CPUs = s.while(func(c byte) bool { return isDigit(c) || c == '-' || c == ',' })
	if s.word(" node=") {
		l.Node = s.small()
		s.failIf(l.Node < 0)
	}
	s.need(" flags=0x")
	l.Flags = s.hex32(1)
	s.need(" nice=")
	l.Nice = s.small()
	s.need(" stuck for ")
	l.Stuck = s.seconds()
	s.need("s!")
	return &l
}

// seconds reads whole seconds.
func (s *scanner) seconds() time.Duration {
	n := s.uint()
	if n > uint64(maxDuration/time.Second) {
		s.fail()
		return 0
	}
	return time.Duration(n) * time.Second
}
