package order

import (
	"math/bits"
)

// machine takes the steps of one system: threads that execute programs and,
// except in a litmus test, an update side.
type machine struct {
	progs    []*Program
	mode     Mode
	init     []Value
	lay      layout
	update   *histories // the update side; nil in a litmus test
	c        *Case
	trace    *tracer
	free     []*state // for reuse
	only     Kind     // the one kind of violation to report; empty reports all
	reduce   bool     // use partial-order reduction
	endless  bool     // retries compete with other steps whenever something has changed
	replays  bool     // follow a schedule: no bounds on retries
	graceful bool     // some program waits for a grace period
	unusual  bool     // the update side made a request that symmetry.go does not cover
	looped   bool     // some execution had too many grace periods
	sums     bool     // use the reductions of symmetry.go
	class    []int    // by CPU: CPUs of one class have equal programs
}

type stepKind uint8

const (
	stepOp    stepKind = iota // CPU who performs operation arg
	stepFlush                 // store arg of the update side becomes visible
	stepTask                  // task who continues; arg selects the age of the value that it reads
)

type step struct {
	kind stepKind
	who  uint8
	arg  uint8
}

func newMachine(c *Case) (*machine, error) { return newMachineOf(c, false) }

// newMachineOf makes a machine. With merge it merges histories (merge.go) if the
// case allows that.
func newMachineOf(c *Case, merge bool) (*machine, error) {
	progs, err := c.programs()
	if err != nil {
		return nil, err
	}
	m := &machine{progs: progs, mode: c.Mode, lay: c.layout(), c: c, reduce: true}
	m.init = make([]Value, m.lay.size())
	m.init[locHook] = 1
	m.update = newHistories(c, merge && c.comparable())
	m.class = classes(progs)
	return m, nil
}

func (m *machine) close() {
	if m.update != nil {
		m.update.close()
	}
}

// start is the initial state.
func (m *machine) start() *state {
	s := &state{mem: append([]Value(nil), m.init...), last: -1, running: -1}
	for _, p := range m.progs {
		s.thr = append(s.thr, p.start())
	}
	if m.update != nil {
		first := m.update.nodes[0]
		m.startWords(s)
		s.sums = make([]partial, len(first.pending))
		if m.mode == Weak {
			s.hist = make([][]Value, len(s.mem))
		}
		if first.crash != "" {
			s.found = Violation{Crashed, first.crash}
		}
	}
	m.normalise(s)
	return s
}

func (m *machine) left(s *state) bool {
	for i, p := range m.progs {
		if s.thr[i].done != p.all() {
			return false
		}
	}
	return true
}

// steps lists the enabled steps of s. It lists fruitless steps, and retries
// beyond the bound, only if no other step is enabled.
func (m *machine) steps(s *state, out []step) []step {
	if s.found.Found() || s.dead || s.limit {
		return out[:0]
	}
	out = out[:0]
	for i, p := range m.progs {
		t := &s.thr[i]
		each(p.all()&^t.done, func(j int) {
			if src := p.ready(t, j); src.ready && m.passable(s, i, j) {
				out = append(out, step{stepOp, uint8(i), uint8(j)})
			}
		})
	}
	if m.update == nil {
		return out
	}
	for i := range s.buf {
		if m.flushable(s, i) {
			out = append(out, step{stepFlush, 0, uint8(i)})
		}
	}

	pend := m.update.nodes[s.node].pending
	for i, r := range pend {
		if m.runnable(s, i, r) && !m.postponed(s, i, r) && m.mayPreempt(s, i) {
			out = m.choices(s, i, r, out)
		}
	}
	if len(out) > 0 {
		return m.bounded(s, out)
	}
	// Only retries are left. They take turns, so that none is starved.
	for _, untried := range []bool{true, false} {
		for i, r := range pend {
			if m.runnable(s, i, r) && !(untried && s.tried>>i&1 != 0) {
				out = m.choices(s, i, r, out)
			}
		}
		if len(out) > 0 {
			break
		}
	}
	return out
}

// passable reports whether operation j need not wait for a grace period any more.
func (m *machine) passable(s *state, cpu, j int) bool {
	o := &m.progs[cpu].ops[j]
	if o.kind != opEnd {
		return true
	}
	number := Value(cpu)<<8 | o.val.eval(nil)
	for _, g := range s.gps {
		if g.number == number {
			return false
		}
	}
	return true
}

// flushable reports whether buffered store i may become visible next: stores to
// one location keep their order, and on TSO all stores do.
func (m *machine) flushable(s *state, i int) bool {
	for k := range i {
		if m.mode == TSO || s.buf[k].loc == s.buf[i].loc {
			return false
		}
	}
	return true
}

func (m *machine) runnable(s *state, task int, r request) bool {
	switch r.kind {
	case rqExit, rqMark:
		return false
	case rqIdle:
		switch r.a {
		case roleWorker:
			return s.queued>>r.b&1 != 0 || int(s.spurious) < m.c.Spurious && len(s.gps) > 0
		case roleCallbacks:
			return s.scheduled>>r.b&1 != 0
		case roleSoftirq:
			return s.ready != 0
		}
		return s.deferred > 0
	case rqFence:
		return len(s.buf) == 0
	case rqSync:

		for _, g := range s.gps {
			if g.number == r.a {
				return false
			}
		}
	case rqAwait:
		return s.completed>>r.a&1 != 0
	case rqLoadWord, rqSwapWord:
		return len(s.buf) == 0 || !m.full(s, r)
	}
	return true
}

// mayPreempt reports whether a task may run now: the case bounds how often one
// task preempts another.
func (m *machine) mayPreempt(s *state, task int) bool {
	return s.running < 0 || int(s.running) == task || int(s.preempted) < m.c.Preemptions
}

// postponed reports whether a step is enabled only if no other step is.
func (m *machine) postponed(s *state, task int, r request) bool {
	// A run that read no counters only polled a cookie. One fruitless poll competes
	// with other steps, so that a barrier that polls too early is found.
	fruitless := s.waiting>>task&1 != 0 && (s.fruitless >= maxFruitless || s.counted>>task&1 != 0)
	if m.replays {
		return false
	}
	switch r.kind {
	case rqIdle:
		return r.a == roleWorker && (fruitless ||
			s.retry>>r.b&1 != 0 && (m.endless || int(s.retries) >= m.c.retries()))
	case rqSpin:
		return fruitless
	case rqSleep:
		return s.sleeping>>task&1 != 0
	case rqDone:
		return s.polling>>task&1 != 0
	}
	return false
}

func (m *machine) choices(s *state, task int, r request, out []step) []step {
	n := 1
	switch {
	case m.wholeSum(r):
		if n = m.sumChoices(s, r); n > 256 { // more than a step's argument holds
			m.unusual, n = true, 256
		}
	case r.kind == rqRead && len(s.hist) > 0:
		n += len(s.hist[m.counterOf(s, task, r)])
	case r.kind == rqIdle && r.a == roleSoftirq:
		n = bits.OnesCount64(s.ready)
	case r.kind == rqLoadWord:
		n = len(m.points(s, task, r))
	case r.kind == rqDone && m.canBeLate(s, r.a):
		n = 2
	}
	for c := range n {
		out = append(out, step{stepTask, uint8(task), uint8(c)})
	}
	return out
}

// counterOf returns the next counter of a task's sum.
func (m *machine) counterOf(s *state, task int, r request) Loc {
	if r.cpus != 0 {
		return m.counterAt(bits.TrailingZeros16(r.cpus), r)
	}
	return m.counterAt(int(s.sums[task].cpu), r)
}

// counterAt returns a CPU's counter of the kind and rank of a request.
func (m *machine) counterAt(cpu int, r request) Loc {
	kind := int(r.a) % perCPU
	return m.lay.counter(int(r.a)/perCPU, cpu, kind >= 2, kind%2)
}

// actor returns the number that a step's CPU or the update side has in the count of
// switches; -1 for a flush, which counts for neither.
func (m *machine) actor(st step) int8 {
	switch st.kind {
	case stepOp:
		return int8(st.who)
	case stepTask:
		return int8(len(m.progs))
	}
	return -1
}

// bounded drops the steps that would exceed the bound on switches.
func (m *machine) bounded(s *state, out []step) []step {
	if m.c.Switches < 0 || int(s.switches) < m.c.Switches || s.last < 0 {
		return out
	}
	kept, can := out[:0:0], false
	for _, st := range out {
		a := m.actor(st)
		can = can || a == s.last
		if a == s.last || a < 0 {
			kept = append(kept, st)
		}
	}
	if !can {
		return out
	}
	return kept
}
