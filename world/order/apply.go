package order

import (
	"cmp"
	"math/bits"
	"slices"
)

// Bounds that end every execution.
const (
	maxProbes       = 8  // rounds of fruitless steps when no other is enabled
	maxFruitless    = 1  // fruitless runs that compete with other steps
	maxAfterReaders = 24 // runs of work items after every reader has left
	maxNumbers      = 60 // grace periods in one execution
)

// apply returns the state after a step. The caller passes it to release after its
// last use.
func (m *machine) apply(s *state, st step) *state {
	n := &state{}
	if k := len(m.free); k > 0 {
		n, m.free = m.free[k-1], m.free[:k-1]
	}
	s.copyTo(n)
	if m.c != nil && m.c.Switches >= 0 {
		m.count(s, n, st)
	}
	m.enact(n, st)
	return n
}

// enact takes a step in a state that no other state needs any more.
func (m *machine) enact(n *state, st step) {
	switch st.kind {
	case stepOp:
		m.operate(n, int(st.who), int(st.arg))
	case stepFlush:
		p := n.buf[st.arg]
		m.trace.add(0, "", "write of %s becomes visible", m.lay.name(p.loc))
		n.buf = append(n.buf[:st.arg], n.buf[st.arg+1:]...)
		for i := range n.gps {
			if int8(st.arg) < n.gps[i].stores {
				n.gps[i].stores--
			}
		}
		n.mem[p.loc] = p.val
		m.changed(n)
	case stepTask:
		m.proceed(n, int(st.who), int(st.arg))
	}
	m.normalise(n)
}

func (m *machine) release(s *state) { m.free = append(m.free, s) }

func (m *machine) count(s, n *state, st step) {
	a := m.actor(st)
	if a < 0 || a == s.last {
		return
	}
	if s.last >= 0 {
		for _, o := range m.steps(s, nil) {
			if m.actor(o) == s.last {
				n.switches++
				break
			}
		}
	}
	n.last = a
}

// operate performs an operation of a CPU.
func (m *machine) operate(n *state, cpu, j int) {
	p, t := m.progs[cpu], &n.thr[cpu]
	o := &p.ops[j]
	m.traceOp(n, cpu, j)
	n.waiting &^= n.counted
	m.changed(n)
	if o.kind.special() {
		t.done |= 1 << j
		if o.kind == opBegin {
			m.begin(n, gpRecord{number: Value(cpu)<<8 | o.val.eval(nil), flavour: uint8(o.domain)})
		}
		return
	}
	src := p.ready(t, j)
	loc := o.addr.eval(t.regs)
	e := p.perform(t, j, src, n.mem[loc])
	n.dead = n.dead || e.dead
	m.report(n, e.report)
	if e.store {
		if len(n.hist) > 0 && n.mem[loc] != e.val && m.keepsOld(n, loc) {
			n.hist[loc] = append(n.hist[loc][:len(n.hist[loc]):len(n.hist[loc])], n.mem[loc])
		}
		n.mem[loc] = e.val
	}
	m.over(n, cpu)
}

// begin starts a grace period. It waits for one barrier of every CPU, or of the
// CPUs in g.waits.
func (m *machine) begin(n *state, g gpRecord) {
	if g.number >= maxNumbers && m.update != nil {
		n.limit, m.looped = true, true
		return
	}
	if g.waits == 0 {
		g.waits = 1<<len(m.progs) - 1
	}
	n.gps = append(n.gps, g)
	if m.update == nil { // grace periods of programs begin in no order that matters
		slices.SortFunc(n.gps, func(a, b gpRecord) int { return cmp.Compare(a.number, b.number) })
	}
}

// proceed replies to the request of a task of the update side, which continues.
func (m *machine) proceed(n *state, task, choice int) {
	r := m.update.nodes[n.node].pending[task]
	m.traceTask(n, task, choice)
	var answer Value
	switch r.kind {
	case rqIdle:
		answer = m.take(n, task, r, choice)
	case rqStore:
		if m.mode == SC {
			n.mem[r.a] = r.b
		} else {
			n.buf = append(n.buf, pending{r.a, r.b})
		}
		n.waiting &= 1 << task
	case rqRead:
		n.counted |= 1 << task
		if m.wholeSum(r) {
			m.readAll(n, task, r, choice)
		} else if !m.readOne(n, task, r, choice) {
			m.schedule(n, task)
			return
		}
		answer = n.sums[task].acc
		n.sums[task] = partial{}
	case rqFence, rqAcquire:
		m.acquired(n, task)
		n.orderWords(task)
	case rqLoadWord, rqStoreWord, rqSwapWord:
		answer = m.accessWord(n, task, r, choice)
		if n.limit {
			return
		}
	case rqAwait:
		n.orderWords(task)
	case rqSync:
		n.waiting &= 1 << task
		if r.b == flavourRCU {
			n.observed = max(n.observed, r.a)
		}
	case rqDone:
		switch {
		case choice == 1:
			n.slow++
			n.waiting, n.polling = 0, 0
			m.changed(n)
		case n.ended >= r.a:
			answer = 1
			n.observed = max(n.observed, r.a)
		}
		m.idle(n, task, n.polling)
	case rqSpin:
		m.probe(n, task)
	case rqSleep:
		m.idle(n, task, n.sleeping)
	}
	m.advance(n, task, answer)
	if again := m.update.nodes[n.node].pending[task]; r.kind == rqDone && answer == 0 && choice == 0 && again == r {
		n.polling |= 1 << task
	}
	m.schedule(n, task)
}

// schedule records which task runs after this one has continued.
func (m *machine) schedule(n *state, task int) {
	if n.running >= 0 && int(n.running) != task {
		n.preempted++
	}
	n.running = -1
	if m.update.nodes[n.node].pending[task].kind.immediate() {
		n.running = int8(task)
	}
}

// immediate reports whether a task with such a request can continue at once.
func (k reqKind) immediate() bool {
	switch k {
	case rqStore, rqRead, rqFence, rqAcquire, rqDone, rqLoadWord, rqStoreWord, rqSwapWord:
		return true
	}
	return k.notifies()
}

// take starts a run of a task that has work.
func (m *machine) take(n *state, task int, r request, choice int) Value {
	// Queueing is a release and the start of a run an acquire: no load of this run
	// is performed before the queueing. Buffered stores may still wait.
	m.acquired(n, task)
	n.orderWords(task)
	switch r.a {
	case roleWorker:
		if n.queued>>r.b&1 == 0 {
			n.spurious++
		}
		n.queued &^= 1 << r.b
		m.probe(n, task)
		n.waiting |= 1 << task
		n.counted &^= 1 << task
		if n.retry>>r.b&1 != 0 {
			n.retry &^= 1 << r.b
			if !m.endless {
				n.retries++
			}
		}
		if m.left(n) {
			if n.afterReaders++; n.afterReaders > maxAfterReaders {
				m.report(n, Violation{Livelock, "the work runs again and again after every reader has left, and the grace period does not end"})
			}
		}
	case roleCallbacks:
		n.scheduled &^= 1 << r.b
	case roleSoftirq:
		set := n.ready
		for range choice {
			set &= set - 1
		}
		id := bits.TrailingZeros64(set)
		n.ready &^= 1 << id
		n.observed = max(n.observed, Value(id))
		return Value(id)
	case roleDeferred:
		n.deferred--
	}
	return 0
}

// idle counts a fruitless step: one of a task in the set, which polls again.
func (m *machine) idle(n *state, task int, set uint16) {
	if set>>task&1 == 0 {
		return
	}
	was := n.waiting
	n.waiting |= 1 << task
	m.probe(n, task)
	n.waiting = was
}

// probe counts the fruitless steps of a task while no other step is enabled.
func (m *machine) probe(n *state, task int) {
	if n.waiting>>task&1 == 0 {
		return
	}
	n.fruitless = min(n.fruitless+1, maxFruitless)
	if n.tried>>task&1 == 0 {
		n.tried |= 1 << task
		return
	}
	n.tried = 1 << task
	if n.probes++; n.probes > maxProbes {
		m.report(n, Violation{Livelock, "only retries are left, and nothing they wait for can happen any more"})
	}
}

// canBeLate reports whether a poll may still return "not ended" after every CPU has
// passed its barrier, as when the last quiescent state is recorded late. It may not
// once a task has observed the end.
func (m *machine) canBeLate(s *state, number Value) bool {
	return s.ended >= number && s.observed < number && int(s.slow) < m.c.Slow
}

// changed records that a retry may read a new value.
func (m *machine) changed(n *state) {
	n.tried, n.probes = 0, 0
	if m.endless {
		n.retry = 0
	}
}

// readOne reads one CPU's counter, either its current value or an older one (an
// early load), and reports whether the sum is complete.
func (m *machine) readOne(n *state, task int, r request, choice int) bool {
	loc := m.counterOf(n, task, r)
	v := n.mem[loc]
	if choice > 0 {
		old := n.hist[loc]
		k := len(old) - choice
		v = old[k]
		n.hist[loc] = old[k:] // coherence: never older again
	} else if len(n.hist) > 0 {
		n.hist[loc] = nil
	}
	p := &n.sums[task]
	p.acc += v
	p.cpu++
	return r.cpus != 0 || int(p.cpu) == m.lay.cpus
}

// acquired drops the old counter values of a worker's domain, since no later load
// of the worker may return them. Barriers of other tasks do not order the worker's
// loads.
func (m *machine) acquired(n *state, task int) {
	if len(n.hist) == 0 {
		return
	}
	for d := range m.lay.domains {
		if task != workerOf(d) {
			continue
		}
		from := m.lay.current(d)
		for i := range perCPU*m.lay.cpus + 1 {
			n.hist[int(from)+i] = nil
		}
	}
}

// advance replies to a task and records the effect of its next request.
func (m *machine) advance(n *state, task int, answer Value) {
	held := m.update.nodes[n.node].cookie
	e := m.update.step(n.node, task, answer)
	n.node = e.node
	at := &m.update.nodes[n.node]
	if !held || !at.cookie { // later cookies belong to later grace periods
		n.ended, n.observed = 0, 0
	}
	m.renumber(n, e.less)
	if at.crash != "" {
		n.dead = true
		m.report(n, Violation{Crashed, at.crash})
		return
	}
	r := at.pending[task]
	m.unusual = m.unusual || !m.covers(task, r)
	m.traceRequest(task, r)
	if m.sums && !canRead(r) {
		m.acquired(n, task)
	}
	switch r.kind {
	case rqMark:
		m.observe(n, r)
		if !n.found.Found() {
			m.advance(n, task, 0)
		}
	case rqSync, rqStart:
		m.begin(n, gpRecord{number: r.a, flavour: uint8(r.b), waits: r.cpus})
	case rqCall:
		m.begin(n, gpRecord{number: r.a, flavour: uint8(r.b), call: true, stores: int8(len(n.buf))})
	case rqRequeue:
		n.queued |= 1 << r.a
		if task == workerOf(int(r.a)) && n.counted>>task&1 != 0 {
			n.retry |= 1 << r.a
		}
		n.waiting &= 1 << task
	case rqEnded:
		n.scheduled |= 1 << r.a
		n.waiting &= 1 << task
		n.sleeping = 0
		m.changed(n)
	case rqComplete:
		if n.completed>>r.a&1 != 0 {
			m.report(n, Violation{DoubleCallback, "a callback ran twice"})
		}
		n.completed |= 1 << r.a
		n.waiting &= 1 << task
	case rqDefer:
		n.deferred++
	case rqSpin:
		n.waiting |= 1 << task
	case rqSleep:
		n.sleeping |= 1 << task
	}
}

// workerOf returns the worker task of a domain. Task 0 is the closer; a worker and a
// callback task follow for each domain.
func workerOf(domain int) int { return 1 + 2*domain }
