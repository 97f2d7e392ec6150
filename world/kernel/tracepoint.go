package kernel

import (
	"slices"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// tracepoint is a trace event that perf can attach to (kernel/tracepoint.c,
// kernel/trace/trace_event_perf.c).
type tracepoint struct {
	name  string
	kind  workload.ClosersKind
	users int    // perf_refcount
	lists *lists // what readers find: the probe and its per-CPU lists
	// readIn is in which sections the probe is called.
	readIn fixes.Domains
	// offEpoch is that of the last removal of a last probe.
	offEpoch uint64
}

// lists stands for what a probe reads and teardown frees: the probe array, the
// per-CPU event lists and the trace buffers.
type lists struct {
	freed   bool
	cleared bool
	dropped bool
}

func (ls *lists) gone() bool { return ls.freed && ls.cleared && ls.dropped }

// tracing is the state shared by all tracepoints.
type tracing struct {
	eventMutex  mutex        // event_mutex
	tracepoints mutex        // tracepoints_mutex
	barrier     srcu.Barrier // of the domains whose readers are SRCU-fast
	tasksTrace  fixes.Domain
	tracepoint  fixes.Domain
	done        func(srcu.Cookie) bool // of tracepoint
	unfreed     []*unregistered        // of which something is left to free
	// lastOff is the snapshot that removing a last probe leaves for whoever
	// adds the first one next (tp_transition_snapshot 1_0_1).
	lastOff   srcu.Cookie
	offArmed  bool
	buffers   int // total_ref_count
	deferring int // teardowns handed to a worker and not finished
}

// open attaches a perf event (perf_trace_init). The first user registers the
// probe, and for that first waits out the last removal.
func (k *kernel) open(t *task, tp *tracepoint) {
	tr := &k.tracing
	t.use(costOpen)
	if tp.kind == workload.BPFLink { // of these two locks a link takes the inner one alone
		t.lock(&tr.tracepoints)
		defer t.unlock(&tr.tracepoints)
		if tp.users == 0 {
			k.register(t, tp)
		}
		tp.users++
		return
	}
	t.lock(&tr.eventMutex)
	defer t.unlock(&tr.eventMutex)
	if tp.users == 0 {
		t.lock(&tr.tracepoints)
		k.register(t, tp)
		t.unlock(&tr.tracepoints)
	}
	tp.users++
}

// register is tracepoint_probe_register of a first probe, under tracepoints_mutex.
func (k *kernel) register(t *task, tp *tracepoint) {
	tr := &k.tracing
	if tr.offArmed && tp.onTracepoint() {
		tr.offArmed = false
		if k.decision(OpenWaits, -1, true) {
			k.condSync(t, tr.lastOff)
		}
		k.checkOpen(tp)
	}
	t.use(costRegister)
	k.syncAll()
	tp.lists = &lists{}
	tr.buffers++
}

// condSync waits for a full grace period of the tracepoint domain unless the
// cookie's is over (tp_rcu_cond_sync).
func (k *kernel) condSync(t *task, c srcu.Cookie) {
	if !k.tracing.done(c) {
		k.tracing.tracepoint.Synchronize()
	}
}

// closeEvent is close() of a perf event (perf_trace_destroy): the last user
// unregisters the probe and then does what the candidate's teardown does, all
// of it under event_mutex.
func (k *kernel) closeEvent(t *task, tp *tracepoint) {
	tr := &k.tracing
	t.use(costClose)
	if tp.kind == workload.BPFLink {
		t.lock(&tr.tracepoints)
		var u *unregistered
		if tp.users--; tp.users == 0 {
			u = k.unregister(t, tp)
		}
		t.unlock(&tr.tracepoints)
		if u != nil {
			fixes.FreeLater(u)
		}
		return
	}
	t.lock(&tr.eventMutex)
	last := tp.users == 1
	if tp.users--; last {
		t.lock(&tr.tracepoints)
		u := k.unregister(t, tp)
		t.unlock(&tr.tracepoints)
		k.detachBefore(t, tp)
		k.fix.TeardownOrDefault()(u)
		u.closed = true
		k.checkHeld()
	}
	t.unlock(&tr.eventMutex)
	if last {
		k.detachAfter(t, tp)
	}
	k.call(func() {}) // free_event_rcu
}

// unregister is tracepoint_probe_unregister of a last probe, under
// tracepoints_mutex: from here on no reader finds it. It starts a grace period and
// queues the old probe array to be freed, before anybody waits.
func (k *kernel) unregister(t *task, tp *tracepoint) *unregistered {
	tr := &k.tracing
	t.use(costUnregister)
	k.syncAll()
	u := &unregistered{k: k, tp: tp, lists: tp.lists}
	tp.lists = nil
	tr.unfreed = append(tr.unfreed, u)
	if !tp.onTracepoint() {
		return u
	}
	u.cookie, u.taken = tr.tracepoint.Start(), true
	tr.lastOff, tr.offArmed = u.cookie, true
	probes := tp.name + " probes"
	epoch := k.newEpoch()
	tp.offEpoch = epoch
	tr.tracepoint.Call(func() { k.checkProbes(probes, epoch) })
	return u
}

// unregistered implements fixes.Unregistered.
type unregistered struct {
	k      *kernel
	tp     *tracepoint
	lists  *lists
	cookie srcu.Cookie
	taken  bool // unregistering has taken the cookie
	closed bool // close() has returned
	// deferred are the work items of this teardown that have not run, and
	// flushed is completed whenever one has.
	deferred []*work
	flushed  completion
}

func (u *unregistered) TasksTrace() fixes.Domain { return u.k.tracing.tasksTrace }
func (u *unregistered) Tracepoint() fixes.Domain { return u.k.tracing.tracepoint }

// Cookie is that of unregistering. An event that is on no tracepoint has none, and
// takes it now.
func (u *unregistered) Cookie() srcu.Cookie {
	if !u.taken {
		u.cookie, u.taken = u.k.tracing.tracepoint.Start(), true
	}
	return u.cookie
}

func (u *unregistered) ReadIn() fixes.Domains { return u.tp.readIn }
func (u *unregistered) Held() int             { return len(u.k.tracing.unfreed) }

func (u *unregistered) Clear() {
	u.checkEventMutex("list pointer cleared")
	u.checkNotInside("list pointer cleared")
	u.lists.cleared = true
	u.settle()
}

func (u *unregistered) Free() {
	if t := u.k.curTask; t != nil {
		t.use(costFree)
	}
	u.checkEventMutex("lists freed")
	if u.lists.freed {
		u.k.unsafe(trial.DoubleFree, "lists of %s freed twice", u.tp.name)
	}
	u.k.syncAll()
	u.lists.freed = true
	u.checkNotInside("lists freed")
	u.settle()
}

func (u *unregistered) Drop() {
	u.checkEventMutex("trace buffers dropped")
	u.checkNotInside("trace buffers dropped")
	if u.lists.dropped {
		u.k.unsafe(trial.DoubleFree, "trace buffers of %s dropped twice", u.tp.name)
	}
	u.lists.dropped = true
	u.k.tracing.buffers--
	u.settle()
}

// settle takes what is freed altogether off the books.
func (u *unregistered) settle() {
	if u.lists.gone() {
		tr := &u.k.tracing
		tr.unfreed = slices.DeleteFunc(tr.unfreed, func(o *unregistered) bool { return o == u })
	}
}

// Defer runs fn in a worker of the system workqueue, which may block.
func (u *unregistered) Defer(fn func()) {
	k := u.k
	k.tracing.deferring++
	w := &work{name: freeWork}
	w.fn = func(t *task) {
		t.lock(&k.tracing.eventMutex)
		fn()
		t.unlock(&k.tracing.eventMutex)
		k.tracing.deferring--
		u.deferred = slices.DeleteFunc(u.deferred, func(o *work) bool { return o == w })
		k.complete(&u.flushed)
	}
	u.deferred = append(u.deferred, w)
	k.queueWork(w)
}

func (u *unregistered) Flush() {
	t, ok := u.k.mayBlock("flush_work()")
	if !ok {
		return
	}
	for _, w := range slices.Clone(u.deferred) {
		for slices.Contains(u.deferred, w) {
			u.flushed.done = false
			t.waitWork = w
			t.wait(&u.flushed, inFlush)
		}
	}
	t.waitWork = nil
}
