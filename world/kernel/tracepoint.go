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
	lists *lists // the object that readers find: the probe and its per-CPU lists
	// readIn is the set of domains whose readers call the probe.
	readIn fixes.Domains
	off    removal // the last one of a last probe, for an oracle
}

// removal is the time of the removal of a probe.
type removal struct {
	epoch uint64 // of the kernel
	// whole is the first grace period of the domain of the readers that began later, full
	// that of vanilla RCU.
	whole srcu.Cookie
	full  rcuMark
}

// lists represents the memory that a probe reads and a teardown frees: the probe
// array, the per-CPU event lists and the trace buffers.
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
	done        func(srcu.Cookie) bool // polls a cookie of tracepoint
	unfreed     []*unregistered        // teardowns with unfreed memory
	// lastOff is the snapshot taken at the removal of a last probe, for the next
	// addition of a first one (tp_transition_snapshot 1_0_1).
	lastOff  srcu.Cookie
	offArmed bool
	// lastRemoval is its time, for an oracle.
	lastRemoval removal
	buffers     int // total_ref_count
	deferring   int // unfinished teardowns in a worker
}

// open attaches a perf event (perf_trace_init). The first user registers the probe,
// after a wait for the readers of the last removal.
func (k *kernel) open(t *task, tp *tracepoint) {
	tr := &k.tracing
	t.use(costOpen)
	if tp.kind == workload.BPFLink { // a BPF link takes only the inner one of these two locks
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

// register is tracepoint_probe_register of a first probe, with tracepoints_mutex
// held.
func (k *kernel) register(t *task, tp *tracepoint) {
	tr := &k.tracing
	if tr.offArmed && tp.onTracepoint() {
		tr.offArmed = false
		over, began := k.over(tr.lastRemoval), k.now
		if k.decision(OpenWaits, -1, true) {
			k.condSync(t, tr.lastOff)
		}
		k.checkOpenDelay(tp, over, began)
	}
	k.checkOpen(tp)
	t.use(costRegister)
	k.syncAll()
	tp.lists = &lists{}
	tr.buffers++
}

// condSync waits for a full grace period of the tracepoint domain unless the cookie
// is done (tp_rcu_cond_sync).
func (k *kernel) condSync(t *task, c srcu.Cookie) {
	if !k.tracing.done(c) {
		k.tracing.tracepoint.Synchronize()
	}
}

// closeEvent is close() of a perf event (perf_trace_destroy). The last user
// unregisters the probe and then runs the candidate's teardown, all with event_mutex
// held.
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

// unregister is tracepoint_probe_unregister of a last probe, with tracepoints_mutex
// held. After it, no reader finds the probe. It starts a grace period and queues the
// old probe array to be freed, before any wait.
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
	tp.off = k.removal()
	tr.lastRemoval = tp.off
	u.cookie, u.taken = tr.tracepoint.Start(), true
	if !tr.offArmed || k.decision(LatestRemoval, -1, true) {
		tr.lastOff, tr.offArmed = u.cookie, true
	}
	probes := tp.name + " probes"
	epoch := tp.off.epoch
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
	// deferred are the work items of this teardown that have not run. flushed is
	// completed whenever one has run.
	deferred []*work
	flushed  completion
}

func (u *unregistered) TasksTrace() fixes.Domain { return u.k.tracing.tasksTrace }
func (u *unregistered) Tracepoint() fixes.Domain { return u.k.tracing.tracepoint }

// Cookie returns the cookie that unregistering took. An event without a tracepoint
// has none, and takes it now.
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

// settle removes the teardown from the list of unfreed ones if all its memory is
// freed.
func (u *unregistered) settle() {
	if u.lists.gone() {
		tr := &u.k.tracing
		tr.unfreed = slices.DeleteFunc(tr.unfreed, func(o *unregistered) bool { return o == u })
	}
}

// Defer runs fn, which may block, in a worker of the system workqueue.
func (u *unregistered) Defer(fn func()) {
	k := u.k
	k.tracing.deferring++
	link := k.chained(u.tp.name)
	w := &work{name: freeWork}
	w.fn = func(t *task) {
		t.lock(&k.tracing.eventMutex)
		k.invoke(link, fn)
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
