package shrink

import (
	"slices"
	"time"

	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// interrupts turns the storms into a list of single samples, as few as take the
// same time from each CPU as the storms took, and then does without each that
// is not needed.
func (m *search) interrupts() {
	if !m.single() && len(m.best.Storms) > 0 {
		m.convert()
	}
	if m.single() && len(m.best.Storms) > 0 {
		m.thinOut()
		for i := range m.best.Storms {
			m.shorten(workload.MinHandler, m.best.Storms[i].Handler, func(sc *workload.Scenario, d time.Duration) { sc.Storms[i].Handler = d })
		}
		m.roundOff()
	}
}

// single reports whether all storms are lists of samples.
func (m *search) single() bool {
	return !slices.ContainsFunc(m.best.Storms, func(st workload.Storm) bool { return len(st.At) == 0 })
}

// convert tries one sample for each CPU, then two, and so on, placed so that at
// any time they have taken what the storms had by then.
func (m *search) convert() {
	rec := m.record()
	source := workload.HRTimer
	for i := range m.best.Storms {
		if m.best.Storms[i].Source == workload.NMI {
			source = workload.NMI
		}
	}
	var most time.Duration
	for _, c := range rec.cpus {
		most = max(most, c.busy)
	}
	for n := time.Duration(1); n <= workload.MaxInstants; n *= 2 {
		handler := (most + n - 1) / n
		if handler > workload.MaxHandler || handler < workload.MinHandler {
			continue
		}
		sc := m.copy()
		sc.Storms = nil
		for cpu, c := range rec.cpus {
			if at := c.instants(handler, sc.Horizon); len(at) > 0 {
				sc.Storms = append(sc.Storms, workload.Storm{Source: source, CPUs: []int{cpu}, At: at, Handler: handler})
			}
		}
		if m.try(sc) {
			return
		}
	}
}

// thinOut removes samples in ever smaller groups (delta debugging) until every
// one that is left is needed.
func (m *search) thinOut() {
	total := 0
	for i := range m.best.Storms {
		total += len(m.best.Storms[i].At)
	}
	for group := (total + 1) / 2; group > 0; group /= 2 {
		for from := 0; from < total; {
			sc := m.copy()
			n := withoutSamples(&sc, from, group)
			if m.try(sc) {
				total -= n
			} else {
				from += group
			}
		}
	}
}

// withoutSamples removes up to n samples, counted through all storms, and the
// storms that are then empty. It returns how many it removed.
func withoutSamples(sc *workload.Scenario, from, n int) (removed int) {
	for i := range sc.Storms {
		st := &sc.Storms[i]
		k := len(st.At)
		a, b := min(max(from, 0), k), min(max(from+n, 0), k)
		st.At = slices.Delete(st.At, a, b)
		removed += b - a
		from -= k
	}
	sc.Storms = slices.DeleteFunc(sc.Storms, func(st workload.Storm) bool { return st.Period == 0 && len(st.At) == 0 })
	return removed
}

// roundOff makes lengths and instants easier to read, coarsely if that will do.
func (m *search) roundOff() {
	for i := range m.best.Storms {
		for unit := time.Second; unit > time.Nanosecond; unit /= 10 {
			if m.change(func(sc *workload.Scenario) { sc.Storms[i].Handler = sc.Storms[i].Handler.Truncate(unit) }) {
				break
			}
		}
	}
	for _, unit := range []time.Duration{time.Second, 100 * time.Millisecond, 10 * time.Millisecond, time.Millisecond, time.Microsecond} {
		for i := range m.best.Storms {
			if m.change(func(sc *workload.Scenario) {
				at := sc.Storms[i].At
				for j := range at {
					at[j] = at[j].Round(unit)
				}
			}) {
				continue
			}
			for j := range m.best.Storms[i].At {
				m.change(func(sc *workload.Scenario) { sc.Storms[i].At[j] = sc.Storms[i].At[j].Round(unit) })
			}
		}
	}
}

// recording is what storms take of each CPU, over time, and where grace periods
// and scans are.
type recording struct {
	cpus   []load
	phases []phase
}

// load is what samples have taken of a CPU.
type load struct {
	busy    time.Duration
	stretch []stretch
}

type stretch struct{ until, span, busy time.Duration }

// phase is a stretch of the trial that has a name.
type phase struct {
	name        string
	kind        kernel.TraceKind
	from, until time.Duration
}

func (m *search) record() *recording {
	rec := &recording{cpus: make([]load, m.best.Machine.CPUs)}
	kernel.Run(m.best, m.fix, m.seed, kernel.Options{MaxSteps: m.maxSteps, Trace: rec})
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
		c.busy += e.Busy
		c.stretch = append(c.stretch, stretch{e.At, e.For, e.Busy})
	case kernel.TraceScanBegin:
		rec.phases = append(rec.phases, phase{"scan " + string('0'+rune(e.Scan)) + " of " + e.Domain, e.Kind, e.At, -1})
	case kernel.TraceScanEnd:
		rec.end(kernel.TraceScanBegin, "scan "+string('0'+rune(e.Scan))+" of "+e.Domain, e.At)
	case kernel.TraceCloseBegin:
		rec.phases = append(rec.phases, phase{"close() by " + e.Task.Comm, e.Kind, e.At, -1})
	case kernel.TraceCloseEnd:
		rec.end(kernel.TraceCloseBegin, "close() by "+e.Task.Comm, e.At)
	}
}

func (rec *recording) end(kind kernel.TraceKind, name string, at time.Duration) {
	for i := len(rec.phases) - 1; i >= 0; i-- {
		if p := &rec.phases[i]; p.kind == kind && p.name == name && p.until < 0 {
			p.until = at
			return
		}
	}
}

// instants are when the time taken passes whole multiples of the handler's.
func (c *load) instants(handler, horizon time.Duration) (at []time.Duration) {
	var sum time.Duration
	next := time.Duration(0)
	for _, s := range c.stretch {
		for s.busy > 0 && sum+s.busy > next {
			// Within a stretch samples are taken to be spread evenly.
			t := s.until - s.span + time.Duration(float64(next-sum)/float64(s.busy)*float64(s.span))
			if n := len(at); t > horizon || len(at) == workload.MaxInstants || n > 0 && t <= at[n-1] {
				return at
			}
			at = append(at, t)
			next += handler
		}
		sum += s.busy
	}
	return at
}
