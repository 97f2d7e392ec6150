package klog

import (
	"fmt"
)

// StallEnd is the line that ends the list of a stall report.
type StallEnd struct {
	Self    bool
	By      int
	Jiffies int64
	GP      int64
	Queued  uint64
	NCPUs   int // not printed, and 0, until 5.18
}

func (e *StallEnd) appendTo(b []byte, t *Text) []byte {
	if e.Self {
		b = fmt.Appendf(b, "%v\t(t=%d jiffies g=%d q=%d", t.Prefix, e.Jiffies, e.GP, e.Queued)
	} else {
		b = fmt.Appendf(b, "%v\t(detected by %d, t=%d jiffies, g=%d, q=%d", t.Prefix, e.By, e.Jiffies, e.GP, e.Queued)
	}
	if e.NCPUs != 0 {
		b = fmt.Appendf(b, " ncpus=%d", e.NCPUs)
	}
	return append(b, ')')
}

// stallEnd reads the text after the open parenthesis.
func (s *scanner) stallEnd() *StallEnd {
	e := StallEnd{Self: true}
	comma := ""
	if s.word("detected by ") {
		e.Self, comma = false, ","
		e.By = s.small()
		s.need(", ")
	}
	s.need("t=")
	e.Jiffies = s.int()
	s.need(" jiffies" + comma + " g=")
	e.GP = s.int()
	s.need(comma + " q=")
	e.Queued = s.uint()
	if s.word(" ncpus=") {
		e.NCPUs = s.small()
		s.failIf(e.NCPUs == 0)
	}
	s.need(")")
	return &e
}

// Activity describes the last activity of the grace-period kthread, in jiffies.
type Activity struct {
	Jiffies, Last int64  // the current time, and that of the kthread's last activity
	NextFQS       int64  // jiffies_till_next_fqs
	QSMask        uint64 // of the root node
}

// AllSeen is printed if nothing blocks the grace period and it has not ended
// (print_other_cpu_stall).
type AllSeen struct {
	Flavor string
	Activity
}

func (a *AllSeen) appendTo(b []byte, t *Text) []byte {
	return fmt.Appendf(b, "%vAll QSes seen, last %s kthread activity %d (%d-%d), jiffies_till_next_fqs=%d, root ->qsmask 0x%x",
		t.Prefix, a.Flavor, a.Jiffies-a.Last, a.Jiffies, a.Last, a.NextFQS, a.QSMask)
}

func (s *scanner) allSeen() *AllSeen {
	var a AllSeen
	a.Flavor = s.flavor()
	s.need(" kthread activity ")
	age := s.int()
	s.need(" (")
	a.Jiffies = s.int()
	s.need("-")
	a.Last = s.int()
	s.failIf(age != a.Jiffies-a.Last)
	s.need("), jiffies_till_next_fqs=")
	a.NextFQS = s.int()
	s.need(", root ->qsmask ")
	a.QSMask = s.alternate()
	return &a
}

// StallEnded is printed if the grace period ends during the report.
type StallEnded struct{ When Ended }

// Ended is the place in the report at which that was detected
// (kernel/rcu/tree_stall.h).
type Ended uint8

// The places.
const (
	EndedBeforeDump  Ended = iota // print_other_cpu_stall
	EndedInBacktrace              // rcu_dump_cpu_stacks, since 6.10
	EndedBeforePanic              // since 7.4
)

var endedWords = [...]string{
	EndedBeforeDump:  "Stall ended before state dump start",
	EndedInBacktrace: "Stall ended during stack backtracing.",
	EndedBeforePanic: "Stall ended before panic check",
}

func (e *StallEnded) appendTo(b []byte, t *Text) []byte {
	return fmt.Appendf(b, "%vINFO: %s", t.Prefix, endedWords[e.When])
}

func (e *StallEnded) print(p *printer) { p.line(e) }

// Lines returns the line.
func (e *StallEnded) Lines() []string { return Lines(e, Text{}) }
