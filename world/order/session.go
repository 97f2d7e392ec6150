package order

import (
	"fmt"
	"iter"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
)

// A session is one run of the real update side: the candidate's machine, barrier and
// teardown, with one coroutine for each kernel context. Each access to the world is
// a request, and the world chooses when to reply. So the behaviour of a session is a
// function of the sequence of replies.
type session struct {
	c     *Case
	lay   layout
	tasks []*task
	cur   *task
	crash string

	domains     []*domain
	callbacks   map[Value]func() // RCU callbacks, by grace period
	deferred    []func()
	completions Value
	starts      Value // the number of the latest grace period requested
	initialWord Value // of the machine's words
	past        *past // nil unless histories are merged
}

// task is one kernel context of the update side.
type task struct {
	name    string
	next    func() (request, bool)
	stop    func()
	yield   func(request) bool
	answer  Value
	pending request
	// position hashes the call stack of the request, if histories are merged.
	position uint64
}

type reqKind uint8

const (
	rqExit      reqKind = iota // the task is done
	rqIdle                     // wait for work; a is the role, b the domain
	rqStore                    // store b at location a
	rqRead                     // sum counters a over all CPUs
	rqFence                    // full barrier of this task
	rqAcquire                  // order earlier loads before later operations
	rqSync                     // start grace period a of flavour b and wait for it
	rqStart                    // start grace period a of flavour b; do not wait
	rqCall                     // start grace period a; its callback follows
	rqDone                     // has a grace period numbered a or later ended?
	rqRequeue                  // queue domain a's work
	rqEnded                    // schedule domain a's callbacks
	rqComplete                 // completion a
	rqAwait                    // wait for completion a
	rqDefer                    // hand a function to the deferred worker
	rqSpin                     // let time pass
	rqSleep                    // sleep a jiffy, then poll again for the end of a grace period
	rqLoadWord                 // access a loads a word of domain b
	rqStoreWord                // access a stores val in a word of domain b
	rqSwapWord                 // ... if the word is old
	rqMark                     // an event for the oracles: a is its kind, b its number
)

type request struct {
	kind     reqKind
	a, b     Value
	cpus     uint16 // the CPUs of rqRead and rqSync; 0 is all
	old, val Value  // of an access to a word
}

const (
	roleWorker Value = iota
	roleCallbacks
	roleSoftirq
	roleDeferred
)

const (
	markRequest Value = iota // a request for a grace period
	markEnd                  // its end, when the requester observes it
	markFreed
)

// stopped is the panic value that unwinds the tasks of an abandoned session.
type stopped struct{}

func newSession(c *Case, compare bool) *session {
	s := &session{c: c, lay: c.layout(), callbacks: map[Value]func(){}}
	var barriers [2]srcu.Barrier
	barriers[tasksTraceDomain], barriers[tracepointDomain] = c.Fix.NewBarriers()
	if compare {
		s.past = newPast(s.lay.domains)
	}
	for d := range s.lay.domains {
		dom := &domain{s: s, id: d}
		dom.side = c.Fix.WrapSide(&side{s: s, domain: d})
		dom.machine = c.Fix.NewMachine(barrier{barriers[d], s, d}, srcu.KernelPace(250))
		if u, ok := dom.machine.(interface{ Use(srcu.Memory) uint64 }); ok && c.Atomics {
			s.initialWord = Value(u.Use(words{s, Value(d)}))
		}
		s.domains = append(s.domains, dom)
	}
	s.spawn("closer", s.closer)
	for _, d := range s.domains {
		s.spawn("worker"+d.suffix(), func() {
			for {
				s.request(rqIdle, roleWorker, Value(d.id))
				d.machine.Process(d.side)
			}
		})
		s.spawn("callbacks"+d.suffix(), func() {
			for {
				s.request(rqIdle, roleCallbacks, Value(d.id))
				d.callbacks.Invoke(d.machine.Done)
			}
		})
	}
	s.spawn("softirq", func() {
		for {
			id := s.request(rqIdle, roleSoftirq, 0)
			fn := s.callbacks[id]
			delete(s.callbacks, id)
			fn()
		}
	})
	s.spawn("reclaim", func() {
		for {
			s.request(rqIdle, roleDeferred, 0)
			fn := s.deferred[0]
			s.deferred = s.deferred[1:]
			fn()
		}
	})
	if c.OtherGP && !s.vanilla() {
		s.spawn("other", s.requestGP)
	}
	for i := range s.tasks {
		s.resume(i, 0)
	}
	return s
}

func (s *session) spawn(name string, body func()) {
	t := &task{name: name}
	t.next, t.stop = iter.Pull(func(yield func(request) bool) {
		defer func() {
			if r := recover(); r != nil {
				if _, ok := r.(stopped); !ok {
					s.crash = fmt.Sprintf("%s: %v", name, r)
				}
			}
		}()
		t.yield = yield
		body()
	})
	s.tasks = append(s.tasks, t)
}

// request makes a request for the running task and returns the reply.
func (s *session) request(kind reqKind, a, b Value) Value { return s.requestOn(0, kind, a, b) }

// requestOn makes a request for some CPUs only.
func (s *session) requestOn(cpus uint16, kind reqKind, a, b Value) Value {
	t := s.cur
	if s.past != nil {
		t.position = position()
	}
	if !t.yield(request{kind: kind, a: a, b: b, cpus: cpus}) {
		panic(stopped{})
	}
	return t.answer
}

// resume runs task i from a reply up to its next request.
func (s *session) resume(i int, answer Value) {
	t := s.tasks[i]
	if s.past != nil {
		s.record(i, answer)
	}
	s.cur, t.answer = t, answer
	r, ok := t.next()
	if !ok {
		r = request{kind: rqExit}
	}
	t.pending = r
	if s.past != nil {
		s.rebase()
	}
}

func (s *session) close() {
	for _, t := range s.tasks {
		t.stop()
	}
}

func (s *session) fence() { s.request(rqFence, 0, 0) }

// closer is the task that closes the last perf event of a tracepoint. It unhooks the
// probe and runs the teardown (perf_trace_event_unreg).
func (s *session) closer() {
	if s.c.PriorGP && !s.vanilla() {
		s.requestGP()
	}
	s.request(rqStore, locHook, 0)
	u := &unregistered{s: s}
	if s.c.UnregisterGP {
		u.Cookie()
	}
	teardown := s.c.Fix.TeardownOrDefault()
	teardown(u)
}

// requestGP requests a grace period without waiting for it.
func (s *session) requestGP() {
	d := s.domains[tracepointDomain]
	d.machine.Request(d.side, d.snapshot(), s.c.Expedited != s.c.MixedGP)
}

// vanilla reports whether the tracepoint domain is RCU itself.
func (s *session) vanilla() bool { return s.c.Fix.Reader == fixes.ReaderPreemptOff }
