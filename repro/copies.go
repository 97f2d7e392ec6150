package repro

import (
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"time"
)

// Copies counts what a log contains more than once: each line twice, as with two
// consoles, or the same reports from two sources, as dmesg and the journal.
type Copies struct {
	// Reports are repeated reports, from this line on.
	Reports int `json:"reports,omitempty"`
	Line    int `json:"line,omitempty"`
	// Lines are lines that repeat the line before.
	Lines int `json:"lines,omitempty"`
}

// twice finds a log with each line twice: the head of a report that follows itself is
// a copy, and so are the lines after it that do.
type twice struct {
	last    entry
	dropped bool // the last entry was a copy
	on      bool
}

// heads begin reports that no kernel prints twice in a row.
var heads = []string{"INFO: task ", "rcu: INFO: ", "INFO: rcu", "watchdog: BUG: ", "Showing all locks held "}

func isHead(text string) bool {
	text = strings.TrimLeft(text, " \t")
	return slices.ContainsFunc(heads, func(h string) bool { return strings.HasPrefix(text, h) })
}

// copied reports whether an entry is a copy of the one before.
func (t *twice) copied(e *entry) bool {
	same := !t.dropped && e.text == t.last.text && e.line != t.last.line && strings.Trim(e.text, " \t") != ""
	switch {
	case e.clock != t.last.clock: // a console and a journal, line by line
		same = same && e.clock != noClock && t.last.clock != noClock
	case e.clock == ofDay:
		same = same && (e.at-t.last.at).Abs() <= time.Second
	default:
		same = same && e.at == t.last.at
	}
	switch {
	case same && isHead(e.text):
		t.on = true
	case t.on && !same && !t.dropped && isHead(t.last.text):
		t.on = false
	}
	t.dropped = same && t.on
	t.last = *e
	return t.dropped
}

// copies finds equal facts. Times of one clock tell them apart; a report with the same
// numbers and another clock is from another copy of the log.
type copies struct {
	seen   map[moment]bool
	clocks map[uint64]uint8 // by content: the clocks of the facts
}

// moment is a fact and its time: in microseconds since boot or in seconds of the day.
type moment struct {
	content uint64 // a hash
	clock   clock
	at      int64
}

// first reports whether no fact of that content and time was there before. If strong, the
// content does not come again by itself, as it does in a line about a slow interrupt.
func (c *copies) first(text string, w *Where, strong bool) bool {
	h := fnv.New64a()
	h.Write([]byte(text)) // cannot fail
	m := moment{content: h.Sum64(), clock: w.clock}
	others := c.clocks[m.content]
	c.clocks[m.content] |= 1 << w.clock
	if strong && others&^(1<<w.clock) != 0 {
		return false
	}
	around := []int64{0}
	switch w.clock {
	case noClock:
		return !strong || others == 0
	case sinceBoot:
		m.at = int64(math.Round(*w.At * 1e6))
	case ofDay:
		m.at, around = int64(*w.At), []int64{0, -1, 1}
	}
	again := false
	for _, off := range around {
		near := m
		near.at += off
		again = again || c.seen[near]
	}
	c.seen[m] = true
	return !again
}

// once removes the copies of facts.
func once[F any](facts []*F, where func(*F) *Where, content func(*F) string, strong bool, copied *Copies) []*F {
	seen := copies{map[moment]bool{}, map[uint64]uint8{}}
	return slices.DeleteFunc(facts, func(x *F) bool {
		if w := where(x); !seen.first(content(x), w, strong) {
			if copied.Reports++; copied.Line == 0 || w.Line < copied.Line {
				copied.Line = w.Line
			}
			return true
		}
		return false
	})
}

// countOnce removes the facts of further copies of the log.
func (f *Facts) countOnce() {
	c := &f.Copies
	f.Hung = once(f.Hung, func(h *Hung) *Where { return &h.Where }, func(h *Hung) string {
		return fmt.Sprint(h.Task.Comm, h.Task.PID, h.Seconds, h.Task.Stack.Names())
	}, true, c)
	f.Stalls = once(f.Stalls, func(s *Stall) *Where { return &s.Where }, func(s *Stall) string {
		text := fmt.Sprint(s.Flavor, s.Self, s.T, s.G, s.Q, len(s.Tasks), s.End > 0)
		for _, p := range s.CPUs {
			text += fmt.Sprint(" ", p.CPU, p.FQS, p.Softirqs)
		}
		if s.End == 0 && len(s.CPUs) == 0 {
			text += fmt.Sprint(s.Line) // it has no number that tells it
		}
		return text
	}, true, c)
	f.Expedited = once(f.Expedited, func(x *Expedited) *Where { return &x.Where }, func(x *Expedited) string { return fmt.Sprint(x.T, x.Seq, x.CPUs, x.Tasks) }, true, c)
	f.Starved = once(f.Starved, func(s *Starved) *Where { return &s.Where }, func(s *Starved) string { return fmt.Sprint(s.Flavor, s.Jiffies, s.g) }, true, c)
	f.Timers = once(f.Timers, func(t *Timer) *Where { return &t.Where }, func(t *Timer) string { return fmt.Sprint(t.Flavor, t.Jiffies, t.g) }, true, c)
	f.RCUTasks = once(f.RCUTasks, func(r *RCUTasks) *Where { return &r.Where }, func(r *RCUTasks) string {
		return fmt.Sprint(r.Flavor, r.Number, r.Jiffies, r.Stall, len(r.Holdouts))
	}, true, c)
	// Lines without such numbers are copies if the log has others, or at the same time.
	where, content := func(l *Lockup) *Where { return &l.Where }, func(l *Lockup) string { return fmt.Sprint(l.Kind, l.CPUs, l.Nice, l.Seconds, l.Comm, l.PID) }
	var pools, cpus []*Lockup
	for _, l := range f.Lockups {
		if l.Kind == "workqueue" {
			pools = append(pools, l)
		} else {
			cpus = append(cpus, l)
		}
	}
	pools = once(pools, where, content, true, c) // their time grows
	f.Lockups = append(pools, once(cpus, where, content, c.Reports+c.Lines > 0, c)...)
	slices.SortStableFunc(f.Lockups, func(a, b *Lockup) int { return a.Line - b.Line })
	f.Slow = once(f.Slow, func(s *Slow) *Where { return &s.Where }, func(s *Slow) string { return fmt.Sprint(s.Kind, s.Took, s.Rate) }, c.Reports+c.Lines > 0, c)
	if c.Reports == 0 {
		return
	}
	var more Copies // tasks and CPUs are parts of reports
	f.Tasks = once(f.Tasks, func(t *Task) *Where { return &t.Where }, func(t *Task) string { return fmt.Sprint(t.Comm, t.PID, t.State, t.Stack.Names()) }, true, &more)
	f.Running = once(f.Running, func(r *Running) *Where { return &r.Where }, func(r *Running) string { return fmt.Sprint(r.CPU, r.PID, r.At, r.Stack.Names()) }, true, &more)
	f.Locks = once(f.Locks, func(l *Locks) *Where { return &l.Where }, func(l *Locks) string { return fmt.Sprint(l.PID, l.Count, len(l.Locks)) }, true, &more)
}
