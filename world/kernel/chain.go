package kernel

import (
	"slices"
	"strings"

	"github.com/gpstorm/gpstorm/rcu"
)

// fate is what will become of a wait, the worst last.
type fate uint8

const (
	goesOn    fate = iota // it ought to end, though nothing seen here says so
	held                  // by what is known to move: a reader, a runnable task, a young grace period
	forgotten             // nothing will end it
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
	switch t.state {
	case running:
		return held, ""
	case exited:
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
	case w.queued && w.timer == 0 && ch.k.awaitsCPU(w):
		return held, ""
	case w.queued:
		return goesOn, ""
	}
	return forgotten, w.name + " is waited for and not queued"
}

// awaitsCPU reports whether an item waits in a pool of which a worker runs, or
// waits for its CPU.
func (k *Kernel) awaitsCPU(w *work) bool {
	for _, c := range k.cpus {
		if c.pool.running > 0 && slices.Contains(c.pool.pending, w) {
			return true
		}
	}
	return false
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
		if d.callbacks.Pending() > 0 && d.invoke.idle() && d.k.now-d.lastEnd > ns(d.k.sc.Drain)/2 {
			return forgotten, "callbacks of " + d.name + " are pending, and neither is a grace period needed nor work queued for them"
		}
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
	case d.emptyLooks > patience:
		return forgotten, d.name + ": scan after scan takes an empty rank for one with readers inside"
	case d.process.timer == 0 && d.k.awaitsCPU(&d.process):
		return held, ""
	case d.polling != nil && !d.fromReaders():
		return ch.cookie(d)
	case d.fromReaders():
		return held, ""
	}
	return goesOn, ""
}

// patience is how many looks, or grace periods, may pass in vain.
const patience = 16

// cookie follows what the RCU cookie waits for that a domain polls.
func (ch *chain) cookie(d *domain) (fate, string) {
	n := &ch.k.rcu
	switch passed := int64(rcu.SeqCount(n.seq) - rcu.SeqCount(d.pollMark.normal)); {
	case rcu.SeqGE(n.polled, d.pollCookie):
		if ch.k.now-n.polledAt < ns(ch.k.sc.Drain)/2 {
			return held, "" // the next look will see it
		}
		return goesOn, ""
	case passed > patience:
		return forgotten, d.name + " polls a cookie that " + itoa(int(passed)) + " grace periods of RCU have not ended"
	case !rcu.SeqRunning(n.seq) && !n.initFlag && rcu.SeqGE(n.seq, n.needed) && !ch.k.rcu.exp.running && !ch.k.rcu.exp.wanted && ch.k.rcu.exp.poll.idle():
		return forgotten, d.name + " polls a cookie for which nobody asks RCU"
	}
	if ch.k.rcu.exp.running || !ch.k.rcu.exp.poll.idle() {
		return ch.expedited()
	}
	return ch.normal()
}

// idle reports whether the item is neither queued nor running.
func (w *work) idle() bool { return !w.queued && w.on == nil }

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

// fromReaders reports whether the scans of a domain wait for readers: one is
// inside, on the rank that is to be seen empty, or was a moment ago.
func (d *domain) fromReaders() bool {
	for _, l := range d.loops {
		if l.inSection() && l.reader.locked && l.reader.rank != d.current {
			return true
		}
	}
	return d.lastHeld > 0 && d.k.now-d.lastHeld < 1_000_000_000
}

// normal follows what normal grace periods of RCU wait for.
func (ch *chain) normal() (fate, string) {
	k, n := ch.k, &ch.k.rcu
	if circle, closed := ch.add(n, k.flavor()); closed {
		return circular, circle
	}
	// In a fair drain a grace period that takes half of it does not move.
	worst := goesOn
	if !rcu.SeqRunning(n.seq) || k.rcuAge() < ns(k.sc.Drain)/2 {
		worst = held
	}
	if n.kthread.state == running {
		return worst, ""
	}
	if !rcu.SeqRunning(n.seq) {
		switch {
		case n.initFlag:
			return forgotten, "a grace period was asked for, and nobody will wake " + n.kthread.name
		case k.callbacksWaiting():
			return goesOn, "" // a softirq ought to ask
		case !rcu.SeqGE(n.seq, n.needed) || len(n.syncNext) > 0:
			return forgotten, "a grace period is needed, and nobody asks " + n.kthread.name + " for it"
		}
		return goesOn, ""
	}
	if late := k.jiffies - n.fqsDeadline; n.phase == gpWaitFQS && late < 1<<62 && late > 2*uint64(k.sc.Machine.HZ) {
		return forgotten, n.kthread.name + " sleeps past the time of its next scan, and nobody will wake it"
	}
	for _, c := range k.cpus {
		if n.qsmask&(1<<c.id) == 0 || c.inIdle {
			continue
		}
		if c.gpSeq == n.seq && !c.needsQS {
			return forgotten, "CPU " + itoa(c.id) + " owes a quiescent state that it thinks it has reported"
		}
		if t := c.cur; t != nil && t.loop != nil && t.loop.inSection() && (t.loop.rcu || !k.preemptRCU()) {
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
	if !t.inReader() && !(t.loop.watching && t.left == 0) { // which is about to say so
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
		return held, ""
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
		if t := c.cur; e.mask&(1<<c.id) != 0 && t != nil && t.loop != nil && t.loop.inSection() {
			worst = held
		}
	}
	if e.running && k.now-e.started < ns(k.sc.Drain)/2 {
		worst = held
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
		if l.inSection() {
			return held, ""
		}
	}
	return goesOn, ""
}
