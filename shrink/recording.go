package shrink

import (
	"slices"
	"time"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// recording is what storms take of each CPU, over time, which readers are
// preempted, and where grace periods and scans are.
type recording struct {
	cpus      []load
	preempted []switched
	closes    []closing
	causes    []cause          // in the order of time
	began     time.Duration    // of the first scan or close(); -1 is never
	closer    kernel.TraceTask // the first to close
	asleep    time.Duration    // when it first slept in close(); 0 is never
	blocked   time.Duration    // when then a preempted reader first held up RCU
	readers   int              // that are preempted
}

// starts are the instants from which on samples may matter, without repetition.
func (rec *recording) starts() []time.Duration {
	all := []time.Duration{0, max(0, rec.began), rec.asleep, rec.blocked}
	slices.Sort(all)
	return slices.Compact(all)
}

// closing is a close() under way; until is negative if it did not return.
type closing struct {
	task        kernel.TraceTask
	from, until time.Duration
}

// cause is what a close() waits for from an instant on.
type cause struct {
	task kernel.TraceTask
	what trial.Cause
	from time.Duration
}

func (m *search) record() *recording {
	rec := &recording{cpus: make([]load, m.best.Machine.CPUs), began: -1}
	kernel.Run(m.best, m.fix, m.seed, kernel.Options{MaxSteps: m.maxSteps, Draws: m.opt.Draws, Trace: rec})
	m.trials++
	return rec
}

// Samples implements kernel.Tracer: sums will do.
func (rec *recording) Samples() (from, until time.Duration) { return 0, 0 }

// Trace implements kernel.Tracer.
func (rec *recording) Trace(e kernel.TraceEvent) {
	switch e.Kind {
	case kernel.TraceStorm:
		c := &rec.cpus[e.CPU]
		c.stretch = append(c.stretch, stretch{e.At, e.For, e.Busy})
	case kernel.TraceScanBegin:
		rec.begin(e.At)
	case kernel.TraceCause:
		rec.causes = append(rec.causes, cause{e.Task, *e.Cause, e.At})
	case kernel.TraceSleep:
		if rec.asleep == 0 && e.State == 'D' && e.Task == rec.closer {
			rec.asleep = e.At
		}
	case kernel.TracePreempted:
		rec.preempt(e)
	case kernel.TraceBlocked:
		rec.preempt(e)
		rec.readers++
		rec.block(e.Seq != 0, e.At)
	case kernel.TraceUnblocked:
		rec.readers--
	case kernel.TraceGPStart:
		rec.block(rec.readers > 0, e.At)
	case kernel.TraceCloseBegin:
		if rec.closer.PID == 0 {
			rec.closer = e.Task
		}
		rec.begin(e.At)
		rec.closes = append(rec.closes, closing{e.Task, e.At, -1})
	case kernel.TraceCloseEnd:
		for i := range rec.closes {
			if c := &rec.closes[i]; c.task == e.Task && c.until < 0 {
				c.until = e.At
			}
		}
	}
}

// begin notes the first scan or close().
func (rec *recording) begin(at time.Duration) {
	if rec.began < 0 {
		rec.began = at
	}
}

// block notes that a preempted reader holds up a grace period.
func (rec *recording) block(holds bool, at time.Duration) {
	if holds && rec.blocked == 0 && rec.asleep > 0 {
		rec.blocked = at
	}
}

// switched is a reader switched out inside of a section.
type switched struct {
	task  string
	group string
	cpu   int
	at    time.Duration
	holds bool // a vanilla grace period, at that time
}

// preempt notes a preemption, and what the kernel finds out about it next.
func (rec *recording) preempt(e kernel.TraceEvent) {
	if e.Kind == kernel.TracePreempted {
		rec.preempted = append(rec.preempted, switched{task: e.Task.Comm, group: e.Group, cpu: e.CPU, at: e.At})
		return
	}
	if n := len(rec.preempted); n > 0 && rec.preempted[n-1].task == e.Task.Comm && rec.preempted[n-1].at == e.At {
		rec.preempted[n-1].holds = e.Seq != 0
	}
}

// at names what a close() was waiting for at an instant.
func (rec *recording) at(t time.Duration) string {
	if len(rec.closes) == 0 || t < rec.closes[0].from {
		return "before the first close()"
	}
	where := "outside of any close()"
	for _, c := range rec.closes {
		if c.from > t || c.until >= 0 && c.until <= t {
			continue
		}
		where = "within a close()"
		for _, w := range rec.causes {
			if w.task == c.task && w.from <= t {
				where = whereIn(w.what)
			}
		}
		break
	}
	return where
}

// whereIn names the part of the grace period that a cause falls into.
func whereIn(c trial.Cause) string {
	switch c.Phase {
	case trial.BeforeGP:
		return "before the grace period of " + c.Domain
	case trial.Scan1:
		return "within scan 1 of " + c.Domain
	case trial.Scan2:
		return "within scan 2 of " + c.Domain
	case trial.Invocation:
		return "before the callbacks of " + c.Domain
	}
	return "within a close()"
}
