package repro

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gpstorm/gpstorm/klog"
)

func (c *collector) blocker(s *stream, e *entry, l *klog.Blocker) {
	b := &Blocker{Where: e.where(), Lock: strings.TrimPrefix(strings.TrimPrefix(string(l.Lock), "an "), "a ")}
	if l.Owner != nil {
		b.Comm, b.PID = name(l.Owner.Comm), l.Owner.PID
	}
	// The line follows its report, possibly after a few others.
	const near = 20
	recent := c.facts.Hung[max(0, len(c.facts.Hung)-near):]
	i := len(recent) - 1
	for i >= 0 && (recent[i].Task.PID != l.Task.PID || recent[i].Blocker != nil) {
		i--
	}
	if i >= 0 {
		recent[i].Blocker = b
	} else { // the begin of the report is missing
		c.facts.Hung = append(c.facts.Hung, &Hung{Where: e.where(), Blocker: b, Task: &Task{Where: e.where(), Comm: c.name(l.Task.Comm), PID: l.Task.PID}})
	}
	// The owner's stack may follow.
	s.hung, s.task = nil, nil
}

func (c *collector) stallEnd(s *stream, e *entry, l *klog.StallEnd) {
	st := c.opened(s, e, func(st *Stall) bool { return st.Self == l.Self })
	st.End, st.T, st.G, st.Q, st.NCPUs = e.line, l.Jiffies, l.GP, l.Queued, l.NCPUs
	if !l.Self {
		st.By = &l.By
	}
	for i, o := range s.stalls {
		if o == st {
			s.stalls = append(s.stalls[:i], s.stalls[i+1:]...)
			break
		}
	}
}

// mark is a letter that a kernel prints for a fact, and the fact in words.
type mark struct {
	set    bool
	letter string
	text   string
}

// marked returns the letters and the meanings of the marks that are set. unset stands for
// each mark that is not set.
func marked(unset string, marks ...mark) (letters string, meaning []string) {
	for _, m := range marks {
		if !m.set {
			letters += unset
			continue
		}
		letters += m.letter
		meaning = append(meaning, m.text)
	}
	return letters, meaning
}

// cpuMark converts the letters of a CPU in an expedited stall.
func cpuMark(l *klog.ExpCPU) CPUMark {
	m := CPUMark{CPU: l.CPU, unasked: l.NeedQS}
	m.Letters, m.Meaning = marked(".",
		mark{l.Offline, "O", "offline"},
		mark{l.NotNow, "o", "came online after the grace period began"},
		mark{l.NotNext, "N", "not known to expedited grace periods yet"},
		mark{l.NeedQS, "D", "it has not taken the interrupt of the grace period"},
	)
	return m
}

// maxOpen limits the stalls that wait for their ends: a log that was cut has no
// ends.
const maxOpen = 8

// opened returns an open or a new stall: the first line of a report may be missing.
func (c *collector) opened(s *stream, e *entry, fits func(*Stall) bool) *Stall {
	if st := s.open(fits); st != nil {
		return st
	}
	st := &Stall{Where: e.where(), boot: e.clock == sinceBoot}
	c.facts.Stalls = append(c.facts.Stalls, st)
	s.stalls = append(s.stalls, st)
	return st
}

// open returns the oldest stall without an end that fits, or else the newest one.
// Two CPUs may print their reports at once.
func (s *stream) open(fits func(*Stall) bool) *Stall {
	if len(s.stalls) > maxOpen {
		s.stalls = s.stalls[len(s.stalls)-maxOpen:]
	}
	for _, st := range s.stalls {
		if fits(st) {
			return st
		}
	}
	if len(s.stalls) == 0 {
		return nil
	}
	return s.stalls[len(s.stalls)-1]
}

// closeBefore gives up the ends of stalls that are long past when a report of the same
// kind begins: RCU makes one report at a time.
func (s *stream) closeBefore(next *Stall) {
	s.stalls = slices.DeleteFunc(s.stalls, func(o *Stall) bool {
		if o.Flavor != next.Flavor || o.Self != next.Self {
			return false
		}
		if o.At != nil && next.At != nil && o.boot == next.boot {
			return *next.At-*o.At > 5
		}
		return len(o.CPUs)+len(o.Tasks) > 0 || next.Line-o.Line > 100
	})
}

// lastCPU returns the CPU of the last stall line.
func (s *stream) lastCPU() *StalledCPU {
	if st := s.open(func(st *Stall) bool { return len(st.CPUs) > 0 }); st != nil && len(st.CPUs) > 0 {
		return &st.CPUs[len(st.CPUs)-1]
	}
	return nil
}

func (f *Facts) lastStall() *Stall {
	if len(f.Stalls) == 0 {
		return nil
	}
	return f.Stalls[len(f.Stalls)-1]
}

func stalledCPU(e *entry, l *klog.StalledCPU) StalledCPU {
	c := StalledCPU{Line: e.line, CPU: l.CPU, FQS: l.FQS, Softirqs: l.SoftirqNow - l.SoftirqThen, False: l.FalsePositive,
		Idle: l.Nesting == 0 && l.NMINesting == 0, RCUC: l.RCUC, probe: l.Probe, nesting: l.Nesting}
	text := klog.Format(l, klog.Text{Prefix: klog.PrefixNone})
	_, rest, _ := strings.Cut(text, "-")
	c.Letters, _, _ = strings.Cut(rest, ":")
	_, c.Meaning = marked("",
		mark{l.Offline, "", "offline"},
		mark{l.NotNow, "", "not among the CPUs of this grace period"},
		mark{l.NotNext, "", "not among the CPUs of the next"},
		mark{l.Probe.Sent && l.Probe.Answered, "", "it answered an interrupt in this grace period"},
		mark{l.Probe.Sent && !l.Probe.Answered, "", "it has not answered the interrupt that was sent to it"},
		mark{!l.Probe.Sent && !l.Probe.Missing, "", "no interrupt was sent to it yet"},
	)
	if l.Behind > 0 {
		c.Behind = &l.Behind
	} else {
		c.Ticks = &l.Ticks
	}
	return c
}

func stalledTask(e *entry, m *klog.TaskMark) StalledTask {
	t := StalledTask{Line: e.line, PID: m.PID, Running: m.OnCPU || m.Running, Nesting: m.Nesting}
	if m.OnCPU {
		t.Meaning = []string{"it was running: a stack printed for it is an old one"}
		return t
	}
	t.Letters, t.Meaning = marked("",
		mark{m.Blocked, "b", "preempted inside the reader"},
		mark{m.NeedQS, "q", "asked to report"},
		mark{m.ExpHint, "e", "an expedited grace period waits for it"},
		mark{m.OnList, "l", "on the node's list of blocked tasks"},
		mark{m.Running, "R", "running"},
		mark{m.Boosted == 'B', "B", "boosted"},
	)
	return t
}

// holdout converts the line of a holdout.
func holdout(e *entry, l klog.Line) Holdout {
	h := Holdout{Line: e.line}
	say := func(set bool, format string, args ...any) {
		if set {
			h.Meaning = append(h.Meaning, fmt.Sprintf(format, args...))
		}
	}
	switch l := l.(type) {
	case *klog.TasksHoldout:
		h.CPU = &l.CPU
		if l.Now >= l.Then {
			n := l.Now - l.Then
			h.Switches = &n
		}
		say(l.Idle, "it is an idle task")
		say(l.NoHzFull, "its CPU runs without ticks (nohz_full)")
		say(l.IdleCPU >= 0, "it was in user mode without ticks on CPU %d", l.IdleCPU)
	case *klog.TraceHoldout:
		h.PID, h.Nesting = l.PID, l.Nesting
		if l.Rest {
			h.CPU = &l.CPU
		}
		letters := l.Letters
		say(!l.Rest, "it ran and could not be looked at")
		say(strings.Contains(letters, "I"), "an interrupt that asks it is on its way")
		say(strings.Contains(letters, "i"), "it is an idle task")
		say(strings.Contains(letters, "N"), "its CPU runs without ticks (nohz_full)")
		say(strings.Contains(letters, "B"), "it blocked inside a reader")
		say(strings.HasPrefix(l.Need, "N"), "it has to report the end of its reader")
		say(l.Offline, "its CPU is offline")
	}
	return h
}
