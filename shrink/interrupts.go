package shrink

import (
	"slices"
	"time"

	"github.com/gpstorm/gpstorm/workload"
)

// interrupts replaces the storms by a list of as few single samples as possible
// that take the same time from each CPU. Then it removes each sample that the
// failure does not need.
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

// longest returns the longest handler that a scenario has at any time.
func longest(sc *workload.Scenario) (d time.Duration) {
	for i := range sc.Storms {
		d = max(d, sc.Storms[i].Handler, sc.Storms[i].HandlerMax)
	}
	return d
}

// convert tries one sample for each CPU, then two, four and so on, with the same
// total time as the storm's, and none longer than a handler of the failure: that
// would be a storm that the scenario cannot have. At any time the samples have taken as much as the
// storms had by then; or else they follow each other directly, because a storm has
// many short pauses, and a few long ones may let a task run that the storm did not.
// A storm that hits only some tasks spares the tasks that these wait for, unlike
// samples on the CPU: so the samples begin with the trial, with the first close(),
// when it sleeps, or when it waits for a reader.
func (m *search) convert() {
	rec := m.record()
	source := workload.HRTimer
	for i := range m.best.Storms {
		if m.best.Storms[i].Source == workload.NMI {
			source = workload.NMI
		}
	}
	for n := time.Duration(1); n <= workload.MaxInstants; n *= 2 {
		for _, start := range rec.starts() {
			var most time.Duration
			for _, c := range rec.cpus {
				most = max(most, c.after(start))
			}
			handler := (most + n - 1) / n
			if handler > m.longest || handler < workload.MinHandler {
				continue
			}
			for _, place := range []func(*load, time.Duration, time.Duration, time.Duration) []time.Duration{(*load).instants, (*load).packed} {
				sc := m.copy()
				sc.Storms = nil
				for cpu := range rec.cpus {
					if at := place(&rec.cpus[cpu], handler, start, sc.Horizon); len(at) > 0 {
						sc.Storms = append(sc.Storms, workload.Storm{Source: source, CPUs: []int{cpu}, At: at, Handler: handler})
					}
				}
				if m.try(sc) {
					return
				}
			}
		}
	}
}

// thinOut removes samples in ever smaller groups (delta debugging) until every
// remaining one is needed.
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
// storms that become empty. It returns the number of removed samples.
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

// roundOff rounds durations and instants, as coarsely as the failure allows.
func (m *search) roundOff() {
	for i := range m.best.Storms {
		for unit := time.Second; unit > time.Nanosecond; unit /= 10 {
			if m.change(func(sc *workload.Scenario) { sc.Storms[i].Handler = sc.Storms[i].Handler.Truncate(unit) }) {
				break
			}
		}
	}
	for _, unit := range roundUnits {
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

// roundUnits are the units for rounding instants, the coarsest first.
var roundUnits = []time.Duration{time.Second, 100 * time.Millisecond, 10 * time.Millisecond, time.Millisecond, time.Microsecond}

// load is the time that samples took from a CPU.
type load struct{ stretch []stretch }

type stretch struct{ until, span, busy time.Duration }

// after returns the time of the stretch's samples after an instant, as if they were
// spread evenly.
func (s stretch) after(start time.Duration) time.Duration {
	if s.until <= start {
		return 0
	}
	if from := s.until - s.span; from < start {
		return time.Duration(float64(s.busy) * float64(s.until-start) / float64(s.span))
	}
	return s.busy
}

func (c *load) after(start time.Duration) (sum time.Duration) {
	for _, s := range c.stretch {
		sum += s.after(start)
	}
	return sum
}

// instants returns the times at which the load since start passes whole multiples
// of the handler's duration.
func (c *load) instants(handler, start, horizon time.Duration) (at []time.Duration) {
	var sum, next time.Duration
	for _, s := range c.stretch {
		busy := s.after(start)
		from := max(start, s.until-s.span)
		for busy > 0 && sum+busy > next {
			t := from + time.Duration(float64(next-sum)/float64(busy)*float64(s.until-from))
			if n := len(at); t > horizon || len(at) == workload.MaxInstants || n > 0 && t <= at[n-1] {
				return at
			}
			at = append(at, t)
			next += handler
		}
		sum += busy
	}
	return at
}

// pause separates two samples that follow each other.
const pause = 100 * time.Microsecond

// packed returns the same number of instants, one handler and a pause apart.
func (c *load) packed(handler, start, horizon time.Duration) (at []time.Duration) {
	for left := c.after(start); left > 0 && start <= horizon && len(at) < workload.MaxInstants; left -= handler {
		at = append(at, start)
		start += handler + pause
	}
	return at
}
