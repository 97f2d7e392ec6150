package kernel

import (
	"time"

	"github.com/gpstorm/gpstorm/trial"
)

// culprits adds up how long each reader held up grace periods after it had
// been switched out.
type culprits map[*task]ns

// blameReader notes a reader that has just let a grace period go on.
func (k *Kernel) blameReader(t *task) {
	k.culprits[t] += k.now - max(t.rcu.since, k.rcu.started)
}

// workerSleep follows the D state of workers inside process_srcu.
type workerSleep struct{ longest, total ns }

// noteWorkerSleep is called when a task wakes from D state.
func (k *Kernel) noteWorkerSleep(t *task) {
	if t.item == nil || t.item.name != "process_srcu" || t.state != blocked {
		return
	}
	d := k.now - t.asleep
	k.workerD.total += d
	k.workerD.longest = max(k.workerD.longest, d)
}

// cutOff ends the scenario: storms stop, and what has not returned is
// censored.
func (k *Kernel) cutOff() {
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
	k.horizonAt = k.now
	k.drained = true
	k.checkThrottled()
	for _, st := range k.storms {
		k.stormOff(st)
	}
	k.makeFair()
	k.trace.horizon()
}

// makeFair puts looping real-time tasks among the others, and lets nobody pay
// for what a storm took, or be paid: with a debt of seconds a task would wait
// as long, and the drain is to show that whatever can finish does.
func (k *Kernel) makeFair() {
	for _, t := range k.tasks {
		t.fifo = t.fifo && t.loop == nil
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
		t.vruntime, t.deadline, t.lag = 0, k.slice(), 0
	}
}

// drain lets what is left finish without storms: what does was slow or
// starved, what does not is stuck.
func (k *Kernel) drain() {
	if !k.finished() || !k.quiet() {
		k.runUntil(k.now+ns(k.sc.Drain), func() bool { return k.finished() && k.quiet() })
	}
	k.syncAll()
	if k.finished() && k.quiet() {
		k.checkQuiet()
	}
}

// lateAfter is the share of the hung-task timeout from which on a close is not
// ok any more.
const lateAfter = 10

// starvedShare is the share of one CPU's time that storms must have taken
// during a close for it to count as starved rather than slow.
const starvedShare = 0.25

func (k *Kernel) result() trial.Result {
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
			c.Blame = k.blameOf(&c.blame)
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
	r.Diagnosis, r.By = k.diagnose()
	r.Blame = k.blameOfAll()
	r.Checksum = k.checksum
	return r
}

// stormDuty is the largest share of a CPU's time that samples took while any
// storm was on.
func (k *Kernel) stormDuty() (duty float64) {
	if k.stormSpan == 0 {
		return 0
	}
	for _, c := range k.cpus {
		duty = max(duty, float64(c.stormWhileOn)/float64(k.stormSpan))
	}
	return duty
}

// diagnose says what happened, from the worst down.
func (k *Kernel) diagnose() (trial.Diagnosis, string) {
	switch {
	case k.isUnsafe:
		return trial.Unsafe, k.violations[0]
	case !k.truncated && !(k.finished() && k.quiet()):
		if d, by, found := k.stuck(); found || !k.finished() {
			return d, by
		}
	}
	if len(k.violations) > 0 {
		return trial.LostWakeup, k.violations[0]
	}
	late := k.rcuStalls+k.hungTasks > 0
	var worst *closing
	for _, c := range k.closes {
		if worst == nil || c.Wait > worst.Wait {
			worst = c
		}
		late = late || c.Censored || ns(c.Wait) > k.hungTimeout()/lateAfter
	}
	if !late {
		return trial.OK, ""
	}
	return k.slowOrStarved(worst)
}

func (k *Kernel) slowOrStarved(c *closing) (trial.Diagnosis, string) {
	by := "the chain of grace periods"
	var most ns
	for _, t := range k.tasks { // in the order of their numbers
		if d := k.culprits[t]; d > most {
			most, by = d, "preempted reader "+t.name
		}
	}
	for _, t := range k.rcu.readers {
		if d := k.now - t.rcu.since; t.rcu.blocksGP && d > most {
			most, by = d, "preempted reader "+t.name
		}
	}
	for _, d := range k.domains {
		if !d.machine.Needed() {
			continue
		}
		for _, l := range d.loops {
			if l.inSection() && l.reader.locked && k.now-k.horizonAt > most {
				most, by = k.now-k.horizonAt, "reader "+l.t.name+" inside "+d.name
			}
		}
	}
	if c != nil && c.stormShare(k) >= starvedShare {
		return trial.Starved, by + ", under the storm"
	}
	return trial.Slow, by
}

// stormShare is the share of one CPU that storms took during the close.
func (c *closing) stormShare(k *Kernel) float64 {
	if c.Wait == 0 {
		return 0
	}
	until := k.horizonStorm
	if c.done && c.stormEnd != 0 {
		until = c.stormEnd
	}
	return float64(until-c.storm) / float64(c.Wait)
}

// stuck tells a circle of waits from a wakeup that will never come, after a
// drain that left something undone. It is not found where what is left is slow.
func (k *Kernel) stuck() (d trial.Diagnosis, by string, found bool) {
	worst, why := k.worstWait()
	switch {
	case worst == circular:
		return trial.Deadlock, why, true
	case worst == forgotten:
		return trial.LostWakeup, why, true
	case worst == goesOn && k.now-k.lastMove >= ns(k.sc.Drain)/2 && !k.someQueued():
		for _, t := range k.tasks {
			if t.closing != nil && t.state == blocked {
				return trial.LostWakeup, "nobody will wake " + t.name, true
			}
		}
	}
	d, by = k.slowOrStarved(nil)
	return d, by, false
}

// someQueued reports whether a task other than the looping ones waits for its
// turn on a CPU: something will go on.
func (k *Kernel) someQueued() bool {
	for _, t := range k.tasks {
		if t.loop == nil && t.state == running && t.cpu.cur != t {
			return true
		}
	}
	return false
}

// worstWait follows the chain of everybody who waits in D state, of every
// domain that has not come to rest, and of what was not freed.
func (k *Kernel) worstWait() (worst fate, by string) {
	note := func(f fate, why string) {
		if f > worst {
			worst, by = f, why
		}
	}
	for _, t := range k.tasks {
		if t.state != blocked {
			continue
		}
		f, why := (&chain{k: k}).task(t)
		if f == held && t.closing == nil {
			f = goesOn // that explains no close()
		}
		note(f, why)
	}
	for _, d := range k.domains {
		if d.machine.Needed() || d.callbacks.Pending() > 0 {
			if f, why := (&chain{k: k}).domain(d); f > held {
				note(f, why)
			}
		}
	}
	if worst == goesOn && k.finished() {
		if name := k.leaked(); name != "" {
			note(forgotten, "lists of "+name+" are never freed")
		}
	}
	return worst, by
}
