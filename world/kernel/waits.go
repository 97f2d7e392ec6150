package kernel

import (
	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
)

// The graph of waits. Its nodes are whatever waits or is waited for: a *task, a
// *mutex, a *work item, an SRCU *domain, vanilla RCU (*rcuNode) and its expedited
// grace periods (*expRCU). Blame follows it after every event, the diagnosis after
// the drain; next alone follows its links.

// node is a node of the graph; nil is none.
type node any

// cause is a trial.Cause in the form in which it is compared after every event,
// and counted: the chain of waits that was followed.
type cause struct {
	who          *task // at the end of the chain, if it matters who
	what         trial.Mechanism
	cpu          uint8
	domain       uint8 // 0 is none, else its index and one
	phase        trial.Phase
	rcu          trial.Kind
	behind, poll bool
}

// mostLinks bounds a chain: a longer one is a circle, and nothing is known of its
// end.
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

// next follows one link. It returns what the node waits for and adds the link to
// the cause; at the end of the chain it adds the mechanism and returns nil.
func (k *kernel) next(n node, c *cause) node {
	switch n := n.(type) {
	case *task:
		return k.taskWaits(n, c)
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
	case *rcuNode:
		return k.rcuWaits(c)
	default:
		return k.expWaitsFor(c)
	}
}

// role says what a task is on a chain of waits.
type role uint8

const (
	asCloser role = iota
	asWorker
	asReader
	asKthread      // of normal grace periods
	asExpWorker    // of expedited ones
	asTraceKthread // of Tasks-Trace RCU
	asTasksKthread // of RCU tasks
)

// How a chain ends with a task: it executes, waits for a CPU, or sleeps.
var ends = [...]struct{ runs, queued, asleep trial.Mechanism }{
	asCloser:       {trial.CloserRuns, trial.CloserQueued, trial.Asleep},
	asWorker:       {trial.WorkerRuns, trial.WorkerQueued, trial.Asleep},
	asReader:       {trial.ReaderRuns, trial.ReaderQueued, trial.Asleep},
	asKthread:      {trial.KthreadRuns, trial.KthreadQueued, trial.KthreadAsleep},
	asExpWorker:    {trial.ExpWorkerRuns, trial.ExpWorkerQueued, trial.ExpWorkerAsleep},
	asTraceKthread: {trial.TraceKthreadRuns, trial.TraceKthreadQueued, trial.Holdouts},
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
	case inSyncRCU, inCallRCU:
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
	if k.rests(t) {
		c.what = trial.RetryDelay
	}
	if t.cpu.halted() { // so that its timer does not fire
		c.what, c.cpu = trial.CPUStopped, uint8(t.cpu.id)
	}
	return nil
}

// rests reports whether the task is a kthread of RCU tasks that has no holdouts to
// look at.
func (k *kernel) rests(t *task) bool {
	return t.role == asTraceKthread && !k.holdouts.looking || t.role == asTasksKthread && !k.rcuTasks.looking
}

// pollerWaits follows a task that looks at a cookie once a jiffy: it waits for
// the cookie's grace period, and once that is over for its own next look.
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

// domainWaits follows what the callbacks of an SRCU domain wait for.
func (k *kernel) domainWaits(d *domain, c *cause) node {
	w := &d.process
	c.domain, c.phase = d.index, d.phase()
	switch {
	case d.pollsInVain():
		c.poll = true
		return k.polledGP(d)
	case w.on != nil:
		return w
	case c.phase == trial.Invocation && d.invoke.on != nil:
		return &d.invoke
	case d.starting:
		c.what, c.cpu = trial.IRQWorkQueued, uint8(d.startingOn.id)
		return nil
	case !w.queued && d.machine.State() != srcu.Idle: // an RCU callback is to resume the scan
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

// callbackWaits follows the RCU callback that is to resume a scan.
func (k *kernel) callbackWaits(d *domain, c *cause) node {
	n, e := &k.rcu, &k.rcu.exp
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

// phase is how far the domain's grace period has come.
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

// pollsInVain reports whether a scan of the domain polls an RCU cookie that is
// not done: however late its timer and its worker are, the scan waits for RCU.
func (d *domain) pollsInVain() bool {
	return d.polling != nil && !rcu.SeqGE(d.k.rcu.polled, d.pollCookie)
}

// polledGP is the grace period that a scan has asked for by polling, or the
// other kind if only that one runs: either ends the polled one.
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

// rcuWaits follows the normal grace period that runs, or is about to start. While
// CPUs or readers hold a running one up, the kthread's scans for quiescent states
// hold up nothing.
func (k *kernel) rcuWaits(c *cause) node {
	n := &k.rcu
	c.rcu = trial.NormalRCU
	if !rcu.SeqRunning(n.seq) || n.done() {
		return n.kthread
	}
	for _, o := range k.cpus {
		if n.qsmask&(1<<o.id) == 0 {
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
	for i := len(n.readers) - 1; i >= 0; i-- {
		if t := n.readers[i]; t.rcu.blocksGP {
			return t
		}
	}
	panic("kernel: a grace period that nothing holds up")
}

func (k *kernel) expWaitsFor(c *cause) node {
	e := &k.rcu.exp
	c.rcu = trial.ExpeditedRCU
	k.watch(e.worker)
	if t := e.worker; t.state == running && t.cpu.cur != t {
		return t
	}
	for _, o := range k.cpus {
		if e.mask&(1<<o.id) != 0 {
			c.what, c.cpu = trial.ExpNotAnswered, uint8(o.id)
			if o.halted() {
				c.what = trial.CPUStopped
			}
			return nil
		}
	}
	for i := len(k.rcu.readers) - 1; i >= 0; i-- {
		if t := k.rcu.readers[i]; t.rcu.blocksExp {
			return t
		}
	}
	return e.worker
}

// export turns a cause into data.
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

// ofCPU reports whether it matters on which CPU something happens, beyond the
// storm there.
func ofCPU(m trial.Mechanism) bool {
	switch m {
	case trial.GPNotNoticed, trial.NoQuiescentState, trial.QSNotReported, trial.ExpNotAnswered, trial.ReportLost, trial.IRQWorkQueued, trial.CPUStopped:
		return true
	}
	return false
}
