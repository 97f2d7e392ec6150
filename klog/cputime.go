package klog

import (
	"fmt"
)

// CPUTimeHead is the heading of a stalled CPU's activity in the second half of the
// timeout, with rcupdate.rcu_cpu_stall_cputime=1 (print_cpu_stat_info, since 6.3).
type CPUTimeHead struct{}

func (*CPUTimeHead) appendTo(b []byte, t *Text) []byte {
	return fmt.Appendf(b, "%v\t         hardirqs   softirqs   csw/system", t.Prefix)
}

// CPUTimeNumber counts interrupts, softirqs and context switches.
type CPUTimeNumber struct{ Hardirqs, Softirqs, Switches int64 }

func (l *CPUTimeNumber) appendTo(b []byte, t *Text) []byte {
	return fmt.Appendf(b, "%v\t number: %8d %10d %12d", t.Prefix, l.Hardirqs, l.Softirqs, l.Switches)
}

// CPUTimeSpent contains the milliseconds spent in them, and the length of the
// interval.
type CPUTimeSpent struct{ Hardirqs, Softirqs, System, Of int64 }

func (l *CPUTimeSpent) appendTo(b []byte, t *Text) []byte {
	return fmt.Appendf(b, "%v\tcputime: %8d %10d %12d   ==> %d(ms)", t.Prefix, l.Hardirqs, l.Softirqs, l.System, l.Of)
}

func (s *scanner) cpuTimeNumber() *CPUTimeNumber {
	var l CPUTimeNumber
	l.Hardirqs, l.Softirqs, l.Switches = s.three()
	return &l
}

func (s *scanner) cpuTimeSpent() *CPUTimeSpent {
	var l CPUTimeSpent
	l.Hardirqs, l.Softirqs, l.System = s.three()
	s.need(" ==> ")
	l.Of = s.int()
	s.need("(ms)")
	return &l
}

// three reads three numbers in columns.
func (s *scanner) three() (a, b, c int64) {
	s.need(" ")
	a = s.int()
	s.need(" ")
	b = s.int()
	s.need(" ")
	return a, b, s.int()
}
