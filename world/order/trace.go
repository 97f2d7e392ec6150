package order

import (
	"fmt"
	"strings"

	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/srcu"
)

// Line is one step of a counterexample.
type Line struct {
	Column int    `json:"column"`         // 0 is the update side, then the CPUs
	Text   string `json:"text"`           // the step
	Mark   string `json:"mark,omitempty"` // names the reordering; empty if the step is none
}

// tracer collects lines while a schedule is followed.
type tracer struct{ lines []Line }

func (t *tracer) add(col int, mark, format string, args ...any) {
	if t != nil {
		t.lines = append(t.lines, Line{col, fmt.Sprintf(format, args...), mark})
	}
}

// traceOp describes an operation before a CPU performs it.
func (m *machine) traceOp(s *state, cpu, j int) {
	if m.trace == nil {
		return
	}
	p, t := m.progs[cpu], &s.thr[cpu]
	o := &p.ops[j]
	if o.kind.special() {
		m.trace.add(1+cpu, "", "%s", o.text)
		return
	}
	loc := o.addr.eval(t.regs)
	src := p.ready(t, j)
	text := o.text
	if m.update != nil {
		text = strings.NewReplacer("L[rank]", m.lay.name(loc), "U[rank]", m.lay.name(loc)).Replace(text)
	}
	switch o.kind {
	case opLoad:
		v := s.mem[loc]
		if src.forward >= 0 {
			v = p.ops[src.forward].val.eval(t.regs)
		}
		text += " = " + m.valueName(loc, v)
	case opStore:
		text += " := " + m.valueName(loc, o.val.eval(t.regs))
	case opAdd:
		text += fmt.Sprintf(" -> %d", s.mem[loc]+o.val.eval(t.regs))
	case opRMW:
		text += fmt.Sprintf(" = %d", s.mem[loc])
	}
	m.trace.add(1+cpu, m.overtaken(s, cpu, j), "%s", text)
}

// overtaken names the first earlier operation that operation j passes.
func (m *machine) overtaken(s *state, cpu, j int) string {
	p, t := m.progs[cpu], &s.thr[cpu]
	for i := range j {
		if t.done>>i&1 == 0 {
			return fmt.Sprintf("before its %q", p.ops[i].text)
		}
	}
	return ""
}

func (m *machine) valueName(loc Loc, v Value) string {
	if m.update == nil {
		return fmt.Sprint(v)
	}
	switch loc {
	case locHook:
		return [...]string{"unhooked", "hooked"}[v&1]
	case locObject:
		if v >= 0 && v <= objectFreed {
			return [...]string{"live", "cleared", "FREED"}[v]
		}
	}
	return fmt.Sprint(v)
}

// traceTask describes a step of a task of the update side.
func (m *machine) traceTask(s *state, task, choice int) {
	if m.trace == nil {
		return
	}
	r := m.update.nodes[s.node].pending[task]
	name := m.update.taskName(task)
	say := func(mark, format string, args ...any) {
		m.trace.add(0, mark, name+": "+format, args...)
	}
	switch r.kind {
	case rqIdle:
		say("", "%s", [...]string{"runs", "invokes callbacks", "RCU callback runs", "runs"}[r.a])
	case rqStore:
		where := ""
		if m.mode != SC {
			where = " (in its buffer)"
		}
		say("", "write %s := %s%s", m.lay.name(r.a), m.valueName(r.a, r.b), where)
	case rqRead:
		if !m.wholeSum(r) {
			m.traceSum(s, task, r, choice)
		}
	case rqFence:
		say("", "full barrier")
	case rqSync:
		say("", "%s %d has ended", gpName(r), r.a)
	case rqDone:
		result := [...]string{"not yet", "ended"}[btoi(s.ended >= r.a)]
		if choice == 1 {
			result = "not yet: its end is recorded late"
		}
		say("", "polls RCU grace period %d: %s", r.a, result)
	case rqLoadWord, rqStoreWord, rqSwapWord:
		m.traceWord(s, task, r, choice)
	case rqAwait:
		say("", "wakes up")
	case rqSpin, rqSleep:
		say("", "polls again")
	}
}

// traceSum describes the read of the next counter of a task's sum.
func (m *machine) traceSum(s *state, task int, r request, choice int) {
	if m.trace == nil {
		return
	}
	loc := m.counterOf(s, task, r)
	v, mark := s.mem[loc], ""
	if choice > 0 {
		v = s.hist[loc][len(s.hist[loc])-choice]
		mark = fmt.Sprintf("performed early: it is %d by now", s.mem[loc])
	} else if len(s.buf) > 0 {
		mark = fmt.Sprintf("before its write of %s", m.lay.name(s.buf[0].loc))
	}
	m.trace.add(0, mark, "%s: read %s = %d", m.update.taskName(task), m.lay.name(loc), v)
}

var wordNames = [...]string{srcu.WordSeq: "gp_seq", srcu.WordNeeded: "gp_seq_needed", srcu.WordNeededExp: "gp_seq_needed_exp"}

// wordString formats a sequence number: the number of grace periods since the start
// and the phase of the running one.
func (m *machine) wordString(v Value) string {
	seq := uint64(v - m.update.initialWord)
	text := fmt.Sprint(rcu.SeqCount(seq))
	if rcu.SeqRunning(seq) {
		text += fmt.Sprintf(".scan%d", seq&rcu.SeqPhase)
	}
	return text
}

// traceWord describes an access to a word of the machine.
func (m *machine) traceWord(s *state, task int, r request, choice int) {
	word, a := wordOf(r), srcu.Access(r.a)
	name := fmt.Sprintf("%s: %s: ", m.update.taskName(task), a)
	now := m.wordAt(s, word, len(s.log))
	switch r.kind {
	case rqLoadWord:
		v, mark := m.wordAt(s, word, m.points(s, task, r)[choice]), ""
		if choice > 0 {
			mark = "performed early: it is " + m.wordString(now) + " by now"
		}
		m.trace.add(0, mark, "%sload %s = %s", name, wordNames[a.Word()], m.wordString(v))
	case rqStoreWord:
		m.trace.add(0, "", "%s%s := %s", name, wordNames[a.Word()], m.wordString(r.val))
	case rqSwapWord:
		m.trace.add(0, "", "%s%s := %s if it is %s", name, wordNames[a.Word()], m.wordString(r.val), m.wordString(r.old))
	}
}

// traceRequest describes a new request of a task if it takes effect at once.
func (m *machine) traceRequest(task int, r request) {
	if m.trace == nil {
		return
	}
	name := m.update.taskName(task)
	switch r.kind {
	case rqSync, rqStart, rqCall:
		m.trace.add(0, "", "%s: %s %d begins", name, gpName(r), r.a)
	case rqRequeue:
		m.trace.add(0, "", "%s: queues the work", name)
	case rqEnded:
		m.trace.add(0, "", "%s: grace period ends, callbacks scheduled", name)
	case rqComplete:
		m.trace.add(0, "", "%s: completes the waiter", name)
	case rqMark:
		switch r.a {
		case markRequest:
			m.trace.add(0, "", "%s: requests a grace period", name)
		case markEnd:
			m.trace.add(0, "", "%s: the requested grace period has ended", name)
		}
	}
}

func gpName(r request) string {
	name := [...]string{"RCU grace period", "barrier on every CPU", "holdout scan"}[r.b]
	if r.cpus != 0 {
		var cpus []string
		each(uint64(r.cpus), func(cpu int) { cpus = append(cpus, fmt.Sprintf("cpu%d", cpu)) })
		name = "barrier on " + strings.Join(cpus, ", ")
	}
	return name
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
