package klog

import (
	"fmt"
	"strings"
)

// LocksShown is the line above the list of all locks (kernel/locking/lockdep.c,
// debug_show_all_locks).
type LocksShown struct{}

const locksShown = "Showing all locks held in the system:"

func (*LocksShown) appendTo(b []byte, _ *Text) []byte { return append(b, locksShown...) }

// LocksHeld is the line above the locks of one task (lockdep_print_held_locks). The
// list includes a lock that the task waits for; a running task has no list.
type LocksHeld struct {
	Count int
	Task  Owner
}

func (l *LocksHeld) appendTo(b []byte, _ *Text) []byte {
	plural := "s"
	if l.Count == 1 {
		plural = ""
	}
	return fmt.Appendf(b, "%d lock%s held by %s/%d:", l.Count, plural, comm(l.Task.Comm), l.Task.PID)
}

// locksAhead reports whether text is such a line, and not another one that begins
// with a number.
func locksAhead(text string) bool {
	text = strings.TrimLeft(text, "0123456789")
	s := scan(text)
	return s.word(" lock held by ") || s.word(" locks held by ")
}

func (s *scanner) locksHeld() *LocksHeld {
	l := LocksHeld{Count: s.small()}
	s.failIf(l.Count <= 0)
	if l.Count == 1 {
		s.need(" lock held by ")
	} else {
		s.need(" locks held by ")
	}
	name, pid, ok := cutLast(s.remainder(), "/")
	n := scan(pid)
	l.Task = Owner{name, n.small()}
	n.need(":")
	s.failIf(!ok || !n.end() || len(name) > commLen)
	return &l
}

// HeldLock is one lock of such a list (print_lock).
type HeldLock struct {
	Index   int
	Address uint64
	Name    string // of the lock's class: "event_mutex"
	Usage   string // between the first braces
	Types   string // between the second
	At      Frame  // position of the acquisition
}

func (l *HeldLock) appendTo(b []byte, t *Text) []byte {
	b = fmt.Appendf(b, " #%d: %016x (%s){%s}-{%s}, at:", l.Index, l.Address, l.Name, l.Usage, l.Types)
	return l.At.appendTo(b, t)
}

// heldLock reads the text after "#".
func (s *scanner) heldLock() *HeldLock {
	var l HeldLock
	l.Index = s.small()
	s.need(": ")
	l.Address = s.hex(16)
	s.need(" (")
	if !s.ok {
		return nil
	}
	// The name may contain parentheses and braces.
	before, at, found := strings.Cut(s.remainder(), "}, at: ")
	before, types, foundTypes := cutLast(before, "}-{")
	name, usage, foundUsage := cutLast(before, "){")
	l.Name, l.Usage, l.Types = name, usage, types
	frame, ok := parseFrame(at)
	l.At = frame
	s.failIf(!found || !foundTypes || !foundUsage || !ok || strings.Trim(name, blanks) != name)
	return &l
}
