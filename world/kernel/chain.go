package kernel

import (
	"strings"

	"github.com/gpstorm/gpstorm/workload"
)

// fate is what will become of a wait, the worst last.
type fate uint8

const (
	goesOn    fate = iota // something that runs, or a timer, will end it
	held                  // by a reader that has been inside for long
	forgotten             // nothing will
	circular              // what it waits for waits for it
)

// chain is a chain of waits, followed link by link from whoever waits.
type chain struct {
	k     *Kernel
	links []link
}

// link is one thing that waits, or is waited for.
type link struct {
	what any
	name string
}

// add makes a link the last, unless it is there already: then the chain is a
// circle, and add tells it.
func (ch *chain) add(what any, name string) (circle string, closed bool) {
	for i, l := range ch.links {
		if l.what == what {
			var names []string
			for _, l := range ch.links[i:] {
				names = append(names, l.name)
			}
			return strings.Join(append(names, name), " -> "), true
		}
	}
	ch.links = append(ch.links, link{what, name})
	return "", false
}

// task follows what a task waits for.
func (ch *chain) task(t *task) (fate, string) {
	if circle, closed := ch.add(t, t.name); closed {
		return circular, circle
	}
	if t.state == running || t.state == exited {
		return goesOn, ""
	}
	switch t.where {
	case inMutex:
		m := t.waitingOn
		if circle, closed := ch.add(m, m.name); closed {
			return circular, circle
		}
		if m.owner == nil {
			return forgotten, t.name + " waits for " + m.name + ", which nobody holds"
		}
		return ch.task(m.owner)
	case inFlush:
		return ch.work(t.waitWork)
	case inSRCUWait, inPollWait:
		if d := t.waitDomain; d != nil {
			return ch.domain(d)
		}
		return ch.normal()
	case inSyncRCU, inCallRCU:
		return ch.normal()
	case inSyncExp:
		return ch.expedited()
	case inTasksTrace:
		return ch.holdouts()
	}
	return goesOn, ""
}

// work follows what a work item waits for.
func (ch *chain) work(w *work) (fate, string) {
	if circle, closed := ch.add(w, w.name); closed {
		return circular, circle
	}
	switch {
	case w.on != nil:
		return ch.task(w.worker)
	case w.queued:
		return goesOn, ""
	}
	return forgotten, w.name + " is waited for and not queued"
}

// domain follows what the callbacks of an SRCU domain wait for.
func (ch *chain) domain(d *domain) (fate, string) {
	if circle, closed := ch.add(d, d.name); closed {
		return circular, circle
	}
	if d.invoke.on != nil {
		return ch.work(&d.invoke)
	}
	if !d.machine.Needed() {
		return goesOn, ""
	}
	switch {
	case d.process.on != nil:
		return ch.work(&d.process)
	case d.lost():
		return forgotten, d.name + " needs a grace period and no work is queued for it"
	case !d.process.queued: // an RCU callback is to resume the scan
		return ch.normal()
	case d.drifted():
		return forgotten, d.name + ": more unlocks or locks are counted than readers made, and no scan will ever see its rank empty"
	case d.heldUp():
		return held, ""
	}
	return goesOn, ""
}

// drifted reports whether the counters of a rank differ by something else than
// the readers that are inside.
func (d *domain) drifted() bool {
	d.k.syncAll()
	var inside [2]uint64
	for _, l := range d.loops {
		if l.inSection() && l.reader.locked {
			inside[l.reader.rank]++
		}
	}
	for rank, n := range inside {
		if d.sumLocks(rank)-d.sumUnlocks(rank) != n {
			return true
		}
	}
	return false
}

// heldUp reports whether a reader is inside, on the rank that is to be seen
// empty, that was before the drain or will be for much of it.
func (d *domain) heldUp() bool {
	for _, l := range d.loops {
		if l.inSection() && l.reader.locked && l.reader.rank != d.current && (l.reader.epoch < d.k.horizonEpoch || l.long()) {
			return true
		}
	}
	return false
}

// long reports whether a section takes more than an eighth of the drain.
func (l *loop) long() bool { return l.section > ns(l.k.sc.Drain)/8 }

// normal follows what normal grace periods of RCU wait for.
func (ch *chain) normal() (fate, string) {
	k, n := ch.k, &ch.k.rcu
	if circle, closed := ch.add(n, k.flavor()); closed {
		return circular, circle
	}
	if n.kthread.state == running {
		return goesOn, ""
	}
	if !seqRunning(n.seq) {
		switch {
		case n.initFlag:
			return forgotten, "a grace period was asked for, and nobody will wake " + n.kthread.name
		case k.callbacksWaiting():
			return goesOn, "" // a softirq will ask
		case !seqGE(n.seq, n.needed) || len(n.syncNext) > 0:
			return forgotten, "a grace period is needed, and nobody asks " + n.kthread.name + " for it"
		}
		return goesOn, ""
	}
	if late := k.jiffies - n.fqsDeadline; n.phase == gpWaitFQS && late < 1<<62 && late > 2*uint64(k.sc.Machine.HZ) {
		return forgotten, n.kthread.name + " sleeps past the time of its next scan, and nobody will wake it"
	}
	worst := goesOn
	for _, c := range k.cpus {
		if n.qsmask&(1<<c.id) == 0 || c.inIdle {
			continue
		}
		if c.gpSeq == n.seq && !c.needsQS {
			return forgotten, "CPU " + itoa(c.id) + " owes a quiescent state that it thinks it has reported"
		}
		if t := c.cur; t != nil && t.loop != nil && t.loop.inSection() && (t.loop.rcu || k.sc.Machine.Preempt == workload.PreemptNone) && t.loop.long() {
			worst = held
		}
	}
	for _, t := range n.readers {
		if !t.rcu.blocksGP {
			continue
		}
		if f, why := t.holds(); f == forgotten {
			return f, why
		}
		worst = held
	}
	return worst, ""
}

// holds says whether a reader that holds up a grace period ever lets it go.
func (t *task) holds() (fate, string) {
	if !t.inReader() {
		return forgotten, t.name + " holds up a grace period though it has left its section"
	}
	return held, ""
}

// callbacksWaiting reports whether callbacks have not been given a grace
// period yet.
func (k *Kernel) callbacksWaiting() bool {
	for _, c := range k.cpus {
		if len(c.unassigned) > 0 {
			return true
		}
	}
	return false
}

// expedited follows what expedited grace periods wait for.
func (ch *chain) expedited() (fate, string) {
	k, e := ch.k, &ch.k.rcu.exp
	if circle, closed := ch.add(e, "expedited "+k.flavor()); closed {
		return circular, circle
	}
	switch {
	case e.worker.state == running:
		return goesOn, ""
	case e.phase == expIdle && len(e.waiters) > 0:
		return forgotten, "an expedited grace period is waited for, and nobody asks " + e.worker.name + " for it"
	}
	worst := goesOn
	for _, t := range k.rcu.readers {
		if !t.rcu.blocksExp {
			continue
		}
		if f, why := t.holds(); f == forgotten {
			return f, why
		}
		worst = held
	}
	for _, c := range k.cpus {
		if t := c.cur; e.mask&(1<<c.id) != 0 && t != nil && t.loop != nil && t.loop.inSection() && t.loop.long() {
			worst = held
		}
	}
	return worst, ""
}

// holdouts follows what Tasks-Trace RCU of 6.19 waits for.
func (ch *chain) holdouts() (fate, string) {
	h := ch.k.holdouts
	if f, why := ch.task(h.kthread); f != goesOn {
		return f, why
	}
	for _, l := range h.loops {
		if l.inSection() && l.long() {
			return held, ""
		}
	}
	return goesOn, ""
}
