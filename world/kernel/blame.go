package kernel

import (
	"cmp"
	"slices"
	"time"

	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
)

// cause is why a close() is not done at an instant: a path along the chain of
// waits, from event_mutex down to the CPU or reader that everything waits for.
// Between two events it does not change.
type cause struct {
	who    *task // the reader that is waited for, if any
	what   reason
	cpu    uint8
	domain uint8 // 0 is none, else its index and one
	phase  uint8 // of the domain's grace period
	behind bool  // event_mutex is held by another, whose cause this is
}

// reason is the innermost link of the chain.
type reason uint8

const (
	selfRuns        reason = iota // the closer executes
	selfQueued                    // the closer is runnable and waits for a CPU
	sleepsOther                   // none of the below
	startDelay                    // the jiffies that SRCU lets pass by design
	timerLate                     // such a delay is over, TIMER_SOFTIRQ has not run
	workerQueued                  // the work item or its worker waits for a CPU
	workerRuns                    // the worker executes
	callbackWait                  // the grace period is over, its callback has not run
	srcuReader                    // a reader is inside the domain
	gpKthreadQueued               // the grace-period kthread waits for a CPU
	gpKthreadRuns                 // it executes
	gpSleeps                      // all is in, or nothing runs; it sleeps until it looks again
	cpuNotNoticed                 // a CPU has not noticed the grace period: no tick, or no softirq
	cpuNoQS                       // a CPU has passed no quiescent state
	cpuNotReported                // a CPU has, and has not reported it: no softirq
	readerQueued                  // a preempted reader waits for a CPU
	readerRuns                    // a preempted reader executes
	expWorkerQueued               // the expedited worker waits for a CPU
	expCPU                        // a CPU has not answered the expedited IPI
	fenceIPI                      // a CPU has not answered the IPI for a barrier
	holdoutWait                   // Tasks-Trace looks at its holdouts again later
)

var reasons = [...]string{
	selfRuns: "close() itself", selfQueued: "close() waits for a CPU", sleepsOther: "asleep",
	startDelay: "delay by design", timerLate: "timer softirq late",
	workerQueued: "kworker waits for a CPU", workerRuns: "kworker executes",
	callbackWait: "callback not yet invoked", srcuReader: "reader inside the domain",
	gpKthreadQueued: "grace-period kthread waits for a CPU", gpKthreadRuns: "grace-period kthread executes",
	gpSleeps: "grace-period kthread asleep", cpuNotNoticed: "has not noticed the grace period",
	cpuNoQS: "no quiescent state", cpuNotReported: "quiescent state not reported, softirq late",
	readerQueued: "preempted reader waits for a CPU", readerRuns: "preempted reader executes",
	expWorkerQueued: "expedited worker waits for a CPU", expCPU: "expedited IPI not answered",
	fenceIPI: "barrier IPI not answered", holdoutWait: "Tasks-Trace holdouts",
}

// blameShare is what one cause has added up to.
type blameShare struct {
	wait, storm ns
}

// blameState is the attribution of one close in progress.
type blameState struct {
	now    cause
	since  ns
	storm  ns // of now.cpu at since
	shares map[cause]blameShare
}

// reblame is called after every event: where a close waits for something else
// than before, the time so far goes to what it waited for.
func (k *Kernel) reblame() {
	for _, t := range k.watched {
		t.watched = false
	}
	k.watched = k.watched[:0]
	var owner *task
	var held cause // why owner, who holds event_mutex, is not done
	for _, t := range k.closing {
		b := &t.closing.blame
		var c cause
		if m := t.waitingOn; m != nil && m.owner != nil && m.owner != t {
			if m.owner != owner {
				owner, held = m.owner, k.causeOf(m.owner, 1)
			}
			c = held
			c.behind = true
		} else {
			c = k.causeOf(t, 0)
		}
		if c != b.now {
			k.flushBlame(b)
			b.now = c
			k.trace.waitsFor(t, c)
			k.markStorm(b)
		}
	}
}

// watch notes that a task is on a chain of waits: what happens to it is a
// reason to follow the chains again.
func (k *Kernel) watch(t *task) {
	if !t.watched {
		t.watched = true
		k.watched = append(k.watched, t)
	}
}

// flushBlame gives the time since the last change to the cause it had.
func (k *Kernel) flushBlame(b *blameState) {
	d := k.now - b.since
	b.since = k.now
	if d == 0 {
		return
	}
	if b.shares == nil {
		b.shares = map[cause]blameShare{}
	}
	of := b.now
	if !of.what.namesCPU() {
		of.cpu = 0
	}
	s := b.shares[of]
	s.wait += d
	if b.now.what.stormed() {
		s.storm += min(d, k.stormOf(b.now.cpu)-b.storm)
	}
	b.shares[of] = s
}

func (k *Kernel) markStorm(b *blameState) {
	if b.now.what.stormed() {
		b.storm = k.stormOf(b.now.cpu)
	}
}

// stormOf is the time samples have taken of a CPU up to now.
func (k *Kernel) stormOf(cpu uint8) ns {
	c := k.cpus[cpu]
	if c.at != k.now {
		k.sync(c)
		k.plan(c)
	}
	return c.stormTime
}

// stormed reports whether what is waited for happens on a CPU that a storm may
// be taking away from it.
func (r reason) stormed() bool {
	switch r {
	case selfRuns, workerRuns, gpKthreadRuns, cpuNotNoticed, cpuNoQS, cpuNotReported, readerRuns, expCPU:
		return true
	}
	return false
}

// namesCPU reports whether it matters on which CPU it happens, beyond the storm
// there.
func (r reason) namesCPU() bool {
	switch r {
	case cpuNotNoticed, cpuNoQS, cpuNotReported, expCPU:
		return true
	}
	return false
}

// causeOf follows the chain of waits from a task.
func (k *Kernel) causeOf(t *task, depth int) cause {
	k.watch(t)
	switch {
	case t.state == running && t.cpu.cur == t:
		return cause{what: selfRuns, cpu: uint8(t.cpu.id)}
	case t.state == running:
		return cause{what: selfQueued}
	}
	switch t.where {
	case inMutex:
		if o := t.waitingOn.owner; o != nil && depth < 4 {
			c := k.causeOf(o, depth+1)
			c.behind = true
			return c
		}
	case inSRCUWait, inPollWait:
		if t.waitDomain != nil {
			return k.causeOfDomain(t.waitDomain)
		}
		return k.causeOfRCU()
	case inSyncRCU, inCallRCU:
		return k.causeOfRCU()
	case inSyncExp:
		return k.causeOfExp()
	case inTasksTrace:
		return k.causeOfHoldouts()
	case inFlush:
		if w := t.waitWork; w.on != nil {
			return k.causeOfWorker(w.worker)
		}
		return cause{what: workerQueued}
	}
	return cause{what: sleepsOther}
}

// causeOfDomain says what an SRCU grace period waits for.
func (k *Kernel) causeOfDomain(d *domain) cause {
	c := cause{what: callbackWait}
	w := &d.process
	switch {
	case w.on != nil:
		c = k.causeOfWorker(w.worker)
	case !w.queued && d.machine.State() != srcu.Idle: // a callback will resume the scan
		c = k.causeOfRCU()
	case w.queued && w.timer == 0:
		c.what = workerQueued
	case w.queued && d.foundReader:
		c.what = srcuReader
	case w.queued && rcu.SeqGE(k.jiffies, w.timer):
		c.what = timerLate
	case w.queued:
		c.what = startDelay
	}
	c.domain, c.phase = d.index, uint8(d.machine.State())
	return c
}

func (k *Kernel) causeOfWorker(t *task) cause {
	k.watch(t)
	if t.state == running {
		if t.cpu.cur == t {
			return cause{what: workerRuns, cpu: uint8(t.cpu.id)}
		}
		return cause{what: workerQueued}
	}
	switch t.where {
	case inSyncRCU:
		return k.causeOfRCU()
	case inSyncExp:
		return k.causeOfExp()
	case inFenceAll:
		return cause{what: fenceIPI}
	}
	return cause{what: sleepsOther}
}

// causeOfRCU says what the running normal grace period, or the one about to
// start, waits for.
func (k *Kernel) causeOfRCU() cause {
	n := &k.rcu
	// While CPUs or readers hold a running grace period up, the kthread's scans
	// for quiescent states hold up nothing.
	if !rcu.SeqRunning(n.seq) || n.done() {
		t := n.kthread
		k.watch(t)
		switch {
		case t.state != running:
			return cause{what: gpSleeps}
		case t.cpu.cur == t:
			return cause{what: gpKthreadRuns, cpu: uint8(t.cpu.id)}
		}
		return cause{what: gpKthreadQueued}
	}
	for _, c := range k.cpus {
		if n.qsmask&(1<<c.id) == 0 {
			continue
		}
		switch {
		case c.gpSeq != n.seq:
			return cause{what: cpuNotNoticed, cpu: uint8(c.id)}
		case c.noQS:
			return cause{what: cpuNoQS, cpu: uint8(c.id)}
		}
		return cause{what: cpuNotReported, cpu: uint8(c.id)}
	}
	for i := len(n.readers) - 1; i >= 0; i-- {
		if t := n.readers[i]; t.rcu.blocksGP {
			return k.causeOfReader(t)
		}
	}
	panic("kernel: a grace period that nothing holds up")
}

func (k *Kernel) causeOfReader(t *task) cause {
	k.watch(t)
	if t.cpu.cur == t {
		return cause{what: readerRuns, who: t, cpu: uint8(t.cpu.id)}
	}
	return cause{what: readerQueued, who: t}
}

func (k *Kernel) causeOfExp() cause {
	e := &k.rcu.exp
	k.watch(e.worker)
	if t := e.worker; t.state == running && t.cpu.cur != t {
		return cause{what: expWorkerQueued}
	}
	for _, c := range k.cpus {
		if e.mask&(1<<c.id) != 0 {
			return cause{what: expCPU, cpu: uint8(c.id)}
		}
	}
	for i := len(k.rcu.readers) - 1; i >= 0; i-- {
		if t := k.rcu.readers[i]; t.rcu.blocksExp {
			return k.causeOfReader(t)
		}
	}
	return cause{what: gpSleeps}
}

func (k *Kernel) causeOfHoldouts() cause {
	t := k.holdouts.kthread
	k.watch(t)
	if t.state == blocked && t.where == inSyncRCU {
		return k.causeOfRCU()
	}
	if t.state == running {
		return cause{what: workerQueued}
	}
	return cause{what: holdoutWait}
}

var phases = [...]string{"before its grace period", "scan 1", "scan 2"}

// path puts a cause into words, from the outside in. Readers are named, or
// only their group is.
func (k *Kernel) path(c cause, named bool) []string {
	p := make([]string, 0, 6)
	if c.behind {
		p = append(p, "event_mutex, behind another close()")
	}
	if c.domain != 0 {
		p = append(p, k.domains[c.domain-1].name, phases[c.phase])
	}
	switch c.what {
	case gpKthreadQueued, gpKthreadRuns, gpSleeps:
		p = append(p, "RCU")
	case cpuNotNoticed, cpuNoQS, cpuNotReported:
		p = append(p, "RCU", "CPU "+itoa(int(c.cpu)))
	case expCPU:
		p = append(p, "RCU, expedited", "CPU "+itoa(int(c.cpu)))
	case readerQueued, readerRuns:
		who := c.who.name
		if !named && c.who.group != "" {
			who = "readers " + c.who.group
		}
		p = append(p, "RCU", who)
	}
	return append(p, reasons[c.what])
}

// blameOf turns the attribution of one close into data, the largest first.
func (k *Kernel) blameOf(b *blameState) []trial.Share { return k.shares(b.shares, true) }

func (k *Kernel) shares(of map[cause]blameShare, named bool) []trial.Share {
	all := make([]trial.Share, 0, len(of))
	for c, s := range of {
		all = append(all, trial.Share{Path: k.path(c, named), Wait: time.Duration(s.wait), Storm: time.Duration(s.storm)})
	}
	return sortShares(all)
}

// topShares is how many causes a trial's result names; the rest is one share.
const topShares = 12

// blameOfAll adds up the shares of all closes, by groups of readers.
func (k *Kernel) blameOfAll() []trial.Share {
	sum := map[cause]blameShare{}
	for _, c := range k.closes {
		for of, s := range c.blame.shares {
			if of.who != nil {
				of.who = of.who.leader
			}
			t := sum[of]
			sum[of] = blameShare{t.wait + s.wait, t.storm + s.storm}
		}
	}
	all := k.shares(sum, false)
	if len(all) <= topShares+1 {
		return all
	}
	rest := trial.Share{Path: []string{"other causes"}}
	for _, s := range all[topShares:] {
		rest.Wait += s.Wait
		rest.Storm += s.Storm
	}
	return append(all[:topShares:topShares], rest)
}

func sortShares(all []trial.Share) []trial.Share {
	slices.SortStableFunc(all, func(a, b trial.Share) int {
		if c := cmp.Compare(b.Wait, a.Wait); c != 0 {
			return c
		}
		if c := slices.Compare(a.Path, b.Path); c != 0 {
			return c
		}
		return cmp.Compare(b.Storm, a.Storm)
	})
	return all
}
