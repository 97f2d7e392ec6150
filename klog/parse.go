package klog

import "strings"

// ParseLine reads one line of a console, without its timestamp. Format(line, text)
// returns the line again. It returns false for lines that this package does not
// write.
func ParseLine(line string) (Line, Text, bool) {
	line = strings.Trim(line, blanks)
	if line == "" {
		return nil, Text{}, false
	}
	if l, t, ok := parseWorded(line); ok {
		return l, t, true
	}
	// Until 5.9 the line of a task starts with the task's name, which is arbitrary.
	if l, t, ok := parseBareTask(line); ok {
		return l, t, true
	}
	return nil, Text{}, false
}

// parseWorded reads a line that contains words of the kernel.
func parseWorded(line string) (Line, Text, bool) {
	switch {
	case strings.HasPrefix(line, "INFO: task "):
		if h, ok := parseHung(line); ok {
			return h, Text{}, true
		}
		b, ok := parseBlocker(line)
		return b, Text{}, ok
	case strings.HasPrefix(line, "task:"):
		return parseTask(line)
	case line[0] == '<':
		c, ok := parseContext(line)
		return &c, Text{}, ok
	}
	s := scan(line)
	if l, t := s.plain(); l != nil {
		return l, t, s.end()
	}
	if f, ok := parseFrame(line); ok {
		return &f, Text{}, true
	}
	prefix := PrefixNone
	if s.word("rcu: ") {
		prefix = PrefixRCU
	}
	l, t := s.rcuLine()
	t.Prefix = prefix
	return l, t, l != nil && s.end()
}

// plain reads the lines that begin with words of their own and are not from
// kernel/rcu. It returns nil for all other lines.
func (s *scanner) plain() (Line, Text) {
	if s.word("Call trace:") {
		return &TraceStart{}, Text{Trace: TraceArm}
	}
	return s.alike(), Text{}
}

// alike reads lines with the same wording in all releases.
func (s *scanner) alike() Line {
	switch {
	case s.word("Not tainted"), s.word("Tainted:"):
		s.at = 0
		d := s.build()
		// Distributions add words: "#1 Debian 6.1.76-1".
		if more := s.remainder(); more != "" {
			d.Version += " " + more
		}
		return &d
	case s.word(hungAdvice):
		return &HungAdvice{}
	case s.word("Workqueue: "):
		return &Workqueue{s.remainder()}
	case s.word("Call Trace:"):
		return &TraceStart{}
	case s.word("CPU: "):
		return s.cpuLine()
	case s.word("RIP: "):
		return s.rip()
	case s.word("NMI backtrace for cpu "):
		return s.nmiBacktrace()
	case s.word("Task dump for CPU "):
		return s.taskDump()
	case s.word("Sending NMI from CPU "):
		return s.sendNMI()
	case s.word("INFO: NMI handler ("):
		return s.nmiTooLong()
	case s.word("perf: interrupt took too long ("):
		return s.throttle()
	case s.word("hrtimer: interrupt took "):
		return s.hrtimer()
	case s.word("BUG: workqueue lockup - pool cpus="):
		return s.lockup()
	case s.word("watchdog: "):
		return s.watchdog(false)
	case s.word("NMI watchdog: "):
		return s.watchdog(true)
	case s.word("rcu_tasks_wait_gp: "):
		return s.tasksAge("rcu_tasks_wait_gp")
	case s.word("tasks_rcu_exit_srcu_stall: "):
		return s.tasksAge("tasks_rcu_exit_srcu_stall")
	case s.word(locksShown):
		return &LocksShown{}
	case s.word("#"):
		return s.heldLock()
	case s.digitAhead() && locksAhead(s.rest()):
		return s.locksHeld()
	case s.word(cutHere):
		return &CutHere{}
	case s.word("WARNING: CPU: "):
		return s.warning()
	case s.word("---[ end trace "):
		return s.endTrace()
	case addressAhead(s.rest()):
		return s.tasksHoldout()
	case pidAhead(s.rest()):
		return s.traceHoldout()
	case s.word("Kicking "):
		l := KickLine{s.flavor()}
		s.need(" grace-period kthread")
		return &l
	}
	return nil
}

// rcuLine reads a line of kernel/rcu after its prefix.
func (s *scanner) rcuLine() (Line, Text) {
	switch {
	case s.word("INFO: "):
		return s.rcuInfo()
	case s.digitAhead():
		return s.stalledCPU(s.small())
	case s.word("Tasks blocked on level-"):
		return s.stallTasks()
	case s.word("("):
		return s.stallEnd(), Text{}
	case s.word("All QSes seen, last "):
		return s.allSeen(), Text{}
	case s.word("hardirqs softirqs csw/system"):
		return &CPUTimeHead{}, Text{}
	case s.word("number:"):
		return s.cpuTimeNumber(), Text{}
	case s.word("cputime:"):
		return s.cpuTimeSpent(), Text{}
	case s.word("Unless "):
		l := StarvedAdvice{s.flavor()}
		s.need(" kthread gets sufficient CPU time, OOM is now expected behavior.")
		return &l, Text{}
	case s.word(kthreadDump):
		return &KthreadDump{}, Text{}
	case s.word("Possible timer handling issue on cpu="):
		return s.timerCPU(), Text{}
	case s.word("blocking rcu_node structures"):
		return s.expNodes(), Text{}
	}
	return s.kthreadLine(s.flavor())
}

// reader reads a report from its lines. As in scanner, ok stays false after a
// mismatch.
type reader struct {
	lines []string
	at    int
	text  Text
	ok    bool
	// ahead is the parsed line at position at.
	ahead     Line
	aheadText Text
	parsed    int // at plus 1 if ahead is valid
}

func (r *reader) peek() Line {
	if !r.ok || r.at == len(r.lines) {
		return nil
	}
	if r.parsed != r.at+1 {
		l, t, ok := ParseLine(r.lines[r.at])
		if !ok {
			l = nil
		}
		r.ahead, r.aheadText, r.parsed = l, t, r.at+1
	}
	return r.ahead
}

// peek returns the next line if it has type L.
func peek[L Line](r *reader) (L, bool) {
	l, ok := r.peek().(L)
	return l, ok
}

// next reads the next line if it has type L.
func next[L Line](r *reader) (L, bool) {
	l, ok := peek[L](r)
	if ok {
		r.at++
		r.text.merge(&r.aheadText)
	}
	return l, ok
}

// need reads the next line, which must have type L; otherwise it returns nil.
func need[L Line](r *reader) L {
	l, ok := next[L](r)
	r.ok = r.ok && ok
	return l
}

// merge adds the differences shown by another line of the same console.
func (t *Text) merge(o *Text) {
	t.Task = max(t.Task, o.Task)
	t.State = max(t.State, o.State)
	t.Tasks = max(t.Tasks, o.Tasks)
	t.Idle = max(t.Idle, o.Idle)
	t.Exp = max(t.Exp, o.Exp)
	t.Prefix = max(t.Prefix, o.Prefix)
	t.Trace = max(t.Trace, o.Trace)
}

// Parse reads one report from the start of lines and returns the number of its
// lines. Lines(report, text) returns those lines. If no report starts there, or if
// the report is torn, the number is 0.
func Parse(lines []string) (Report, Text, int) {
	r := reader{lines: lines, ok: true}
	var report Report
	switch l := r.peek().(type) {
	case *HungLine:
		report = r.hung()
	case *StallLine:
		report = r.stall()
	case *StallEnded:
		report = need[*StallEnded](&r)
	case *StarvedLine:
		report = r.starved()
	case *TimerLine:
		report = r.timerMissed()
	case *CutHere:
		report = r.kick()
	case *ExpLine:
		report = r.expStall()
	case Report: // reports of one line
		r.at++
		report = l
	default:
		return nil, Text{}, 0
	}
	if !r.ok || !r.prints(report) {
		return nil, Text{}, 0
	}
	return report, r.text, r.at
}

// prints reports whether the report prints the lines from which it was read. It
// does not if the lines are of different releases.
func (r *reader) prints(report Report) bool {
	again := Lines(report, r.text)
	if len(again) != r.at {
		return false
	}
	for i, l := range again {
		if squeeze(l) != squeeze(r.lines[i]) {
			return false
		}
	}
	return true
}

// squeeze reduces each run of blanks to one and removes them at the ends: this
// package ignores these differences.
func squeeze(line string) string {
	return strings.Join(strings.FieldsFunc(line, func(c rune) bool { return c == ' ' || c == '\t' }), " ")
}
