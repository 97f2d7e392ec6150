package order

import (
	"maps"
	"runtime"
	"slices"

	"github.com/gpstorm/gpstorm/srcu"
)

// This file finds histories after which the update side behaves alike, so that a
// search visits the states after one of them. The state of the update side must be
// visible for that: its machine is an srcu.GracePeriod on the side of this world,
// with an srcu.Stateless barrier. It consists of
//
//   - the variables of the machines;
//   - the position of each worker in them, which is its call stack, and within a
//     barrier the replies since the barrier was called: elsewhere a worker keeps
//     nothing that does not follow from the machine's variables. Where it gets these
//     by requests (Case.Atomics), it is all replies of a run;
//   - all replies to other tasks, in order, since a teardown is any Go code;
//   - what the tasks request, and the callbacks of barriers that have not run.
//
// While no barrier holds a cookie, only the distances between grace periods matter:
// the latest one then gets the same number after every history.

// past is what a session has done so far, as far as it decides what it does next.
type past struct {
	others  hasher        // the replies to tasks other than workers
	during  []attempt     // by domain
	posted  map[Value]int // the domains of the callbacks of barriers, by grace period
	running int           // the domain whose barrier's callback runs in softirq; -1 is none
	less    Value         // what the numbers of grace periods were reduced by last
}

// attempt is a domain's barrier during one attempt to see a rank empty.
type attempt struct {
	called bool
	seen   hasher // the replies that the worker may remember
	cookie bool   // it holds a cookie
}

func newPast(domains int) *past {
	return &past{others: hasher{1, 2}, during: make([]attempt, domains), posted: map[Value]int{}, running: -1}
}

// comparable reports whether histories of a case can be compared.
func (c *Case) comparable() bool {
	stateless := func(b srcu.Barrier) bool {
		_, ok := b.(srcu.Stateless)
		return ok
	}
	a, b := c.Fix.NewBarriers()
	return c.Fix.Side == nil && c.Fix.Machine == nil && stateless(a) && stateless(b)
}

// call records that a domain's barrier is called.
func (s *session) call(domain int) {
	a := &s.past.during[domain]
	a.called = true
	if !s.c.Atomics {
		a.seen = hasher{3, 4}
	}
	s.hashMachines(&a.seen)
}

// returned records what the call returned.
func (p *past) returned(domain int, ordered bool) {
	a := &p.during[domain]
	a.called = false
	a.cookie = a.cookie && !ordered
}

// record adds a reply to the history, before the task gets it.
func (s *session) record(task int, answer Value) {
	p := s.past
	if d, ok := s.worker(task); ok {
		a := &p.during[d]
		if s.tasks[task].pending.kind == rqIdle {
			a.seen = hasher{3, 4}
		}
		if a.called || s.c.Atomics {
			a.seen.add(uint64(answer))
			s.hashMachines(&a.seen)
		}
		return
	}
	if task == s.softirq() {
		if s.tasks[task].pending.kind == rqIdle {
			p.running = -1
			if d, ok := p.posted[answer]; ok {
				p.running = d
				delete(p.posted, answer)
			}
		}
		if p.running >= 0 {
			return
		}
	}
	p.others.add(uint64(task)<<32 ^ uint64(answer))
	s.hashMachines(&p.others)
}

// worker returns the domain of which a task is the worker.
func (s *session) worker(task int) (domain int, ok bool) {
	d := (task - 1) / 2
	return d, d < s.lay.domains && task == workerOf(d)
}

// softirq is the task that runs RCU callbacks.
func (s *session) softirq() int { return workerOf(s.lay.domains) }

// hashMachines adds the variables of the machines.
func (s *session) hashMachines(h *hasher) {
	for d, dom := range s.domains {
		dom.machine.(*srcu.GracePeriod).Fingerprint(h.add)
		h.add(uint64(dom.side.Current()))
		if s.past.during[d].cookie {
			h.add(uint64(s.starts))
		}
	}
}

// holdsCookie reports whether some barrier holds a cookie.
func (s *session) holdsCookie() bool {
	return slices.ContainsFunc(s.past.during, func(a attempt) bool { return a.cookie })
}

// latest is the number of the latest grace period when no barrier holds a cookie: less
// than maxNumbers by those that may begin before that is so again, more than none by
// those that may not have ended.
const latest Value = 30

// rebase renumbers grace periods so that the latest is latest, unless a barrier holds a
// cookie or none was requested: the first cookie of an execution is 0.
func (s *session) rebase() {
	s.past.less = 0
	if s.starts == 0 || s.holdsCookie() {
		return
	}
	less := s.starts - latest
	s.past.less, s.starts = less, latest
	if less == 0 {
		return
	}
	s.callbacks = renumbered(s.callbacks, less)
	s.past.posted = renumbered(s.past.posted, less)
	for _, t := range s.tasks {
		switch t.pending.kind {
		case rqSync, rqStart, rqCall, rqDone:
			t.pending.a -= less
		}
	}
}

func renumbered[T any](m map[Value]T, less Value) map[Value]T {
	out := make(map[Value]T, len(m))
	for number, v := range m {
		out[number-less] = v
	}
	return out
}

// fingerprint is equal for histories after which the update side behaves alike.
func (s *session) fingerprint() key {
	h := s.past.others
	s.hashMachines(&h)
	h.add(uint64(btoi(s.starts == 0)))
	for task, t := range s.tasks {
		r := t.pending
		switch r.kind {
		case rqSync, rqStart, rqCall, rqDone:
			r.a -= s.starts
		}
		h.add(uint64(r.kind)<<56 ^ uint64(r.cpus)<<40 ^ uint64(r.a)<<8 ^ uint64(r.b))
		h.add(uint64(r.old)<<32 ^ uint64(r.val))
		if r.kind == rqIdle || r.kind == rqExit {
			continue
		}
		if d, ok := s.worker(task); ok {
			h.add(t.position)
			if a := &s.past.during[d]; a.called || s.c.Atomics {
				h.add(a.seen.a)
				h.add(a.seen.b)
			}
		} else if task == s.softirq() && s.past.running >= 0 {
			h.add(t.position)
			h.add(uint64(s.past.running))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.past.posted)) {
		h.add(uint64(id-s.starts)<<8 ^ uint64(s.past.posted[id]))
	}
	return key{h.a, h.b}
}

// position is a hash of the call stack that makes a request.
func position() uint64 {
	var pcs [64]uintptr
	h := hasher{5, 6}
	for _, pc := range pcs[:runtime.Callers(3, pcs[:])] {
		h.add(uint64(pc))
	}
	return h.a
}

// renumber subtracts less from the numbers of grace periods.
func (m *machine) renumber(s *state, less Value) {
	lost := false
	for i := range s.gps {
		s.gps[i].number -= less
		lost = lost || s.gps[i].number < 1
	}
	if less > 0 {
		lost = lost || s.ready&(1<<less-1) != 0
		s.ready >>= less
	} else {
		s.ready <<= -less
	}
	if lost {
		s.limit, m.looped = true, true
	}
}
