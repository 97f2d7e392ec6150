package shrink

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// Removal is the outcome without one part of a shrunk scenario.
type Removal struct {
	What     string
	Scenario workload.Scenario // without the part
	Result   trial.Result
	Same     bool // the failure is still the wanted one
}

// maxSingles limits the single samples, and the preemptions, that are removed one
// by one, to keep the report readable.
const maxSingles = 32

// removals runs the best scenario without each of its parts, except the parts that
// no scenario can omit.
func (m *search) removals() []Removal {
	m.stage = "removing each part"
	var all []Removal
	without := func(what string, f func(*workload.Scenario)) {
		sc := m.copy()
		f(&sc)
		if sc.Validate() != nil {
			return
		}
		all = append(all, Removal{What: what, Scenario: sc})
	}
	if n := m.best.Machine.CPUs - 1; n > 0 {
		without(fmt.Sprintf("CPU %d", n), func(sc *workload.Scenario) { withCPUs(sc, n) })
	}
	m.preemptionRemovals(without)
	for i, st := range m.best.Storms {
		if len(st.At) != 1 {
			without(stormName(&st), func(sc *workload.Scenario) { sc.Storms = slices.Delete(sc.Storms, i, i+1) })
		}
	}
	sample := 0
	for _, st := range m.best.Storms {
		for _, at := range st.At {
			if sample < maxSingles {
				n := sample
				without(fmt.Sprintf("the %s of %s at %s on CPU %d", st.Source, short(st.Handler), at, st.CPUs[0]),
					func(sc *workload.Scenario) { withoutSamples(sc, n, 1) })
			}
			sample++
		}
	}
	for i, t := range m.best.Tasks {
		if t.Count > 1 {
			without(fmt.Sprintf("one of the %d tasks %s", t.Count, t.Name), func(sc *workload.Scenario) { sc.Tasks[i].Count-- })
		}
		what := "the task " + t.Name
		if t.Count > 1 {
			what = fmt.Sprintf("all %d tasks %s", t.Count, t.Name)
		}
		without(what, func(sc *workload.Scenario) { withoutTasks(sc, i) })
	}
	for i, g := range m.best.Closers {
		if g.Count > 1 {
			without(fmt.Sprintf("one of the %d closers %s", g.Count, g.Name), func(sc *workload.Scenario) { sc.Closers[i].Count-- })
		}
		if len(m.best.Closers) > 1 {
			without("the closers "+g.Name, func(sc *workload.Scenario) { withoutClosers(sc, i) })
		}
	}
	for i, l := range m.best.RCULoad {
		without(fmt.Sprintf("the RCU load %s on CPU %d", l.Kind, l.CPU), func(sc *workload.Scenario) { sc.RCULoad = slices.Delete(sc.RCULoad, i, i+1) })
	}
	scenarios := make([]workload.Scenario, len(all))
	for i := range all {
		scenarios[i] = all[i].Scenario
	}
	if len(all) == 0 {
		return nil
	}
	for i, r := range m.run(scenarios) {
		all[i].Result, all[i].Same = r, m.fails(&r)
	}
	return all
}

func stormName(st *workload.Storm) string {
	where := "every CPU"
	switch {
	case st.Task != "":
		where = "task " + st.Task
	case len(st.CPUs) > 0:
		where = "CPU " + strings.Trim(fmt.Sprint(st.CPUs), "[]")
	}
	if len(st.At) > 0 {
		return fmt.Sprintf("all %d samples of %s on %s", len(st.At), short(st.Handler), where)
	}
	return fmt.Sprintf("the %s storm on %s", st.Source, where)
}

// places describes the remaining preemptions, and counts the single samples by
// phase of a close().
func (m *search) places() (preemptions, interrupts []string) {
	rec := m.record()
	return m.preemptionPlaces(rec), m.interruptPlaces(rec)
}

func (m *search) interruptPlaces(rec *recording) []string {
	if !m.single() {
		return nil
	}
	var lines []string
	for i := range m.best.Storms {
		st := &m.best.Storms[i]
		var names []string
		counts := map[string]int{}
		for _, at := range st.At {
			name := rec.at(at)
			if counts[name]++; counts[name] == 1 {
				names = append(names, name)
			}
		}
		for _, name := range names {
			n := counts[name]
			plural := "s"
			if n == 1 {
				plural = ""
			}
			lines = append(lines, fmt.Sprintf("%d interrupt%s of %s on CPU %d %s", n, plural, short(st.Handler), st.CPUs[0], name))
		}
	}
	return lines
}
