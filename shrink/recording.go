package shrink

import (
	"slices"
	"time"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// recording contains the time that storms take from each CPU, preempted readers,
// grace periods and scans.
type recording struct {
	cpus      []load
	preempted []switched
	closes    []closing
	causes    []cause          // in the order of time
	began     time.Duration    // of the first scan or close(); -1 means never
	closer    kernel.TraceTask // the first to close
	asleep    time.Duration    // when it first slept in close(); 0 means never
	blocked   time.Duration    // when a preempted reader first blocked RCU after that
	readers   int              // number of preempted readers
}

// starts returns the instants from which samples may matter, without repetition.
func (rec *recording) starts() []time.Duration {
	all := []time.Duration{0, max(0, rec.began), rec.asleep, rec.blocked}
	slices.Sort(all)
	return slices.Compact(all)
}

// closing is a close(); until is negative if it did not return.
type closing struct {
	task        kernel.TraceTask
	from, until time.Duration
}

// cause is the cause of a close()'s wait from an instant on.
type cause struct {
	task kernel.TraceTask
	what trial.Cause
	from time.Duration
}

func newRecording(sc *workload.Scenario) *recording {
	return &recording{cpus: make([]load, sc.Machine.CPUs), began: -1}
}

// Samples implements kernel.Tracer: sums are enough.
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

// begin records the first scan or close().
func (rec *recording) begin(at time.Duration) {
	if rec.began < 0 {
		rec.began = at
	}
}

// block records that a preempted reader blocks a grace period.
func (rec *recording) block(holds bool, at time.Duration) {
	if holds && rec.blocked == 0 && rec.asleep > 0 {
		rec.blocked = at
	}
}

// switched is a preemption of a reader inside a section.
type switched struct {
	task  string
	group string
	cpu   int
	at    time.Duration
	holds bool // blocks a vanilla grace period at that time
}

// preempt records a preemption, and the kernel's next report about it.
func (rec *recording) preempt(e kernel.TraceEvent) {
	if e.Kind == kernel.TracePreempted {
		rec.preempted = append(rec.preempted, switched{task: e.Task.Comm, group: e.Group, cpu: e.CPU, at: e.At})
		return
	}
	if n := len(rec.preempted); n > 0 && rec.preempted[n-1].task == e.Task.Comm && rec.preempted[n-1].at == e.At {
		rec.preempted[n-1].holds = e.Seq != 0
	}
}

// at describes the wait of a close() at an instant.
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

// whereIn names the part of the grace period that a cause belongs to.
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
