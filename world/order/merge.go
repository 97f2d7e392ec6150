package order

import (
	"maps"
	"runtime"
	"slices"

	"github.com/gpstorm/gpstorm/srcu"
)

// This file merges histories after which the update side is in the same state. The
// state must be visible: the machine is an srcu.GracePeriod on the side of this
// world, with an srcu.Stateless barrier. The state consists of
//
//   - the variables of the machines;
//   - the call stack of each worker. Within a barrier also the replies since its
//     call; outside, a worker's local variables follow from those of the machine.
//     With Case.Atomics, which turns accesses to these into requests, it is all
//     replies of the run;
//   - all replies to other tasks, in order, since a teardown is arbitrary Go code;
//   - the pending requests of the tasks, and the pending callbacks of barriers.
//
// While no barrier holds a cookie, only the distances between grace periods matter.
// Then the latest one gets the same number after every history.

// past is the part of a session's history that determines its later behaviour.
type past struct {
	others  hasher        // the replies to tasks other than workers
	during  []attempt     // by domain
	posted  map[Value]int // the domains of the callbacks of barriers, by grace period
	running int           // the domain whose barrier's callback runs in softirq; -1 if none
	less    Value         // the latest reduction of the numbers of grace periods
}

// attempt is the state of a domain's barrier during one scan of a rank.
type attempt struct {
	called bool
	seen   hasher // the replies that may be in the worker's local variables
	cookie bool   // it holds a cookie
}

func newPast(domains int) *past {
	return &past{others: hasher{1, 2}, during: make([]attempt, domains), posted: map[Value]int{}, running: -1}
}

// comparable reports whether the histories of a case can be merged.
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

// returned records the result of the call.
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

// worker returns the domain of a worker task; ok is false for other tasks.
func (s *session) worker(task int) (domain int, ok bool) {
	d := (task - 1) / 2
	return d, d < s.lay.domains && task == workerOf(d)
}

// softirq returns the task that runs RCU callbacks.
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

// latest is the number of the latest grace period while no barrier holds a cookie.
// It leaves numbers above for those that begin while one does, and below for those
// that have not ended.
const latest Value = 30

// rebase gives the number latest to the latest grace period and moves the others
// with it. It does nothing while a barrier holds a cookie, nor before the first
// request: the first cookie of an execution is 0.
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

// fingerprint hashes the state of the update side: equal for histories that may be
// merged.
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

// position hashes the call stack of a request.
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
