package kernel

import (
	"slices"
	"time"

	"github.com/gpstorm/gpstorm/trial"
)

// workerSleep records the D-state sleeps of workers inside process_srcu.
type workerSleep struct{ longest, total ns }

// noteWorkerSleep is called when a task wakes from D state.
func (k *kernel) noteWorkerSleep(t *task) {
	if t.item == nil || t.item.name != "process_srcu" || t.state != blocked {
		return
	}
	d := k.now - t.asleep
	k.workerD.total += d
	k.workerD.longest = max(k.workerD.longest, d)
}

// cutOff ends the scenario: storms stop, and the close() calls in progress are
// censored.
func (k *kernel) cutOff() {
	for _, t := range k.closing {
		if d := t.waitDomain; d != nil {
			k.addWait(t, t.waitFrom, d.waits)
		}
	}
	for _, c := range k.closes {
		if !c.done {
			k.finishClose(c)
			c.Censored = true
		}
	}
	k.horizonStorm = k.stormTime()
	k.drained = true
	k.checkThrottled()
	for _, st := range k.storms {
		k.stormOff(st)
	}
	k.makeFair()
	k.trace.horizon()
}

// makeFair turns looping real-time tasks into fair ones and gives all tasks the same
// virtual runtime. After a storm some tasks are seconds ahead and would wait that
// long, but the drain must let everything finish that can.
func (k *kernel) makeFair() {
	for _, t := range k.tasks {
		if t.loop != nil {
			t.prio = 0
		}
	}
	for _, c := range k.cpus {
		rt := c.rt
		c.rt = nil
		for _, t := range rt {
			k.enqueue(c, t)
		}
		c.vtime, c.fairSum = 0, 0
	}
	for _, t := range k.tasks {
		t.vruntime, t.deadline, t.lag = 0, k.slice, 0
	}
	for _, c := range k.cpus {
		slices.SortFunc(c.fair, func(a, b *task) int { return a.pid - b.pid })
	}
}

// drain runs the rest of the trial without storms. A close() that finishes was slow
// or starved; one that does not is stuck. The drain time starts at the end of the
// last sample, since a CPU does nothing else before that.
func (k *kernel) drain() {
	if !k.finished() || !k.quiet() {
		sampled := ns(0)
		for _, c := range k.cpus {
			sampled = max(sampled, c.nmiLeft+c.hrLeft)
		}
		k.runUntil(k.now+sampled+ns(k.sc.Drain), func() bool { return k.finished() && k.quiet() })
	}
	k.syncAll()
	if k.finished() && k.quiet() {
		k.checkQuiet()
	}
}

// lateAfter: a close() is late if it takes longer than the hung-task timeout divided
// by this.
const lateAfter = 10

// starvedShare is the share of one CPU's time that storms must have taken during a
// close to count it as starved instead of slow.
const starvedShare = 0.25

func (k *kernel) result() trial.Result {
	k.checkScans()
	if !k.truncated {
		k.checkForgotten()
	}
	r := trial.Result{
		Scenario: k.sc.Name, Fix: k.fix.Name, Seed: k.seed,
		GracePeriods: trial.GracePeriods{Normal: k.rcu.counts.normal, Expedited: k.rcu.counts.expedited},
		IPIs:         k.ipis, StormDuty: k.stormDuty(), ReaderBarriers: k.readerBarriers,
		HungTasks: k.hungTasks, RCUStalls: k.rcuStalls, Log: k.console, Violations: k.violations,
		Truncated: k.truncated, Elapsed: time.Duration(k.now), Steps: k.steps,
	}
	for _, t := range k.tasks {
		if t.state == blocked {
			k.noteWorkerSleep(t)
		}
	}
	r.WorkerD, r.WorkerDTotal = time.Duration(k.workerD.longest), time.Duration(k.workerD.total)
	for _, c := range k.closes {
		if k.opt.Blame {
			c.Blame = k.sharesOf(c.blame.shares)
		}
		r.Closes = append(r.Closes, c.Close)
		if ns(c.Wait) >= k.hungTimeout() {
			r.Overdue++
		}
	}
	r.Symptom = trial.NoSymptom
	if k.rcuStalls > 0 {
		r.Symptom = trial.RCUStall
	}
	if k.hungTasks > 0 {
		r.Symptom = trial.HungTask
	}
	k.diagnose(&r)
	r.Blame = k.blameOfAll()
	r.Checksum = k.checksum
	if k.opt.keepDraws {
		r.Draws = k.draws.Used()
	}
	return r
}

// stormDuty is the largest share of a CPU's time that samples took while any storm
// was active.
func (k *kernel) stormDuty() (duty float64) {
	if k.stormSpan == 0 {
		return 0
	}
	for _, c := range k.cpus {
		duty = max(duty, float64(c.stormWhileOn)/float64(k.stormSpan))
	}
	return duty
}

// diagnose sets the diagnosis, checking the worst first, and its reasons.
func (k *kernel) diagnose(r *trial.Result) {
	if k.isUnsafe {
		r.Diagnosis = trial.Unsafe
		return
	}
	if !k.truncated && !(k.finished() && k.quiet()) {
		if k.diagnoseStuck(r) || !k.finished() {
			return
		}
	}
	if len(k.violations) > 0 {
		r.Diagnosis = trial.Slow
		if slices.ContainsFunc(k.violations, func(v trial.Violation) bool { return !v.Oracle.Costs() }) {
			r.Diagnosis = trial.LostWakeup
		}
		return
	}
	late := k.rcuStalls+k.hungTasks > 0
	for _, c := range k.closes {
		late = late || c.Censored || ns(c.Wait) > k.hungTimeout()/lateAfter
	}
	if !late {
		r.Diagnosis = trial.OK
		return
	}
	k.diagnoseLate(r)
	if c := k.worst(); c != nil && c.stormShare(k) >= starvedShare {
		r.Diagnosis = trial.Starved
	}
}

// worst is the longest close, nil if there was none.
func (k *kernel) worst() (worst *closing) {
	for _, c := range k.closes {
		if worst == nil || c.Wait > worst.Wait {
			worst = c
		}
	}
	return worst
}

// diagnoseLate blames the largest share of the longest close's wait, so that a
// trial's headline agrees with its tree of blame.
func (k *kernel) diagnoseLate(r *trial.Result) {
	r.Diagnosis = trial.Slow
	if c := k.worst(); c != nil {
		if largest, ok := trial.Largest(k.sharesOf(c.blame.shares)); ok {
			r.Cause = &largest
		}
	}
}

// stormShare is the share of one CPU's time that storms took during the close.
func (c *closing) stormShare(k *kernel) float64 {
	if c.Wait == 0 {
		return 0
	}
	until := k.horizonStorm
	if c.done && c.stormEnd != 0 {
		until = c.stormEnd
	}
	return float64(until-c.storm) / float64(c.Wait)
}

// diagnoseStuck distinguishes a circle of waits from a lost wakeup, after a drain
// that left something unfinished. It reports whether it found either; if not, the
// trial was slow.
func (k *kernel) diagnoseStuck(r *trial.Result) bool {
	p := k.worstProspect()
	switch {
	case p.outlook == circular:
		r.Diagnosis, r.Circle = trial.Deadlock, p.circle
	case p.outlook == endless:
		r.Diagnosis = trial.LostWakeup
	case p.outlook == unclear && k.now-k.lastMove >= ns(k.sc.Drain)/2 && !k.someQueued():
		i := slices.IndexFunc(k.tasks, func(t *task) bool { return t.closing != nil && t.state == blocked })
		if i < 0 {
			k.diagnoseLate(r)
			return false
		}
		r.Diagnosis, p.cause = trial.LostWakeup, cause{who: k.tasks[i], what: trial.NeverWoken}
	default:
		k.diagnoseLate(r)
		return false
	}
	c := k.export(p.cause)
	r.Cause = &c
	return true
}

// someQueued reports whether a task other than the looping ones is queued for a CPU,
// so that the trial will make progress.
func (k *kernel) someQueued() bool {
	for _, t := range k.tasks {
		if t.loop == nil && t.state == running && t.cpu.cur != t {
			return true
		}
	}
	return false
}

// worstProspect is the worst prospect of all tasks in D state, of all domains that
// are not idle, and of all events that are not freed.
func (k *kernel) worstProspect() (worst prospect) {
	note := func(p prospect) {
		if p.outlook > worst.outlook {
			worst = p
		}
	}
	for _, t := range k.tasks {
		if t.state != blocked {
			continue
		}
		p := k.prospectOf(t)
		if p.outlook == moves && t.closing == nil {
			p.outlook = unclear // this does not explain any close()
		}
		note(p)
	}
	for _, d := range k.domains {
		if d.machine.Needed() || d.pending() > 0 {
			if p := k.prospectOf(d); p.outlook > moves {
				note(p)
			}
		}
	}
	if worst.outlook == unclear && k.finished() {
		if name := k.leaked(); name != "" {
			note(prospect{outlook: endless, cause: cause{who: k.taskNamed(name), what: trial.NeverFreed}})
		}
	}
	return worst
}

// taskNamed returns the task with this name, nil if there is none.
func (k *kernel) taskNamed(name string) *task {
	if i := slices.IndexFunc(k.tasks, func(t *task) bool { return t.name == name }); i >= 0 {
		return k.tasks[i]
	}
	return nil
}
