package kernel

import (
	"slices"
	"time"

	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// closing is a close() in progress.
type closing struct {
	trial.Close
	done     bool
	ipis     int
	ran      gpCounts // of all domains when it began
	storm    ns       // of all CPUs when it began
	stormEnd ns       // and when it ended
	reported bool     // by the hung-task detector
	blame    blameState
}

// closerGroup is a group of tasks that close perf events.
type closerGroup struct {
	spec *workload.Closers
	left int // unfinished tasks
}

// startClosers creates the tasks of a group and starts them at their time.
func (k *kernel) startClosers(g *closerGroup) {
	spec := g.spec
	g.left = spec.Count
	k.closersLeft += spec.Count
	draws := k.stream("closers " + spec.Name)
	gaps, pauses := k.stream("gaps "+spec.Name), k.stream("pauses "+spec.Name)
	var shared *tracepoint
	for i := range spec.Count {
		name := spec.Name
		if spec.Count > 1 {
			name += "-" + itoa(i)
		}
		tp := shared
		if tp == nil {
			tp = k.newTracepoint(name, spec.Kind)
			if spec.Shared {
				shared = tp
			}
		}
		var rounds []round
		for range max(1, spec.Repeat) {
			rounds = append(rounds, round{pause: drawn(pauses, spec.Pause, spec.PauseJitter), gap: drawn(gaps, spec.Gap, spec.GapJitter)})
		}
		t := k.spawn(name, k.mask(spec.CPUs), k.direct(func(t *task) { k.closer(t, g, tp, rounds) }))
		t.kernel, t.family = false, spec.Name
		if spec.Sched == workload.FIFO {
			t.prio = 1
		}
		at := ns(spec.Start)
		if spec.Jitter > 0 {
			at += draws.Int64N(ns(spec.Jitter))
		}
		if !spec.Unopened { // the probe has been attached for a long time
			tp.users++
			if tp.lists == nil {
				tp.lists = &lists{}
				k.tracing.buffers++
			}
		}
		k.at(at, func() { k.wake(t) })
	}
}

// round is one open and close: the pause before the open, and the time the event
// stays open.
type round struct{ pause, gap ns }

// drawn returns d plus a random time of at most jitter.
func drawn(draws *seed.Uniforms, d, jitter time.Duration) ns {
	if jitter == 0 {
		return ns(d)
	}
	return ns(d) + draws.Int64N(ns(jitter))
}

func (k *kernel) closer(t *task, g *closerGroup, tp *tracepoint, rounds []round) {
	for i, r := range rounds {
		if k.drained { // no new round is begun
			break
		}
		opened := ns(0)
		if i > 0 && r.pause > 0 {
			t.ask(demand{state: sleeping, sleep: r.pause})
		}
		if i > 0 || bool(g.spec.Unopened) {
			began := k.now
			k.open(t, tp)
			opened = k.now - began
			if r.gap > 0 {
				t.ask(demand{state: sleeping, sleep: r.gap})
			}
			if k.drained {
				break
			}
		}
		c := k.beginClose(t)
		c.Open = time.Duration(opened)
		k.closeEvent(t, tp)
		k.endClose(t, c)
	}
	g.left--
	k.closersLeft--
	k.closersFinished(g)
}

func (k *kernel) beginClose(t *task) *closing {
	c := &closing{Close: trial.Close{Task: t.name, Start: time.Duration(k.now)}, ipis: k.ipis, ran: k.ran(), storm: k.stormTime()}
	t.closing = c
	c.blame.since, c.blame.now = k.now, cause{what: trial.CloserRuns, cpu: uint8(t.cpu.id)}
	k.markStorm(&c.blame)
	k.closing = append(k.closing, t)
	k.trace.closeBegin(t)
	k.closes = append(k.closes, c)
	return c
}

func (k *kernel) endClose(t *task, c *closing) {
	k.finishClose(c)
	c.done = true
	c.stormEnd = k.stormTime()
	k.trace.closeEnd(t)
	t.closing = nil
	k.closing = slices.DeleteFunc(k.closing, func(o *task) bool { return o == t })
	k.decide(decideClosed, uint64(t.pid))
}

// finishClose completes the record of a close, at its end or when the trial is cut
// off.
func (k *kernel) finishClose(c *closing) {
	if c.Censored {
		return // cut off at the horizon, and finished while draining
	}
	c.Wait = time.Duration(k.now) - c.Start
	k.flushBlame(&c.blame)
	c.IPIs = k.ipis - c.ipis
	r := k.ran()
	c.Ran = trial.GracePeriods{Normal: r.normal - c.ran.normal, Expedited: r.expedited - c.ran.expedited}
}

// ran is the number of RCU grace periods of all scans and direct waits so far.
func (k *kernel) ran() gpCounts {
	n := k.directWaits
	for _, d := range k.domains {
		n.normal += d.waits.normal
		n.expedited += d.waits.expedited
	}
	if k.holdouts != nil {
		n.normal += k.holdouts.waits.normal
	}
	return n
}

// waited adds the RCU grace periods that a domain used during the wait of a close.
func (k *kernel) waited(t *task, d *domain, from gpCounts) { k.addWait(t, from, d.waits) }

// countDirect counts a grace period that a task waited for directly.
func (k *kernel) countDirect(t *task) {
	k.directWaits.normal++
	k.addWait(t, gpCounts{}, gpCounts{normal: 1})
}

func (k *kernel) addWait(t *task, from, to gpCounts) {
	if c := t.closing; c != nil && !c.Censored {
		c.Waited.Normal += to.normal - from.normal
		c.Waited.Expedited += to.expedited - from.expedited
	}
}
