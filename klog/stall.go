package klog

import (
	"fmt"
	"strings"
)

// Stall is one report of RCU's stall detector (kernel/rcu/tree_stall.h):
// print_other_cpu_stall(), or print_cpu_stall() if Self is set.
type Stall struct {
	Flavor string // "rcu_preempt", or "rcu_sched" without preemption
	Self   bool   // the detecting CPU itself owes a quiescent state
	By     int    // the detecting CPU; not printed if Self
	// Jiffies is the age of the grace period, GP its sequence number,
	// Queued how many callbacks wait, NCPUs how many CPUs are online.
	Jiffies int64
	GP      int64
	Queued  uint64
	NCPUs   int
	// CPUs owe a quiescent state, Tasks were preempted inside readers and
	// block the leaf node that covers CPUs Low to High.
	CPUs      []StalledCPU
	Tasks     []BlockedTask
	Low, High int
	// Activity is printed if nothing blocks the grace period any more.
	Activity Activity
	// Backtraces are of the CPUs that owe a quiescent state.
	Backtraces []Backtrace
}

// maxTasks is how many blocked tasks the kernel lists per leaf node.
const maxTasks = 8

// Lines returns the report, the stacks of the tasks that block included.
func (s *Stall) Lines() []string { return Lines(s, Text{}) }

func (s *Stall) print(p *printer) {
	p.line(&StallLine{Flavor: s.Flavor, Self: s.Self})
	for i := range s.CPUs {
		p.line(&s.CPUs[i])
	}
	var listed []BlockedTask
	if !s.Self {
		listed = s.Tasks[:min(len(s.Tasks), maxTasks)]
	}
	if len(listed) > 0 {
		node := StallTasks{Low: s.Low, High: s.High}
		for i := range listed {
			node.Tasks = append(node.Tasks, listed[i].mark())
		}
		p.line(&node)
	}
	p.line(&StallEnd{Self: s.Self, By: s.By, Jiffies: s.Jiffies, GP: s.GP, Queued: s.Queued, NCPUs: s.NCPUs})
	for i := range s.Backtraces {
		s.Backtraces[i].print(p)
	}
	for i := range listed {
		listed[i].Task.print(p)
	}
	if !s.Self && len(s.CPUs) == 0 && len(listed) == 0 {
		p.line(&AllSeen{Flavor: s.Flavor, Activity: s.Activity})
	}
}

func (r *reader) stall() *Stall {
	first := need[*StallLine](r)
	if !r.ok {
		return nil
	}
	s := Stall{Flavor: first.Flavor, Self: first.Self}
	for {
		c, ok := next[*StalledCPU](r)
		if !ok {
			break
		}
		s.CPUs = append(s.CPUs, *c)
	}
	node, preempted := next[*StallTasks](r)
	end := need[*StallEnd](r)
	if !r.ok || end.Self != s.Self || preempted && (s.Self || node.Level != 0 || len(node.Tasks) > maxTasks) {
		r.ok = false
		return nil
	}
	s.By, s.Jiffies, s.GP, s.Queued, s.NCPUs = end.By, end.Jiffies, end.GP, end.Queued, end.NCPUs
	for r.ok && r.backtraceAhead() {
		s.Backtraces = append(s.Backtraces, *r.backtrace())
	}
	if preempted {
		s.Low, s.High = node.Low, node.High
		for _, m := range node.Tasks {
			t := BlockedTask{r.task(), m.OnCPU, m.Nesting, m.Blocked, m.NeedQS, m.ExpHint, m.OnList, m.Running, m.Boosted}
			if t.Task.PID != m.PID {
				r.ok = false
			}
			s.Tasks = append(s.Tasks, t)
		}
	}
	if !s.Self && len(s.CPUs) == 0 && !preempted {
		if a := need[*AllSeen](r); r.ok && a.Flavor == s.Flavor {
			s.Activity = a.Activity
		} else {
			r.ok = false
		}
	}
	return &s
}

// StallLine is the first line of a stall report.
type StallLine struct {
	Flavor string
	Self   bool
}

func (l *StallLine) appendTo(b []byte, t *Text) []byte {
	words := "detected stalls on CPUs/tasks:"
	if l.Self {
		words = "self-detected stall on CPU"
	}
	return fmt.Appendf(b, "%vINFO: %s %s", t.Prefix, l.Flavor, words)
}

// flavor reads the name of an RCU flavour.
func (s *scanner) flavor() string {
	return s.while(func(c byte) bool { return 'a' <= c && c <= 'z' || c == '_' })
}

// rcuInfo reads what follows "INFO: " in lines of kernel/rcu.
func (s *scanner) rcuInfo() (Line, Text) {
	for when, words := range endedWords {
		if s.word(words) {
			return &StallEnded{Ended(when)}, Text{}
		}
	}
	flavor := s.flavor()
	switch {
	case s.word(" self-detected stall on CPU"):
		return &StallLine{Flavor: flavor, Self: true}, Text{}
	case s.word(" detected stalls on CPUs/tasks:"):
		return &StallLine{Flavor: flavor}, Text{}
	case s.word(" detected stalls on tasks:"):
		return &TasksStall{Flavor: flavor}, Text{}
	case s.word(" detected expedited stalls on CPUs/tasks: {"):
		return s.expedited(flavor)
	}
	s.fail()
	return nil, Text{}
}

// StalledCPU is one CPU that owes a quiescent state (print_cpu_stall_info).
type StalledCPU struct {
	CPU     int
	Offline bool
	NotNow  bool // not in this grace period's mask of online CPUs
	NotNext bool // not in the next one's
	// Probe is the half-time irq_work probe: Unanswered is how many grace
	// periods it has been waiting, if Sent and not Answered.
	Probe Probe
	// Ticks is how many ticks the CPU took in this grace period, if the CPU
	// has noticed it; Behind how many grace periods it has missed otherwise.
	Ticks  uint64
	Behind uint64
	// Dynticks is the low half of the context-tracking counter, Nesting
	// and NMINesting the task-level and irq-level nesting counts.
	Dynticks   uint16
	Nesting    int64
	NMINesting uint64
	// SoftirqThen and SoftirqNow count RCU softirqs at the start of the
	// grace period and now; FQS the force-quiescent-state passes.
	SoftirqThen, SoftirqNow uint64
	FQS                     int64
	// FastNoHZ is what CONFIG_RCU_FAST_NO_HZ added until 5.16, as printed.
	FastNoHZ string
	// RCUC is how long the CPU's rcuc kthread has starved, in jiffies; nil
	// if it has not (since 5.18, with CPU kthreads for callbacks).
	RCUC *int64
	// FalsePositive: the grace-period kthread starves and the CPU is idle, so
	// the CPU may owe nothing.
	FalsePositive bool
}

func (c *StalledCPU) appendTo(b []byte, t *Text) []byte {
	age, unit := c.Ticks, "ticks this GP"
	if c.Behind > 0 {
		age, unit = c.Behind, "GPs behind"
	}
	b = fmt.Appendf(b, "%v\t%d-%c%c%c%c: (%d %s) ", t.Prefix, c.CPU,
		letter(c.Offline, 'O'), letter(c.NotNow, 'o'), letter(c.NotNext, 'N'), c.Probe.letter(), age, unit)
	width := 4
	if t.Idle == IdleThree {
		width = 3
	}
	b = fmt.Appendf(b, "idle=%0*x/%d/0x%x softirq=%d/%d fqs=%d",
		width, c.Dynticks, c.Nesting, c.NMINesting, c.SoftirqThen, c.SoftirqNow, c.FQS)
	if c.FastNoHZ != "" {
		b = append(append(b, ' '), c.FastNoHZ...)
	}
	if c.RCUC != nil {
		b = fmt.Appendf(b, " rcuc=%d jiffies(starved)", *c.RCUC)
	}
	if c.FalsePositive {
		b = append(b, " (false positive?)"...)
	}
	return b
}

// stalledCPU reads what follows the CPU's number.
func (s *scanner) stalledCPU(cpu int) (*StalledCPU, Text) {
	c := StalledCPU{CPU: cpu}
	s.need("-")
	c.Offline, c.NotNow, c.NotNext = s.flag('O'), s.flag('o'), s.flag('N')
	c.Probe = s.probe()
	s.need(": (")
	c.Ticks = s.uint()
	switch {
	case s.word(" ticks this GP) "):
	case s.word(" GPs behind) ") && c.Ticks > 0:
		c.Behind, c.Ticks = c.Ticks, 0
	default:
		s.fail()
	}
	s.need("idle=")
	text := Text{}
	digits := s.while(isHex)
	switch len(digits) {
	case 3:
		text.Idle = IdleThree
	case 4:
	default:
		s.fail()
	}
	c.Dynticks = uint16(hexValue(digits))
	s.need("/")
	c.Nesting = s.int()
	s.need("/")
	c.NMINesting = s.alternate()
	s.need(" softirq=")
	c.SoftirqThen = s.uint()
	s.need("/")
	c.SoftirqNow = s.uint()
	s.need(" fqs=")
	c.FQS = s.int()
	if tail := s.remainder(); tail != "" {
		tail, c.FalsePositive = cutTail(tail, "(false positive?)")
		if before, starved := cutTail(tail, "jiffies(starved)"); starved {
			i := strings.LastIndex(before, "rcuc=")
			n := scan(before[max(i, 0):])
			n.need("rcuc=")
			v := n.int()
			s.failIf(!n.end())
			c.RCUC, tail = &v, strings.TrimRight(before[:max(i, 0)], blanks)
		}
		c.FastNoHZ = tail
		s.failIf(tail != "" && !strings.HasPrefix(tail, "last_accelerate: "))
	}
	return &c, text
}

// cutTail takes a last word off, and the blanks before it.
func cutTail(text, tail string) (before string, found bool) {
	before, found = strings.CutSuffix(text, tail)
	return strings.TrimRight(before, blanks), found
}

// Probe is the state of the irq_work that the GP kthread sends a silent CPU at
// half of the stall timeout to see whether it takes interrupts.
type Probe struct {
	Sent       bool
	Answered   bool
	Unanswered int // grace periods, printed up to 9
	// Missing: the kernel has no irq_work (CONFIG_IRQ_WORK).
	Missing bool
}

func (p Probe) letter() byte {
	switch {
	case p.Missing:
		return '?'
	case !p.Sent:
		return '!'
	case p.Answered:
		return '.'
	default:
		return '0' + byte(min(max(p.Unanswered, 0), 9))
	}
}

func (s *scanner) probe() Probe {
	switch c := s.byte("?!.0123456789"); c {
	case '?':
		return Probe{Missing: true}
	case '!', 0:
		return Probe{}
	case '.':
		return Probe{Sent: true, Answered: true}
	default:
		return Probe{Sent: true, Unanswered: int(c - '0')}
	}
}

// BlockedTask is one task preempted inside an RCU reader (rcu_print_task_stall).
type BlockedTask struct {
	Task Task
	// OnCPU: the task was running when it was looked at; then the kernel
	// prints its number alone, and the stack it dumps is an old one.
	OnCPU   bool
	Nesting int  // rcu_read_lock() nesting
	Blocked bool // b: preempted inside the reader
	NeedQS  bool // q
	ExpHint bool // e
	OnList  bool // l: on the node's list of blocked tasks
	// Since 7.4 the kernel inspects running tasks too and prints two more
	// letters. Boosted is 'B', '?' if the lock that lends the priority was
	// taken, or 0.
	Running bool
	Boosted byte
}

func (b *BlockedTask) mark() TaskMark {
	if b.OnCPU {
		return TaskMark{PID: b.Task.PID, OnCPU: true}
	}
	return TaskMark{b.Task.PID, false, b.Nesting, b.Blocked, b.NeedQS, b.ExpHint, b.OnList, b.Running, b.Boosted}
}

// TaskMark is a task in the line of those that block a node; BlockedTask says
// what the letters mean.
type TaskMark struct {
	PID                              int
	OnCPU                            bool
	Nesting                          int
	Blocked, NeedQS, ExpHint, OnList bool
	Running                          bool
	Boosted                          byte
}

func (m *TaskMark) append(b []byte, t *Text) []byte {
	if m.OnCPU {
		return fmt.Appendf(b, " P%d", m.PID)
	}
	b = fmt.Appendf(b, " P%d/%d:%c%c%c%c", m.PID, m.Nesting,
		letter(m.Blocked, 'b'), letter(m.NeedQS, 'q'), letter(m.ExpHint, 'e'), letter(m.OnList, 'l'))
	if t.Tasks == TasksSix {
		boosted := m.Boosted
		if boosted == 0 {
			boosted = '.'
		}
		b = append(b, letter(m.Running, 'R'), boosted)
	}
	return b
}

// taskMark reads what follows " P".
func (s *scanner) taskMark(t *Text) (m TaskMark) {
	m.PID = s.small()
	if !s.word("/") {
		m.OnCPU = true
		return m
	}
	m.Nesting = s.small()
	s.need(":")
	m.Blocked, m.NeedQS, m.ExpHint, m.OnList = s.flag('b'), s.flag('q'), s.flag('e'), s.flag('l')
	if s.ok && s.at < len(s.text) && !isBlank(s.text[s.at]) {
		t.Tasks = TasksSix
		m.Running = s.flag('R')
		if m.Boosted = s.byte("B?."); m.Boosted == '.' {
			m.Boosted = 0
		}
	}
	return m
}

// StallTasks is the line of the tasks that block one leaf node
// (rcu_print_task_stall).
type StallTasks struct {
	Level, Low, High int
	Tasks            []TaskMark
}

func (l *StallTasks) appendTo(b []byte, t *Text) []byte {
	b = fmt.Appendf(b, "%v\tTasks blocked on level-%d rcu_node (CPUs %d-%d):", t.Prefix, l.Level, l.Low, l.High)
	for i := range l.Tasks {
		b = l.Tasks[i].append(b, t)
	}
	return b
}

func (s *scanner) stallTasks() (*StallTasks, Text) {
	var l StallTasks
	var text Text
	l.Level = s.small()
	s.need(" rcu_node (CPUs ")
	l.Low = s.small()
	s.need("-")
	l.High = s.small()
	s.need("):")
	letters := 0
	for s.ok && s.word(" P") {
		before := text.Tasks
		text.Tasks = TasksFour
		m := s.taskMark(&text)
		if !m.OnCPU {
			letters++
			s.failIf(letters > 1 && text.Tasks != before)
		} else {
			text.Tasks = before
		}
		l.Tasks = append(l.Tasks, m)
	}
	return &l, text
}

// StallEnd is the line that ends the list of a stall report.
type StallEnd struct {
	Self    bool
	By      int
	Jiffies int64
	GP      int64
	Queued  uint64
	NCPUs   int // 0 until 5.18, which did not print it
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

// stallEnd reads what follows the open parenthesis.
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

// Activity says what the grace-period kthread did last, in jiffies.
type Activity struct {
	Jiffies, Last int64  // the time now, and of the kthread's last activity
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

// StallEnded is printed when the grace period ended while it was reported.
type StallEnded struct{ When Ended }

// Ended says what the report had come to (kernel/rcu/tree_stall.h).
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

// CPUTimeHead is the heading of what a stalled CPU did in the second half of the
// timeout, with rcupdate.rcu_cpu_stall_cputime=1 (print_cpu_stat_info, since
// 6.3).
type CPUTimeHead struct{}

func (*CPUTimeHead) appendTo(b []byte, t *Text) []byte {
	return fmt.Appendf(b, "%v\t         hardirqs   softirqs   csw/system", t.Prefix)
}

// CPUTimeNumber is how often it did so: interrupts, softirqs, context switches.
type CPUTimeNumber struct{ Hardirqs, Softirqs, Switches int64 }

func (l *CPUTimeNumber) appendTo(b []byte, t *Text) []byte {
	return fmt.Appendf(b, "%v\t number: %8d %10d %12d", t.Prefix, l.Hardirqs, l.Softirqs, l.Switches)
}

// CPUTimeSpent is how many milliseconds that took, and of how many.
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
