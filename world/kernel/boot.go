package kernel

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/workload"
)

// boot brings up CPUs, kernel threads and domains, and the parts that the scenario
// requests.
func (k *kernel) boot() {
	k.trace = newTracer(k)
	k.bootCPUs()
	k.bootRCU()
	k.bootTracing()
	k.bootPerf()
	k.bootTasks()
	k.listPreemptions()
	for i := range k.sc.Closers {
		g := &closerGroup{spec: &k.sc.Closers[i]}
		k.groups = append(k.groups, g)
		k.startClosers(g)
	}
	k.bindTracepoints()
	k.startStorms()
	k.startFaults()
	for i := range k.sc.RCULoad {
		k.startLoad(i, &k.sc.RCULoad[i])
	}
	for i := range k.sc.Modules {
		k.startModule(i, &k.sc.Modules[i])
	}
	k.startHungDetector()
	k.workqueueWatchdog()
}

func (k *kernel) bootCPUs() {
	k.agenda = newAgenda(k.sc.Machine.CPUs)
	k.mostUnbalanced = balancedEvery(k.sc.Machine.CPUs, k.sc.Machine.HZ)
	for i := range k.sc.Machine.CPUs {
		c := &cpu{k: k, id: i, slots: &k.agenda.slots[i]}
		c.pool = &pool{cpu: c}
		c.phase = 1 + k.stream("tick "+itoa(i)).Int64N(k.tick/8)
		c.grid = c.phase
		k.cpus = append(k.cpus, c)
	}
	for _, c := range k.cpus {
		c.ksoftirqd = k.newKsoftirqd(c)
		c.ksoftirqd.quiet = true
		for range bootWorkers {
			c.pool.idle = append(c.pool.idle, k.addWorker(c.pool))
		}
		c.inIdle, c.tickStopped = true, true
	}
}

// bootWorkers is the number of workers that a pool has at the start of the trial.
const bootWorkers = 4

func (k *kernel) bootRCU() {
	n := &k.rcu
	n.seq, n.needed = rcuInitial, rcuInitial
	k.bootTree()
	for _, c := range k.cpus {
		c.gpSeq = n.seq
	}
	n.kthread = k.spawn(k.flavor(), k.mask(k.sc.Placement.GP), stepFunc(k.gpKthread))
	n.kthread.quiet, n.kthread.role = true, asKthread
	prio := k.sc.RCU.KthreadPrio
	if k.sc.RCU.Boost {
		prio = max(prio, 1)
	}
	n.kthread.prio = prio
	n.exp.worker = k.spawn("rcu_exp_gp_kthr", k.mask(k.sc.Placement.Exp), stepFunc(k.expWorker))
	n.exp.worker.role = asExpWorker
	if k.sc.RCU.Boost { // CONFIG_RCU_EXP_KTHREAD
		n.exp.worker.prio = prio
	}
	for _, leaf := range n.leaves {
		if leaf.parent == nil || leaf == k.lastLeaf() || leaf.online == 0 {
			continue
		}
		t := k.spawn("rcu_exp_par_gp_", k.mask(k.sc.Placement.Exp), k.expLeafWorker(leaf))
		t.role, t.prio = asExpWorker, n.exp.worker.prio
		leaf.expWorker.task = t
	}
	k.bootNoCBs()
	n.exp.poll = work{name: "sync_rcu_do_polled_gp", fn: k.doPolledExp}
}

// bootTracing creates the domains that the candidate has.
func (k *kernel) bootTracing() {
	tr := &k.tracing
	tr.eventMutex.name, tr.tracepoints.name = "event_mutex", "tracepoints_mutex"
	tasksTrace, tracepoint := k.fix.NewBarriers()
	tr.barrier = tasksTrace
	if k.fix.TasksTrace == fixes.TasksTraceHoldouts {
		k.holdouts = k.newHoldouts()
		tr.tasksTrace = k.holdouts
	} else {
		d := k.newDomain("rcu_tasks_trace_srcu_struct", tasksTrace)
		d.withoutRCU = k.fix.WithoutRCU&fixes.TasksTraceDomain != 0
		tr.tasksTrace = d
	}
	switch k.fix.Reader {
	case fixes.ReaderPreemptOff:
		v := &vanilla{k: k}
		k.preemptOff = v
		tr.tracepoint, tr.done = v, v.done
	case fixes.ReaderAtomic:
		s := k.newSpinning(tracepoint)
		s.d.fullReaders = true
		k.tracepointSRCU, k.preemptOff = s.d, &s.vanilla
		tr.tracepoint, tr.done = s, s.done
	default:
		d := k.newDomain("tracepoint_srcu", tracepoint)
		d.withoutRCU = k.fix.WithoutRCU&fixes.TracepointDomain != 0
		d.fullReaders = k.fix.Fenced()
		k.tracepointSRCU = d
		tr.tracepoint, tr.done = d, d.machine.Done
	}
}

func (k *kernel) bootPerf() {
	p := &k.sc.Perf
	rate, percent := p.MaxSampleRate, p.CPUPercent
	if rate == 0 {
		rate = 100_000
	}
	if percent == 0 {
		percent = 25
	}
	if p.NoThrottle {
		percent = 0
	}
	k.rate = newPerfRate(k.sc.Machine.HZ, rate, percent)
	k.budget = k.tick * ns(k.fix.Budget.Percent) / 100
	for _, c := range k.cpus {
		c.charged.rest = k.budget
		c.credit, c.maxPerTick = k.budget, k.rate.maxPerTick
	}
}

// bootTasks creates the looping tasks, each at a random point of its loop.
func (k *kernel) bootTasks() {
	for i := range k.sc.Tasks {
		spec := &k.sc.Tasks[i]
		draws := k.stream("tasks " + spec.Name)
		for n := range spec.Count {
			name := spec.Name
			if spec.Count > 1 {
				name += "-" + itoa(n)
			}
			l, asleep := newLoop(k, spec, draws.Int64N)
			t := k.spawn(name, k.mask(spec.CPUs), l)
			t.loop, l.t = l, t
			t.kernel, t.quiet = false, true
			if spec.Sched == workload.FIFO {
				t.prio = 1
			}
			t.role, t.family, t.group, t.leader = asReader, spec.Name, spec.Name, t
			if n > 0 && t.group != "" {
				t.leader = k.tasks[len(k.tasks)-2].leader
			}
			if k.bindReader(l); l.rcu {
				k.rcuLoops = append(k.rcuLoops, l)
			}
			t.cpu = k.firstAllowed(t.allowed, n)
			k.startTask(t, asleep)
		}
	}
}

// bindReader connects a loop to the objects that its kind of section accesses.
func (k *kernel) bindReader(l *loop) {
	switch l.spec.Reads {
	case workload.ReadsRCU:
		l.rcu = true
		return
	case workload.ReadsTracepoint:
		r := &readerState{domain: k.tracepointSRCU}
		switch k.fix.Reader {
		case fixes.ReaderFull:
			r.barrier = 1
		case fixes.ReaderPreemptOff:
			l.rcu, l.off = true, true
		case fixes.ReaderAtomic:
			r.barrier, l.rcu, l.off = 1, true, true
		}
		l.reader = r
	case workload.ReadsTasksTrace:
		r := &readerState{}
		if k.holdouts == nil {
			r.domain = k.domains[0]
		} else {
			k.holdouts.loops = append(k.holdouts.loops, l)
		}
		l.reader = r
	default:
		return
	}
	r := l.reader
	r.fetch = min(k.cost(costFetch), max(l.section/2, 1))
	if r.domain != nil {
		r.domain.loops = append(r.domain.loops, l)
	}
	if l.off {
		k.preemptOff.loops = append(k.preemptOff.loops, l)
	}
	k.readers = append(k.readers, l)
	if l.spec.Reads == workload.ReadsTracepoint {
		k.tracepointLoops = append(k.tracepointLoops, l)
	}
}

// startLoad starts a background user of vanilla RCU.
func (k *kernel) startLoad(i int, load *workload.RCULoad) {
	c := k.cpus[load.CPU]
	period := ns(load.Period)
	first := k.stream("rcu load " + itoa(i)).Int64N(period)
	if load.Kind == workload.RequestCall {
		post := func() { k.call(func() {}) }
		if d := k.loadDomain(load); d != nil {
			post = func() { d.Call(func() {}) }
		}
		var again func()
		again = func() {
			c.arrive(irq{kind: irqCall, done: post})
			if !k.drained || !k.finished() {
				k.at(k.now+period, again)
			}
		}
		k.at(first, again)
		return
	}
	t := k.spawn("rcu_load/"+itoa(i), only(c.id), k.direct(func(t *task) {
		for {
			k.request(t, load)
			t.where = nowhere
			t.ask(demand{state: sleeping, sleep: period})
		}
	}))
	if load.Sched == workload.FIFO {
		t.prio = 1
	}
	k.at(first, func() { k.wake(t) })
}

// loadDomain is the SRCU domain of a load, nil for vanilla RCU.
func (k *kernel) loadDomain(load *workload.RCULoad) fixes.Domain {
	switch load.Domain {
	case workload.TracepointDomain:
		return k.tracing.tracepoint
	case workload.TasksTraceDomain:
		return k.tracing.tasksTrace
	}
	return nil
}

// request waits for one grace period of a load. A domain without expedited grace
// periods has a normal one.
func (k *kernel) request(t *task, load *workload.RCULoad) {
	d := k.loadDomain(load)
	switch s, ok := d.(*domain); {
	case d == nil && load.Kind == workload.RequestExpedited:
		k.expedite(t)
	case d == nil:
		k.synchronize(t)
	case ok && load.Kind == workload.RequestExpedited: // synchronize_srcu_expedited
		t.use(costSync)
		s.begin(!k.sc.RCU.Normal)(t)
	default:
		d.Synchronize()
	}
}

var (
	_ fixes.Domain       = (*domain)(nil)
	_ fixes.Domain       = (*holdouts)(nil)
	_ fixes.Domain       = (*vanilla)(nil)
	_ fixes.Unregistered = (*unregistered)(nil)
	_ srcu.Side          = (*domainSide)(nil)
)

// rcuInitial is 300 grace periods before the wrap (RCU_GP_SEQ_INITIAL_VAL).
var rcuInitial = rcu.SeqBefore(300)
