package klog

import "fmt"

// ExpStall is a report of an expedited grace period that takes too long
// (kernel/rcu/tree_exp.h, synchronize_rcu_expedited_stall).
type ExpStall struct {
	Flavor  string
	Jiffies int64
	Seq     uint64 // the expedited sequence number
	Tasks   []Task // preempted inside readers
	CPUs    []ExpCPU
	QSMask  uint64 // the root node's expmask
	Nodes   []ExpNode
	// Backtraces are of the CPUs that have not answered.
	Backtraces []Backtrace
}

// ExpCPU is a CPU that has not answered.
type ExpCPU struct {
	CPU     int
	Offline bool // O
	NotNow  bool // o: not in the mask at its start
	NotNext bool // N: not in the mask for the next
	NeedQS  bool // D: the CPU has not reported yet
}

// ExpNode is a node below the root that blocks the grace period.
type ExpNode struct {
	Level, Low, High int
	Mask             uint64
	Tasks            bool
}

// Lines returns the report with the stacks of the blocking tasks.
func (e *ExpStall) Lines() []string { return Lines(e, Text{}) }

func (e *ExpStall) print(p *printer) {
	l := ExpLine{Flavor: e.Flavor, Jiffies: e.Jiffies, Seq: e.Seq, QSMask: e.QSMask, RootTasks: e.rootTasks()}
	for i := range e.Tasks {
		l.Blockers = append(l.Blockers, ExpBlocker{PID: e.Tasks[i].PID})
	}
	for i := range e.CPUs {
		l.Blockers = append(l.Blockers, ExpBlocker{CPU: &e.CPUs[i]})
	}
	p.line(&l)
	p.line(&ExpNodes{Nodes: e.Nodes})
	for i := range e.Backtraces {
		e.Backtraces[i].print(p)
	}
	for i := range e.Tasks {
		e.Tasks[i].print(p)
	}
}

// rootTasks reports whether the tasks block the root, which is the only leaf if no
// other node is listed.
func (e *ExpStall) rootTasks() bool { return len(e.Tasks) > 0 && len(e.Nodes) == 0 }

func (r *reader) expStall() *ExpStall {
	l, nodes := need[*ExpLine](r), need[*ExpNodes](r)
	if !r.ok || nodes.Old {
		r.ok = false
		return nil
	}
	e := ExpStall{Flavor: l.Flavor, Jiffies: l.Jiffies, Seq: l.Seq, QSMask: l.QSMask, Nodes: nodes.Nodes}
	for r.ok && r.backtraceAhead() {
		e.Backtraces = append(e.Backtraces, *r.backtrace())
	}
	for _, b := range l.Blockers {
		if b.CPU != nil {
			e.CPUs = append(e.CPUs, *b.CPU)
			continue
		}
		t := r.task()
		r.ok = r.ok && t.PID == b.PID && len(e.CPUs) == 0
		e.Tasks = append(e.Tasks, t)
	}
	r.ok = r.ok && l.RootTasks == e.rootTasks()
	return &e
}

// ExpLine is the first line of an expedited stall.
type ExpLine struct {
	Flavor    string
	Blockers  []ExpBlocker // in the order of the leaf nodes
	Jiffies   int64
	Seq       uint64
	QSMask    uint64 // the root node's expmask
	RootTasks bool   // T: tasks block the root node
}

// ExpBlocker is a CPU, or else a task.
type ExpBlocker struct {
	CPU *ExpCPU
	PID int
}

func (l *ExpLine) appendTo(b []byte, t *Text) []byte {
	b = fmt.Appendf(b, "%vINFO: %s detected expedited stalls on CPUs/tasks: {", t.Prefix, l.Flavor)
	for _, x := range l.Blockers {
		c := x.CPU
		if c == nil {
			b = fmt.Appendf(b, " P%d", x.PID)
			continue
		}
		b = fmt.Appendf(b, " %d-%c%c%c", c.CPU, letter(c.Offline, 'O'), letter(c.NotNow, 'o'), letter(c.NotNext, 'N'))
		if t.Exp == ExpFour {
			b = append(b, letter(c.NeedQS, 'D'))
		}
	}
	return fmt.Appendf(b, " } %d jiffies s: %d root: 0x%x/%c", l.Jiffies, l.Seq, l.QSMask, letter(l.RootTasks, 'T'))
}

// expedited reads the text after the brace.
func (s *scanner) expedited(flavor string) (*ExpLine, Text) {
	l := ExpLine{Flavor: flavor}
	text := Text{}
	first := true
	for s.ok && !s.word(" } ") {
		s.need(" ")
		if s.word("P") {
			l.Blockers = append(l.Blockers, ExpBlocker{PID: s.small()})
			continue
		}
		var c ExpCPU
		c.CPU = s.small()
		s.need("-")
		c.Offline, c.NotNow, c.NotNext = s.flag('O'), s.flag('o'), s.flag('N')
		form := ExpThree
		if s.at < len(s.text) && !isBlank(s.text[s.at]) {
			form = ExpFour
			c.NeedQS = s.flag('D')
		}
		s.failIf(!first && form != text.Exp)
		text.Exp, first = form, false
		l.Blockers = append(l.Blockers, ExpBlocker{CPU: &c})
	}
	l.Jiffies = s.int()
	s.need(" jiffies s: ")
	l.Seq = s.uint()
	s.need(" root: ")
	l.QSMask = s.alternate()
	s.need("/")
	l.RootTasks = s.flag('T')
	return &l, text
}

// ExpNodes is the line of the nodes below the root that block the grace period.
type ExpNodes struct {
	Nodes []ExpNode
	// Old means that the line does not say that it is for debugging (until 5.10).
	Old bool
}

func (l *ExpNodes) appendTo(b []byte, t *Text) []byte {
	b = fmt.Appendf(b, "%vblocking rcu_node structures", t.Prefix)
	if !l.Old {
		b = append(b, " (internal RCU debug)"...)
	}
	b = append(b, ':')
	for _, n := range l.Nodes {
		b = fmt.Appendf(b, " l=%d:%d-%d:0x%x/%c", n.Level, n.Low, n.High, n.Mask, letter(n.Tasks, 'T'))
	}
	return b
}

// expNodes reads the text after "structures".
func (s *scanner) expNodes() *ExpNodes {
	var l ExpNodes
	l.Old = !s.word(" (internal RCU debug)")
	s.need(":")
	for s.ok && s.word(" l=") {
		var n ExpNode
		n.Level = s.small()
		s.need(":")
		n.Low = s.small()
		s.need("-")
		n.High = s.small()
		s.need(":")
		n.Mask = s.alternate()
		s.need("/")
		n.Tasks = s.flag('T')
		l.Nodes = append(l.Nodes, n)
	}
	return &l
}
