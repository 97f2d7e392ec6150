// Package timeline shows a trial of the virtual kernel on a time axis: as a trace
// for Perfetto and chrome://tracing, and as text in the form of ftrace.
package timeline

import (
	"cmp"
	"slices"
	"time"

	"github.com/gpstorm/gpstorm/world/kernel"
)

// Limits of a Recorder, which keep a trace below some tens of megabytes.
const (
	maxDetail  = 120_000
	maxOutline = 240_000
	// stretches is the number of counter intervals in the horizon, unless they
	// would be shorter than a millisecond.
	stretches = 4000
	// firstWindow is the default length of the window of detail.
	firstWindow = time.Second
)

// Recorder records a trial's events. It keeps the outline of the whole trial: grace
// periods, scans, work items, closes with the causes of their waits, preempted
// readers and counters. It keeps the detail of a window: context switches,
// interrupts, softirqs and single samples.
type Recorder struct {
	from, until     time.Duration
	auto            bool // the window opens with the first close()
	stretch         time.Duration
	events          []kernel.TraceEvent
	ordered         bool // events are sorted by time
	detail, outline int
	detailCut       time.Duration // from when on detail is missing; 0 means never
	outlineCut      time.Duration
	storms          map[int]*kernel.TraceEvent // by CPU: the current sum
	asleep          map[int]bool               // tasks in D state, by number
	runnable        int
	counts          []count
	end             time.Duration
}

// count is the number of runnable tasks from an instant on.
type count struct {
	at time.Duration
	n  int
}

// NewRecorder returns a recorder for one trial with the given horizon. It keeps
// detail between from and until; if until is 0, for a second from the beginning of
// the first close().
func NewRecorder(horizon, from, until time.Duration) *Recorder {
	return &Recorder{
		from: from, until: until, auto: until == 0,
		stretch: max(time.Millisecond, horizon/stretches),
		storms:  map[int]*kernel.TraceEvent{}, asleep: map[int]bool{},
	}
}

// Samples implements kernel.Tracer.
func (r *Recorder) Samples() (from, until time.Duration) { return r.from, r.until }

// Trace implements kernel.Tracer.
func (r *Recorder) Trace(e kernel.TraceEvent) {
	r.end = max(r.end, e.At)
	if e.Kind == kernel.TraceCloseBegin && r.auto && r.until == 0 {
		r.from, r.until = e.At, e.At+firstWindow
	}
	switch e.Kind {
	case kernel.TraceStorm:
		r.storm(&e)
	case kernel.TraceWake:
		r.runnable++
		if r.asleep[e.Task.PID] {
			delete(r.asleep, e.Task.PID)
			r.keep(&e)
			return
		}
		r.keepDetail(&e)
	case kernel.TraceSleep:
		r.runnable--
		if e.State == 'D' {
			r.asleep[e.Task.PID] = true
			r.keep(&e)
			return
		}
		r.keepDetail(&e)
	case kernel.TraceSwitch, kernel.TraceIRQBegin, kernel.TraceIRQEnd, kernel.TraceSoftirqBegin, kernel.TraceSoftirqEnd,
		kernel.TraceSampleBegin, kernel.TraceSampleEnd, kernel.TraceQS:
		r.keepDetail(&e)
	default:
		r.keep(&e)
	}
}

// keep adds an event to the outline.
func (r *Recorder) keep(e *kernel.TraceEvent) {
	if r.outlineCut > 0 {
		return
	}
	if r.outline >= maxOutline {
		r.outlineCut = e.At
		return
	}
	r.outline++
	r.ordered, r.events = false, append(r.events, *e)
}

func (r *Recorder) keepDetail(e *kernel.TraceEvent) {
	if e.At < r.from || e.At >= r.until || r.detailCut > 0 {
		return
	}
	if r.detail >= maxDetail {
		r.detailCut = e.At
		return
	}
	r.detail++
	r.ordered, r.events = false, append(r.events, *e)
}

// storm merges samples into intervals, so that a chart can show all of them.
func (r *Recorder) storm(e *kernel.TraceEvent) {
	s := r.storms[e.CPU]
	if s == nil {
		s = &kernel.TraceEvent{Kind: e.Kind, CPU: e.CPU}
		r.storms[e.CPU] = s
	}
	s.At = e.At
	s.For += e.For
	s.Busy += e.Busy
	s.Count += e.Count
	if s.For < r.stretch {
		return
	}
	r.keep(s)
	*s = kernel.TraceEvent{Kind: e.Kind, CPU: e.CPU}
	if n := len(r.counts); r.outlineCut == 0 && (n == 0 || r.counts[n-1].n != r.runnable) {
		r.counts = append(r.counts, count{e.At, r.runnable})
	}
}

// sorted returns the events in order of time.
func (r *Recorder) sorted() []kernel.TraceEvent {
	if r.ordered {
		return r.events
	}
	r.ordered = true
	slices.SortStableFunc(r.events, func(a, b kernel.TraceEvent) int { return cmp.Compare(a.At, b.At) })
	return r.events
}

// cut returns the times from which the outline and, within its window, the detail
// is missing because of the limits; 0 means never.
func (r *Recorder) cut() (outline, detail time.Duration) { return r.outlineCut, r.detailCut }
