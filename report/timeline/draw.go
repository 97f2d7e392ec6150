package timeline

import (
	"fmt"
	"time"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// Processes of the trace: one for each CPU from firstCPU on, and one for each kind
// of track without a CPU.
const (
	gracePID  = 1 // grace periods
	causePID  = 2 // causes of each close()'s wait
	tasksPID  = 3
	firstCPU  = 10
	taskTID   = 1 // of a CPU: task context
	softTID   = 2
	irqTID    = 3
	sampleTID = 4
	rcuTID    = 1 // of the grace periods
	expTID    = 2
)

// artist converts events to slices and arrows.
type artist struct {
	*drawing
	rec     *Recorder
	names   map[place]string
	domains map[string]int
	since   map[int]time.Duration // by CPU: when its current task was switched in
	current map[int]kernel.TraceTask
	readers []kernel.TraceTask // tasks preempted inside an RCU reader
	waiting map[place][]place  // arrows to grace periods that have not begun
	waitAt  map[place]time.Duration
}

func draw(r *Recorder) *artist {
	a := &artist{
		drawing: newDrawing(), rec: r, names: map[place]string{}, domains: map[string]int{},
		since: map[int]time.Duration{}, current: map[int]kernel.TraceTask{},
		waiting: map[place][]place{}, waitAt: map[place]time.Duration{},
	}
	for _, e := range r.sorted() {
		a.event(&e)
	}
	until := r.end
	if r.detailCut > 0 {
		until = r.detailCut
	} else if r.until > 0 {
		until = min(until, r.until)
	}
	for cpu, t := range a.current {
		a.ran(cpu, t, until)
	}
	a.close(r.end)
	return a
}

func (a *artist) track(pid, tid int, name string) place {
	p := place{pid, tid}
	if a.names[p] == "" {
		a.names[p] = name
	}
	return p
}

func (a *artist) task(t kernel.TraceTask) place {
	return a.track(tasksPID, t.PID, fmt.Sprintf("%s/%d", t.Comm, t.PID))
}

func (a *artist) rcu() place { return a.track(gracePID, rcuTID, "RCU") }
func (a *artist) exp() place { return a.track(gracePID, expTID, "RCU, expedited") }

func (a *artist) domain(name string) place {
	if _, ok := a.domains[name]; !ok {
		a.domains[name] = expTID + 1 + len(a.domains)
	}
	return a.track(gracePID, a.domains[name], name)
}

func (a *artist) event(e *kernel.TraceEvent) {
	switch e.Kind {
	case kernel.TraceSwitch, kernel.TraceIRQBegin, kernel.TraceIRQEnd, kernel.TraceSoftirqBegin, kernel.TraceSoftirqEnd,
		kernel.TraceSampleBegin, kernel.TraceSampleEnd:
		a.onCPU(e)
	case kernel.TraceGPStart, kernel.TraceGPEnd, kernel.TraceExpStart, kernel.TraceExpEnd,
		kernel.TraceSRCUStart, kernel.TraceSRCUEnd, kernel.TraceScanBegin, kernel.TraceScanEnd:
		a.gracePeriod(e)
	case kernel.TraceSleep, kernel.TraceWake:
		a.sleep(e)
	case kernel.TraceBlocked:
		p := a.task(e.Task)
		a.begin(p, e.At, "preempted inside an RCU reader", nil)
		a.readers = append(a.readers, e.Task)
		if e.Seq != 0 {
			a.arrow(a.rcu(), p, e.At, e.At, "waits for a reader")
		}
	case kernel.TraceUnblocked:
		a.finish(a.task(e.Task), e.At)
		for i, t := range a.readers {
			if t == e.Task {
				a.readers = append(a.readers[:i], a.readers[i+1:]...)
				break
			}
		}
	case kernel.TraceWorkBegin:
		a.begin(a.task(e.Task), e.At, e.What, nil)
	case kernel.TraceWorkEnd:
		a.finish(a.task(e.Task), e.At)
	case kernel.TraceCloseBegin:
		a.begin(a.task(e.Task), e.At, "close()", nil)
	case kernel.TraceCloseEnd:
		a.finish(a.task(e.Task), e.At)
		a.finish(a.why(e.Task), e.At)
	case kernel.TraceCause:
		p := a.why(e.Task)
		a.finish(p, e.At)
		a.begin(p, e.At, e.Cause.Text(), nil)
	}
}

func (a *artist) why(t kernel.TraceTask) place {
	return a.track(causePID, t.PID, fmt.Sprintf("%s/%d waits for", t.Comm, t.PID))
}

// onCPU draws the execution on a CPU.
func (a *artist) onCPU(e *kernel.TraceEvent) {
	pid := firstCPU + e.CPU
	switch e.Kind {
	case kernel.TraceSwitch:
		a.ran(e.CPU, e.Here, e.At)
		a.current[e.CPU], a.since[e.CPU] = e.Task, e.At
	case kernel.TraceIRQBegin:
		a.begin(a.track(pid, irqTID, "irq"), e.At, e.What, nil)
	case kernel.TraceIRQEnd:
		a.finish(place{pid, irqTID}, e.At)
	case kernel.TraceSoftirqBegin:
		a.begin(a.track(pid, softTID, "softirq"), e.At, e.What, nil)
	case kernel.TraceSoftirqEnd:
		a.finish(place{pid, softTID}, e.At)
	case kernel.TraceSampleBegin:
		a.begin(a.track(pid, sampleTID, "samples"), e.At, e.What, nil)
	case kernel.TraceSampleEnd:
		a.finish(place{pid, sampleTID}, e.At)
	}
}

// ran draws the time that a task ran on the CPU.
func (a *artist) ran(cpu int, t kernel.TraceTask, until time.Duration) {
	if t.PID == 0 {
		return
	}
	from, ok := a.since[cpu]
	if !ok {
		from = a.rec.from
	}
	if from > until {
		return
	}
	p := a.track(firstCPU+cpu, taskTID, "task")
	a.begin(p, from, t.Comm, map[string]any{"pid": t.PID})
	a.finish(p, until)
}

func (a *artist) gracePeriod(e *kernel.TraceEvent) {
	switch e.Kind {
	case kernel.TraceGPStart:
		a.begin(a.rcu(), e.At, fmt.Sprintf("grace period %d", int64(e.Seq)), nil)
		a.awaited(a.rcu(), e.At)
		for _, t := range a.readers {
			a.arrow(a.rcu(), a.task(t), e.At, e.At, "waits for a reader")
		}
	case kernel.TraceGPEnd:
		a.finish(a.rcu(), e.At)
	case kernel.TraceExpStart:
		a.begin(a.exp(), e.At, fmt.Sprintf("expedited grace period %d", int64(e.Seq)), nil)
		a.awaited(a.exp(), e.At)
	case kernel.TraceExpEnd:
		a.finish(a.exp(), e.At)
	case kernel.TraceSRCUStart:
		a.begin(a.domain(e.Domain), e.At, "grace period", nil)
		a.awaited(a.domain(e.Domain), e.At)
	case kernel.TraceSRCUEnd:
		a.finish(a.domain(e.Domain), e.At)
	case kernel.TraceScanBegin:
		p := a.domain(e.Domain)
		a.begin(p, e.At, fmt.Sprintf("scan %d", e.Scan), nil)
		a.arrow(p, a.task(e.Here), e.At, e.At, "executed by")
	case kernel.TraceScanEnd:
		if s := a.finish(a.domain(e.Domain), e.At); s != nil {
			s.args = map[string]any{"readers": !e.Empty}
		}
	}
}

// sleep draws sleeps in D state, with an arrow to the grace period that is waited
// for.
func (a *artist) sleep(e *kernel.TraceEvent) {
	p := a.task(e.Task)
	if e.Kind == kernel.TraceWake {
		if s := a.innermost(p); s != nil && s.args["state"] == "D" {
			a.finish(p, e.At)
		}
		return
	}
	if e.State != 'D' {
		return
	}
	name := e.What
	if e.Domain != "" {
		name += " " + e.Domain
	}
	a.begin(p, e.At, name, map[string]any{"state": "D"})
	switch {
	case e.Owner.PID != 0:
		a.arrow(p, a.task(e.Owner), e.At, e.At, "holds "+e.What)
	case e.Domain != "":
		if g := a.domain(e.Domain); a.inside(g) {
			a.arrow(p, g, e.At, e.At, "waits for")
		} else {
			a.await(p, g, e.At)
		}
	case e.RCU == trial.NormalRCU:
		a.await(p, a.rcu(), e.At)
	case e.RCU == trial.ExpeditedRCU:
		a.await(p, a.exp(), e.At)
	}
}

func (a *artist) innermost(p place) *slice {
	if open := a.open[p]; len(open) > 0 {
		return open[len(open)-1]
	}
	return nil
}

// await saves an arrow to the next grace period on a track.
func (a *artist) await(p, grace place, at time.Duration) {
	a.waiting[grace] = append(a.waiting[grace], p)
	a.waitAt[p] = at
}

// awaited draws the arrows to a grace period that has just begun.
func (a *artist) awaited(grace place, at time.Duration) {
	for _, p := range a.waiting[grace] {
		if s := a.innermost(p); s != nil && s.from == a.waitAt[p] {
			a.arrow(p, grace, a.waitAt[p], at, "waits for")
		}
	}
	a.waiting[grace] = a.waiting[grace][:0]
}
