package kernel

import (
	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
)

// The graph of waits. Its nodes are objects that wait or are waited for: a *task, a
// *mutex, a *work item, an SRCU *domain, vanilla RCU (*rcuState) and its expedited
// grace periods (*expRCU). Blame follows the graph after every event, the diagnosis
// after the drain. Only next follows its links.

// node is a node of the graph; nil is none.
type node any

// cause is a trial.Cause in a form for comparing after every event and for counting:
// the chain of waits that was followed.
type cause struct {
	who          *task // end of the chain, if the task matters
	what         trial.Mechanism
	cpu          uint8
	domain       uint8 // 0 is none, else its index and one
	phase        trial.Phase
	rcu          trial.Kind
	behind, poll bool
}

// mostLinks limits a chain. A longer one is a circle, and its end is unknown.
const mostLinks = 16

// causeOf follows the chain of waits from a task to its end.
func (k *kernel) causeOf(t *task) (c cause) {
	n := k.taskWaits(t, &c)
	for range mostLinks {
		if n == nil {
			return c
		}
		n = k.next(n, &c)
	}
	c.what = trial.Asleep
	return c
}

// next follows one link. It returns the node that n waits for and adds the link to
// the cause. At the end of the chain it adds the mechanism and returns nil.
func (k *kernel) next(n node, c *cause) node {
	if t, ok := n.(*task); ok { // every second node
		return k.taskWaits(t, c)
	}
	switch n := n.(type) {
	case *mutex:
		if n.owner == nil {
			c.what = trial.Asleep
			return nil
		}
		return n.owner
	case *work:
		return k.workWaits(n, c)
	case *domain:
		return k.domainWaits(n, c)
	case *rcuState:
		return k.rcuWaits(c)
	default:
		return k.expWaitsFor(c)
	}
}

// role is the role of a task on a chain of waits.
type role uint8

const (
	asCloser role = iota
	asWorker
	asReader
	asKthread      // of normal grace periods
	asExpWorker    // of expedited ones
	asTraceKthread // of Tasks-Trace RCU
	asTasksKthread // of RCU tasks
	asOffload      // of offloaded callbacks
)

// The mechanisms of a chain that ends at a task: it executes, waits for a CPU, or
// sleeps.
var ends = [...]struct{ runs, queued, asleep trial.Mechanism }{
	asCloser:       {trial.CloserRuns, trial.CloserQueued, trial.Asleep},
	asWorker:       {trial.WorkerRuns, trial.WorkerQueued, trial.Asleep},
	asReader:       {trial.ReaderRuns, trial.ReaderQueued, trial.Asleep},
	asKthread:      {trial.KthreadRuns, trial.KthreadQueued, trial.KthreadAsleep},
	asExpWorker:    {trial.ExpWorkerRuns, trial.ExpWorkerQueued, trial.ExpWorkerAsleep},
	asTraceKthread: {trial.TraceKthreadRuns, trial.TraceKthreadQueued, trial.Holdouts},
	asOffload:      {trial.OffloadRuns, trial.OffloadQueued, trial.CallbackQueued},
	asTasksKthread: {trial.TasksKthreadRuns, trial.TasksKthreadQueued, trial.TasksHoldouts},
}

func (k *kernel) taskWaits(t *task, c *cause) node {
	k.watch(t)
	if t.role == asReader {
		c.who = t
	}
	if t.state == running {
		if t.cpu.halted() {
			c.what, c.cpu = trial.CPUStopped, uint8(t.cpu.id)
			return nil
		}
		if t.cpu.cur == t {
			c.what, c.cpu = ends[t.role].runs, uint8(t.cpu.id)
		} else {
			c.what = ends[t.role].queued
		}
		return nil
	}
	switch t.where {
	case inMutex:
		c.behind = c.behind || c.domain == 0
		return t.waitingOn
	case inFlush:
		return t.waitWork
	case inSRCUWait:
		return t.waitDomain
	case inPollWait:
		return k.pollerWaits(t, c)
	case inSyncRCU, inOffloadGP:
		return &k.rcu
	case inCallRCU:
		if t.postedOn.offloaded() {
			return k.offloadWaits(t.postedOn, t.waitMark)
		}
		return &k.rcu
	case inSyncExp:
		return &k.rcu.exp
	case inRCUTasks:
		return k.rcuTasks.task
	case inRude:
		c.what = trial.WorkerQueued
		return nil
	case inTasksTrace:
		return k.holdouts.task
	case inFenceAll:
		c.what = trial.BarrierNotAnswered
		return nil
	}
	c.what = ends[t.role].asleep
	switch {
	case k.rests(t):
		c.what = trial.RetryDelay
	case t.role == asTraceKthread:
		k.holdouts.restWaits(c)
	}
	if t.cpu.halted() { // so its timer does not fire
		c.what, c.cpu = trial.CPUStopped, uint8(t.cpu.id)
	}
	return nil
}

// rests reports whether the task is a kthread of RCU tasks without holdouts to check.
func (k *kernel) rests(t *task) bool {
	return t.role == asTraceKthread && !k.holdouts.looking || t.role == asTasksKthread && !k.rcuTasks.looking
}

// pollerWaits follows a task that polls a cookie once a jiffy. It waits for the
// cookie's grace period, and after that for its own next poll.
func (k *kernel) pollerWaits(t *task, c *cause) node {
	d := t.waitDomain
	if d != nil && d.machine.Done(t.waitCookie) || d == nil && rcu.SeqGE(k.rcu.polled, uint64(t.waitCookie)) {
		c.what = trial.RetryDelay
		return nil
	}
	c.poll = c.poll || d == nil
	if d == nil {
		return &k.rcu
	}
	return d
}

func (k *kernel) workWaits(w *work, c *cause) node {
	if w.on != nil {
		return w.worker
	}
	c.what = trial.WorkerQueued
	return nil
}

// domainWaits follows the wait of an SRCU domain's callbacks.
func (k *kernel) domainWaits(d *domain, c *cause) node {
	w := &d.process
	c.domain, c.phase = d.index, d.phase()
	switch {
	case d.pollsInVain():
		c.poll = true
		return k.polledGP(d)
	case w.on != nil:
		return w
	case c.phase == trial.Invocation && d.invoking() != nil:
		return d.invoking()
	case d.starting:
		c.what, c.cpu = trial.IRQWorkQueued, uint8(d.startingOn.id)
		return nil
	case !w.queued && d.machine.State() != srcu.Idle: // an RCU callback will resume the scan
		return k.callbackWaits(d, c)
	case w.queued && w.timer == 0:
		c.what = trial.WorkerQueued
	case w.queued && d.foundReader:
		c.what = trial.DomainReader
	case w.queued && rcu.SeqGE(k.jiffies, w.timer):
		c.what = trial.TimerLate
		if w.armed.halted() {
			c.what, c.cpu = trial.CPUStopped, uint8(w.armed.id)
		}
	case w.queued:
		c.what = trial.RetryDelay
	default:
		c.what = trial.CallbackQueued
	}
	return nil
}

// callbackWaits follows the RCU callback that will resume a scan.
func (k *kernel) callbackWaits(d *domain, c *cause) node {
	n, e := &k.rcu, &k.rcu.exp
	if d.posted > 0 && d.postedOn.offloaded() {
		return k.offloadWaits(d.postedOn, d.lastPost)
	}
	switch m := d.lastPost; {
	case !k.fix.ExpeditedCallbacks || m == nil:
	case *m != rcuMark{} && k.completed(*m):
		c.what = trial.CallbackQueued
		return nil
	case d.hurried && !e.poll.idle():
		return &e.poll
	case e.running && (d.hurried || !rcu.SeqRunning(n.seq) && !n.initFlag):
		return e
	}
	return n
}

// phase is the phase of the domain's grace period.
func (d *domain) phase() trial.Phase {
	switch d.machine.State() {
	case srcu.Scan1:
		return trial.Scan1
	case srcu.Scan2:
		return trial.Scan2
	}
	if d.machine.Needed() {
		return trial.BeforeGP
	}
	return trial.Invocation
}

// pollsInVain reports whether a scan of the domain polls an unfinished RCU cookie:
// then the scan waits for RCU, however late its timer and its worker are.
func (d *domain) pollsInVain() bool {
	return d.polling != nil && !rcu.SeqGE(d.k.rcu.polled, d.pollCookie)
}

// polledGP is the grace period that a scan has requested by polling, or the other
// kind if only that one runs: either ends the polled one.
func (k *kernel) polledGP(d *domain) node {
	n, e := &k.rcu, &k.rcu.exp
	switch {
	case d.polling == &d.waits.expedited && !e.poll.idle():
		return &e.poll
	case e.running && (d.polling == &d.waits.expedited || !rcu.SeqRunning(n.seq) && !n.initFlag):
		return e
	}
	return n
}

// rcuWaits follows the normal grace period that runs or is about to start. While CPUs
// or readers block a running one, the kthread's scans for quiescent states delay
// nothing.
func (k *kernel) rcuWaits(c *cause) node {
	n := &k.rcu
	c.rcu = trial.NormalRCU
	if !rcu.SeqRunning(n.seq) || n.root.done() {
		return n.kthread
	}
	for _, o := range k.cpus {
		if !o.owes() {
			continue
		}
		c.cpu = uint8(o.id)
		switch {
		case o.halted():
			c.what = trial.CPUStopped
		case o.gpSeq != n.seq:
			c.what = trial.GPNotNoticed
		case o.noQS:
			c.what = trial.NoQuiescentState
		default:
			c.what = trial.QSNotReported
		}
		return nil
	}
	if t := n.lastReader(func(t *task) bool { return t.rcu.blocksGP }); t != nil {
		return t
	}
	cpu, ok := k.lostReport()
	if !ok {
		panic("kernel: a grace period that nothing holds up")
	}
	c.what, c.cpu = trial.ReportLost, uint8(cpu)
	return nil
}

func (k *kernel) expWaitsFor(c *cause) node {
	e := &k.rcu.exp
	c.rcu = trial.ExpeditedRCU
	k.watch(e.worker)
	if t := e.worker; t.state == running && t.cpu.cur != t {
		return t
	}
	for _, o := range k.cpus {
		if o.owesExp() {
			c.what, c.cpu = trial.ExpNotAnswered, uint8(o.id)
			if o.halted() {
				c.what = trial.CPUStopped
			}
			return nil
		}
	}
	if t := k.rcu.lastReader(func(t *task) bool { return t.rcu.blocksExp }); t != nil {
		return t
	}
	for _, leaf := range k.rcu.leaves {
		if w := &leaf.expWorker; w.asked {
			k.watch(w.task)
			return w.task
		}
	}
	return e.worker
}

// export converts a cause to data.
func (k *kernel) export(c cause) trial.Cause {
	e := trial.Cause{Behind: c.behind, Phase: c.phase, Poll: c.poll, RCU: c.rcu, Mechanism: c.what}
	if c.domain != 0 {
		e.Domain = k.domains[c.domain-1].name
	}
	if ofCPU(c.what) {
		e.CPU = trial.OnCPU(int(c.cpu))
	}
	if c.who != nil {
		e.Task, e.Group = c.who.name, c.who.family
	}
	return e
}

// ofCPU reports whether the CPU of a mechanism matters beyond its storm.
func ofCPU(m trial.Mechanism) bool {
	switch m {
	case trial.GPNotNoticed, trial.NoQuiescentState, trial.QSNotReported, trial.ExpNotAnswered, trial.ReportLost, trial.IRQWorkQueued, trial.CPUStopped,
		trial.TraceNotAnswered:
		return true
	}
	return false
}
