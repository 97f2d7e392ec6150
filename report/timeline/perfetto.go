package timeline

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"
)

// traceEvent is an event of the Chrome trace format ("Trace Event Format"), which
// Perfetto also reads. Times are in microseconds.
type traceEvent struct {
	Phase string         `json:"ph"`
	PID   int            `json:"pid"`
	TID   int            `json:"tid"`
	TS    float64        `json:"ts"`
	Dur   *float64       `json:"dur,omitempty"`
	Name  string         `json:"name"`
	Cat   string         `json:"cat,omitempty"`
	ID    int            `json:"id,omitempty"`
	BP    string         `json:"bp,omitempty"`
	Args  map[string]any `json:"args,omitempty"`
}

func us(d time.Duration) float64 { return float64(d) / 1e3 }

// Perfetto writes the trial as JSON for ui.perfetto.dev and chrome://tracing:
// tracks of each CPU, of grace periods with their scans, of tasks with their waits
// and work items, of the causes of each close()'s wait, with an arrow from each
// wait to its grace period, and counters.
func Perfetto(w io.Writer, r *Recorder) error {
	a := draw(r)
	out := &traceWriter{w: bufio.NewWriter(w)}
	out.raw(`{"displayTimeUnit":"ms","otherData":`)
	out.value(notes(r))
	out.raw(`,"traceEvents":[` + "\n")
	out.metadata(a)
	for _, s := range a.slices {
		d := us(s.until - s.from)
		out.event(&traceEvent{Phase: "X", PID: s.pid, TID: s.tid, TS: us(s.from), Dur: &d, Name: s.name, Args: s.args})
	}
	for i, f := range a.arrows {
		e := traceEvent{Phase: "s", PID: f.from.pid, TID: f.from.tid, TS: us(f.start), Name: f.name, Cat: "wait", ID: i + 1}
		out.event(&e)
		e.Phase, e.PID, e.TID, e.TS, e.BP = "f", f.to.pid, f.to.tid, us(f.until), "e"
		out.event(&e)
	}
	out.counters(r)
	out.raw("\n]}\n")
	if out.err == nil {
		out.err = out.w.Flush()
	}
	return out.err
}

func notes(r *Recorder) map[string]string {
	n := map[string]string{"detail": fmt.Sprintf("from %v to %v", r.from, min(r.until, r.end))}
	if outline, detail := r.cut(); outline > 0 || detail > 0 {
		if detail > 0 {
			n["detail"] = fmt.Sprintf("from %v, cut at %v: too much", r.from, detail)
		}
		if outline > 0 {
			n["outline"] = fmt.Sprintf("cut at %v: too much", outline)
		}
	}
	return n
}

// traceWriter writes events and keeps the first error.
type traceWriter struct {
	w     *bufio.Writer
	wrote bool
	err   error
}

func (o *traceWriter) raw(s string) {
	if o.err == nil {
		_, o.err = o.w.WriteString(s)
	}
}

func (o *traceWriter) value(v any) {
	b, err := json.Marshal(v)
	if o.err == nil {
		o.err = err
	}
	o.raw(string(b))
}

func (o *traceWriter) event(e *traceEvent) {
	if o.wrote {
		o.raw(",\n")
	}
	o.wrote = true
	o.value(e)
}

func (o *traceWriter) name(pid, tid int, kind, name string, order int) {
	o.event(&traceEvent{Phase: "M", PID: pid, TID: tid, Name: kind + "_name", Args: map[string]any{"name": name}})
	o.event(&traceEvent{Phase: "M", PID: pid, TID: tid, Name: kind + "_sort_index", Args: map[string]any{"sort_index": order}})
}

// metadata names processes and tracks in a deterministic order.
func (o *traceWriter) metadata(a *artist) {
	places := make([]place, 0, len(a.names))
	for p := range a.names {
		places = append(places, p)
	}
	slices.SortFunc(places, place.compare)
	last := 0
	for _, p := range places {
		if p.pid != last {
			last = p.pid
			o.name(p.pid, 0, "process", processName(p.pid), p.pid)
		}
		o.name(p.pid, p.tid, "thread", a.names[p], p.tid)
	}
}

func processName(pid int) string {
	switch pid {
	case gracePID:
		return "grace periods"
	case causePID:
		return "why close() waits"
	case tasksPID:
		return "tasks"
	}
	return fmt.Sprintf("CPU %d", pid-firstCPU)
}

// counters writes the counters. Perfetto would append any key other than "value" to
// the counter's name.
func (o *traceWriter) counters(r *Recorder) {
	for _, c := range r.counterValues() {
		o.event(&traceEvent{Phase: "C", PID: c.pid, TS: us(c.at), Name: c.name, Args: map[string]any{"value": c.value}})
	}
}
