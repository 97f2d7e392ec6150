package shrink

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gpstorm/gpstorm/workload"
)

// preemptions replaces the scheduler's preemptions of readers by a list of as few
// as possible with the same failure, and then removes each that is not needed.
func (m *search) preemptions() {
	switch m.best.Machine.Preempt {
	case workload.PreemptFull, workload.PreemptLazy:
		m.list()
	}
	if m.best.Machine.Preempt == workload.PreemptListed {
		m.fewerPreemptions()
		m.roundPreemptions()
	}
}

// list tries none, one, two, four and so on of the preemptions that happened: the
// first ones from the beginning, from the first close(), or from the time when it
// waits for a reader; or only those that blocked a grace period. It tries them at their
// own instants, and then early.
func (m *search) list() {
	rec := m.record()
	var holding []switched
	for _, p := range rec.preempted {
		if p.holds {
			holding = append(holding, p)
		}
	}
	if m.listed(nil) {
		return
	}
	own := func(some []switched) []switched { return some }
	if !m.prefixes(rec, holding, 1, own) {
		m.prefixes(rec, holding, 2, early)
	}
}

// prefixes tries n, 2n and so on of the preemptions, at the instants that at gives them,
// and reports whether a list had the failure.
func (m *search) prefixes(rec *recording, holding []switched, n int, at func([]switched) []switched) bool {
	for ; n <= workload.MaxPreemptions; n *= 2 {
		longest := 0
		for _, from := range [][]switched{rec.preempted, holding} {
			for _, start := range rec.starts() {
				i, _ := slices.BinarySearchFunc(from, start, func(p switched, at time.Duration) int { return int(p.at - at) })
				some := from[i:]
				longest = max(longest, len(some))
				if m.listed(at(some[:min(n, len(some))])) {
					return true
				}
			}
		}
		if n >= longest {
			break // the list had all of them
		}
	}
	return false
}

// early returns preemptions that are all listed at the instant of the first: each then
// happens when the scheduler next needs the CPU. At its own instant one is missed if what
// came before makes the scheduler need the CPU a little earlier.
func early(some []switched) []switched {
	all := slices.Clone(some)
	for i := range all {
		all[i].at = all[0].at
	}
	return all
}

// listed tries the best scenario with these preemptions and no others.
func (m *search) listed(some []switched) bool {
	return m.change(func(sc *workload.Scenario) {
		sc.Machine.Preempt, sc.Preemptions = workload.PreemptListed, nil
		for _, p := range some {
			sc.Preemptions = append(sc.Preemptions, workload.Preemption{Task: p.group, At: p.at})
		}
	})
}

// fewerPreemptions removes preemptions in ever smaller groups until each remaining
// one is needed.
func (m *search) fewerPreemptions() {
	for group := (len(m.best.Preemptions) + 1) / 2; group > 0; group /= 2 {
		for from := 0; from < len(m.best.Preemptions); {
			if !m.change(func(sc *workload.Scenario) {
				sc.Preemptions = slices.Delete(sc.Preemptions, from, min(from+group, len(sc.Preemptions)))
			}) {
				from += group
			}
		}
	}
}

// roundPreemptions rounds instants. A preemption happens when the scheduler next
// needs the CPU, so small changes have no effect.
func (m *search) roundPreemptions() {
	for _, unit := range roundUnits {
		if m.change(func(sc *workload.Scenario) {
			for i := range sc.Preemptions {
				sc.Preemptions[i].At = sc.Preemptions[i].At.Truncate(unit)
			}
		}) {
			return
		}
		for i := range m.best.Preemptions {
			m.change(func(sc *workload.Scenario) { sc.Preemptions[i].At = sc.Preemptions[i].At.Truncate(unit) })
		}
	}
}

// took returns the place of each listed preemption, assigned in order, group by
// group. A preemption that never happened has an empty task.
func (rec *recording) took(list []workload.Preemption) []switched {
	all := make([]switched, len(list))
	next := map[string]int{}
	for i, p := range list {
		for n := next[p.Task]; n < len(rec.preempted); n++ {
			if rec.preempted[n].group == p.Task {
				all[i], next[p.Task] = rec.preempted[n], n+1
				break
			}
		}
	}
	return all
}

// preemptionPlaces describes the remaining preemptions; it returns nothing if the
// scenario does not list any.
func (m *search) preemptionPlaces(rec *recording) []string {
	if m.best.Machine.Preempt != workload.PreemptListed {
		return nil
	}
	if len(m.best.Preemptions) == 0 {
		return []string{"no preemption of a reader"}
	}
	type place struct{ task, where string }
	var order []place
	at := map[place][]string{}
	for _, p := range rec.took(m.best.Preemptions) {
		where := place{p.task, fmt.Sprintf("on CPU %d %s", p.cpu, rec.at(p.at))}
		if at[where] == nil {
			order = append(order, where)
		}
		at[where] = append(at[where], short(p.at))
	}
	var lines []string
	for _, p := range order {
		what, when := "1 preemption", at[p][0]
		if n := len(at[p]); n > 1 {
			what = fmt.Sprintf("%d preemptions", n)
			when = strings.Join(at[p][:n-1], ", ") + " and " + at[p][n-1]
		}
		lines = append(lines, fmt.Sprintf("%s of %s at %s %s", what, p.task, when, p.where))
	}
	return lines
}

// preemptionRemovals runs the best scenario without each remaining preemption.
func (m *search) preemptionRemovals(without func(what string, f func(*workload.Scenario))) {
	list := m.best.Preemptions
	if len(list) > 1 {
		without(fmt.Sprintf("all %d preemptions", len(list)), func(sc *workload.Scenario) { sc.Preemptions = nil })
	}
	if len(list) == 0 {
		return
	}
	for i, p := range m.record().took(list) {
		if i < maxSingles {
			without(fmt.Sprintf("the preemption of %s at %s on CPU %d", p.task, short(p.at), p.cpu),
				func(sc *workload.Scenario) { sc.Preemptions = slices.Delete(sc.Preemptions, i, i+1) })
		}
	}
}
