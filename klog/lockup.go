package klog

import (
	"fmt"
	"time"
)

// SoftLockup reports a CPU that has not run its watchdog's thread for long
// (kernel/watchdog.c, watchdog_timer_fn). Times are printed in whole seconds.
type SoftLockup struct {
	NMI   bool // "NMI watchdog", until 4.x
	CPU   int
	Stuck time.Duration
	Task  Owner // the running task
}

func (l *SoftLockup) appendTo(b []byte, _ *Text) []byte {
	b = fmt.Appendf(appendWatchdog(b, l.NMI), "BUG: soft lockup - CPU#%d stuck for %ds! [", l.CPU, int64(l.Stuck/time.Second))
	return append(l.Task.append(b), ']')
}

// Lines returns the line.
func (l *SoftLockup) Lines() []string { return Lines(l, Text{}) }

func (l *SoftLockup) print(p *printer) { p.line(l) }

func appendWatchdog(b []byte, nmi bool) []byte {
	if nmi {
		b = append(b, "NMI "...)
	}
	return append(b, "watchdog: "...)
}

// HardLockup reports a CPU that takes no timer interrupts (kernel/watchdog.c,
// watchdog_hardlockup_check).
type HardLockup struct {
	NMI bool
	By  int // the CPU that prints, -1 if the line does not name it
	CPU int
}

func (l *HardLockup) appendTo(b []byte, _ *Text) []byte {
	b = appendWatchdog(b, l.NMI)
	if l.By >= 0 {
		b = fmt.Appendf(b, "CPU%d: ", l.By)
	}
	return fmt.Appendf(b, "Watchdog detected hard LOCKUP on cpu %d", l.CPU)
}

// Lines returns the line.
func (l *HardLockup) Lines() []string { return Lines(l, Text{}) }

func (l *HardLockup) print(p *printer) { p.line(l) }

// watchdog reads the text after "watchdog: ".
func (s *scanner) watchdog(nmi bool) Line {
	if s.word("BUG: soft lockup - CPU#") {
		l := SoftLockup{NMI: nmi}
		l.CPU = s.small()
		s.need(" stuck for ")
		l.Stuck = s.seconds()
		s.need("s! [")
		task, ok := owner(s.bracketed())
		l.Task = task
		s.failIf(!ok)
		return &l
	}
	l := HardLockup{NMI: nmi, By: -1}
	if s.word("CPU") {
		l.By = s.small()
		s.failIf(l.By < 0)
		s.need(": ")
	}
	s.need("Watchdog detected hard LOCKUP on cpu ")
	l.CPU = s.small()
	return &l
}
