package kernel

import (
	"fmt"

	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
)

// maxViolations is the maximum number of findings in a result.
const maxViolations = 8

// violate records the violation of an invariant of the model or of a candidate.
func (k *kernel) violate(o trial.Oracle, format string, args ...any) {
	k.record(trial.Violation{Oracle: o, Detail: fmt.Sprintf(format, args...)})
}

// unsafe records that memory was freed, or a grace period ended, too early.
func (k *kernel) unsafe(o trial.Oracle, format string, args ...any) {
	k.record(trial.Violation{Oracle: o, Detail: fmt.Sprintf(format, args...), Unsafe: true})
	k.isUnsafe = true
}

// record keeps the first findings, and always the first unsafe one.
func (k *kernel) record(v trial.Violation) {
	switch {
	case len(k.violations) < maxViolations:
		k.violations = append(k.violations, v)
	case v.Unsafe && !k.isUnsafe:
		k.violations[maxViolations-1] = v
	}
}

// newEpoch begins an epoch for an oracle and returns it.
func (k *kernel) newEpoch() uint64 {
	if k.opt.blind {
		return 0
	}
	return k.beginEpoch()
}

// checkGracePeriod checks, at the end of a grace period requested in an epoch, that
// all readers that were inside at the request have left.
func (k *kernel) checkGracePeriod(d *domain, epoch uint64) {
	k.checkLoops(d.name, d.loops, epoch)
}

func (k *kernel) checkLoops(name string, loops []*loop, epoch uint64) {
	if k.opt.blind {
		return
	}
	for _, l := range loops {
		if l.predates(epoch) {
			k.unsafe(trial.GracePeriodTooShort, "a grace period of %s ended while %s, inside since before it, still was", name, l.t.name)
		}
	}
}

// checkRCU checks that no section of vanilla RCU spans a whole grace period of it.
func (k *kernel) checkRCU(kind string, epoch uint64) {
	if k.opt.blind {
		return
	}
	for _, l := range k.rcuLoops {
		if t := l.t; l.predatesRCU(epoch) {
			k.unsafe(trial.RCUGracePeriodTooShort, "an RCU grace period (%s) ended while %s, inside since before it, still was", kind, t.name)
		}
	}
}

// checkSwitched checks that a context switch, or a pass of ksoftirqd (rcu_softirq_qs), since the
// CPU noticed the grace period was a quiescent state. If it was not, the next tick may repair that, unless it hits a reader.
func (k *kernel) checkSwitched(c *cpu) {
	if c.switched && c.needsQS && c.noQS && c.gpSeq == k.rcu.seq {
		k.violate(trial.SwitchIgnored, "CPU %d has switched tasks or ended a pass of ksoftirqd since it noticed the grace period, and has passed no quiescent state", c.id)
	}
}

// checkBoost checks that a reader has given up the priority that RCU lent it, once its
// section has ended.
func (k *kernel) checkBoost(c *cpu) {
	if t := c.cur; t != nil && t.loop != nil && t.loop.boosted {
		k.checkBoosted(t)
	}
}

func (k *kernel) checkBoosted(t *task) {
	if !t.loop.inRCU() && t.left > 0 {
		k.violate(trial.BoostKept, "%s keeps its boosted priority outside of its section", t.name)
	}
}

// checkDeferred checks that a CPU which has not answered the interrupt of an expedited grace
// period is still in the reader that defers the answer, or about to switch tasks
// (rcu_exp_handler, rcu_preempt_deferred_qs_irqrestore).
func (k *kernel) checkDeferred(c *cpu) {
	if !c.owesExp() || c.expTaken != k.rcu.exp.seq || c.resched == hardResched {
		return
	}
	if t := c.cur; k.preemptRCU() && t != nil && t.loop != nil && (t.loop.inRCU() || t.loop.watching && t.left == 0) {
		return
	}
	k.violate(trial.ReportDropped, "CPU %d has taken the interrupt of an expedited grace period, is in no reader, and has not reported", c.id)
}

// sums are the sums of the scans in the present step of a domain, for an oracle: from the
// start of a grace period to its flip, or from the flip to the end.
type sums struct {
	unlocks [2]uint64
	summed  [2]bool // the unlocks of a rank
	empty   [2]bool // the rank, in the last sum of its locks
	missing string  // the first step that ended without a scan of the rank that readers leave

	since     [2]sumTime // the first of the sums of unlocks that are equal to the last
	ordered   [2]bool    // the rank was empty in a sum of locks that is ordered after those
	unordered string     // the first step without such a scan
}

// sumTime is the time of a sum.
type sumTime struct {
	rcu    rcuMark
	fences int // rounds of interrupts before
}

// noteUnlocks and noteLocks record the sums of a scan. A sum before the grace period has
// begun does not count.
func (d *domain) noteUnlocks(rank int, sum uint64) {
	summed := d.machine.State() != srcu.Idle
	if s := &d.sums; summed && (!s.summed[rank] || sum != s.unlocks[rank]) {
		s.since[rank] = sumTime{d.k.rcuMark(), d.fences}
	}
	d.sums.unlocks[rank], d.sums.summed[rank], d.sums.empty[rank] = sum, summed, false
}

func (d *domain) noteLocks(rank int, sum uint64) {
	s := &d.sums
	s.empty[rank] = s.summed[rank] && sum == s.unlocks[rank]
	if s.empty[rank] && !s.ordered[rank] {
		s.ordered[rank] = d.fullReaders || d.fences != s.since[rank].fences || d.k.fullSince(s.since[rank].rcu)
	}
}

// noteStep checks that the step found the rank empty that readers do not enter now.
func (d *domain) noteStep(what string) {
	if !d.sums.empty[1-d.current] && d.sums.missing == "" {
		d.sums.missing = what
	}
	if !d.sums.ordered[1-d.current] && d.sums.unordered == "" {
		d.sums.unordered = what
	}
	d.sums.summed, d.sums.empty, d.sums.ordered = [2]bool{}, [2]bool{}, [2]bool{}
}

// checkScans reports a step without a scan, if that has done no visible harm. Of a scan of
// readers without barriers, a grace period of RCU or an interrupt on every CPU must begin
// after the sum of unlocks and end before the sum of locks; another sum of unlocks between
// them does not count if it is equal.
func (k *kernel) checkScans() {
	for _, d := range k.domains {
		if d.sums.missing != "" && !k.isUnsafe {
			k.unsafe(trial.ScanMissing, "%s: %s, and no scan since the step before it has found the idle rank empty", d.name, d.sums.missing)
		}
		if d.sums.unordered != "" && !k.isUnsafe {
			k.unsafe(trial.ScanUnordered, "%s: %s, and neither a grace period of RCU nor a round of interrupts began and ended between the two sums of its scan", d.name, d.sums.unordered)
		}
	}
}

// checkProbes checks that an old probe array is not freed while a reader may use it.
func (k *kernel) checkProbes(name string, epoch uint64) {
	if k.opt.blind {
		return
	}
	for _, l := range k.tracepointLoops {
		if l.predates(epoch) {
			k.unsafe(trial.ProbesFreedInUse, "%s freed while %s, inside since before they were unhooked, still was", name, l.t.name)
		}
	}
}

// checkEventMutex checks that the task holds event_mutex.
func (u *unregistered) checkEventMutex(what string) {
	if o := u.k.tracing.eventMutex.owner; o == nil || o != u.k.curTask {
		u.k.unsafe(trial.WithoutEventMutex, "%s: %s without event_mutex", u.tp.name, what)
	}
}

// mayBlock returns the task that is about to block. In a softirq, or
// with softirqs disabled, there is none.
func (k *kernel) mayBlock(what string) (*task, bool) {
	if k.curTask == nil || k.curTask.atomic {
		k.unsafe(trial.BlocksInSoftirq, "%s called from a softirq, where nothing may sleep", what)
		return nil, false
	}
	return k.curTask, true
}

// leaked names a tracepoint with unfreed memory, if nothing pending could free it: no
// callback of a domain or of RCU, no work item.
func (k *kernel) leaked() string {
	if len(k.tracing.unfreed) == 0 || k.tracing.deferring > 0 || k.callbacksWaiting() {
		return ""
	}
	for _, c := range k.cpus {
		if c.callbacks.assigned() > 0 {
			return ""
		}
	}
	for _, d := range k.domains {
		if d.pending() > 0 || d.invoking() != nil {
			return ""
		}
	}
	if h := k.holdouts; h != nil && (len(h.waiting) > 0 || h.task.state != sleeping) {
		return ""
	}
	return k.tracing.unfreed[0].tp.name
}

// checkThrottled checks that no event is still stopped by a limit on samples after
// the tick that should have restarted it.
func (k *kernel) checkThrottled() {
	for _, c := range k.cpus {
		for _, set := range [][]*source{c.wide, c.own} {
			for _, s := range set {
				if s.on && s.throttled && s.tick != c.ticks {
					k.violate(trial.NeverUnthrottled, "an event of CPU %d has been throttled for %d ticks, and nobody will unthrottle it", c.id, c.ticks-s.tick)
				}
			}
		}
		if c.stopped && c.credit > 0 {
			k.violate(trial.BudgetNeverResumed, "the events of CPU %d are stopped though their budget is paid back, and nobody will let them go on", c.id)
		}
	}
}

// stuckEvent records an event that its task took to this CPU, and that the tick here has
// not restarted.
//
//go:noinline
func (k *kernel) stuckEvent(c *cpu, s *source) {
	k.violate(trial.NeverUnthrottled, "an event that was throttled on CPU %d is still stopped after a tick of CPU %d, where its task runs", s.stoppedOn, c.id)
}

// checkNotInside checks that no reader uses the memory that is being freed.
func (u *unregistered) checkNotInside(what string) {
	if u.k.opt.blind {
		return
	}
	for _, l := range u.k.readers {
		if u.lists != nil && l.holding() == u.lists {
			u.k.unsafe(trial.ListsGoneInUse, "%s: %s while %s was reading them", u.tp.name, what, l.t.name)
		}
	}
}

// once returns fn with a check that it runs only once.
func (k *kernel) once(name string, fn func()) func() {
	ran := false
	return func() {
		if ran {
			k.unsafe(trial.CallbackTwice, "a %s ran twice", name)
			return
		}
		ran = true
		fn()
	}
}

// checkQuiet checks the invariants of an idle state: the counters are balanced, jiffies
// are the time, and no requested grace period was forgotten.
func (k *kernel) checkQuiet() {
	k.syncAll()
	k.checkJiffies()
	for _, d := range k.domains {
		locks, unlocks := d.sumLocks(0)+d.sumLocks(1), d.sumUnlocks(0)+d.sumUnlocks(1)
		if locks-unlocks != uint64(d.inside) {
			k.violate(trial.CountersUnbalanced, "%s: %d locks and %d unlocks with %d readers inside", d.name, locks, unlocks, d.inside)
		} else if d.drifted() {
			k.violate(trial.CountersUnbalanced, "%s: locks and unlocks of a rank differ by more than the readers inside", d.name)
		}
		if d.posted > 0 {
			k.unsafe(trial.DestroyedInUse, "%s has nothing to do, and an RCU callback is posted that works on it", d.name)
		}
		if d.unrun > 0 {
			k.violate(trial.CallbackLost, "%s: %d callbacks were posted, are on no list and have not run", d.name, d.unrun)
		}
		if d.lost() {
			k.violate(trial.GracePeriodUndone, "%s: a grace period is needed, and no work is queued for it", d.name)
		}
	}
}

// lost reports whether the domain needs a grace period that nothing drives: no work
// is queued, and no RCU callback is posted that could resume a scan of this domain or
// of several.
func (d *domain) lost() bool {
	for _, o := range d.k.domains {
		if o.posted > 0 {
			return false
		}
	}
	return d.machine.Needed() && !d.process.queued && d.process.on == nil && !d.starting && d.spinner == nil
}
