package shrink

import (
	"slices"
	"time"

	"github.com/gpstorm/gpstorm/workload"
)

// structure removes whole parts, then lowers numbers.
func (m *search) structure() {
	m.drop()
	m.fewerCPUs()
	m.drop()
	for i := range m.best.Tasks {
		m.lower(1, m.best.Tasks[i].Count, func(sc *workload.Scenario, n int) { sc.Tasks[i].Count = n })
	}
	for i := range m.best.Closers {
		m.lower(1, m.best.Closers[i].Count, func(sc *workload.Scenario, n int) { sc.Closers[i].Count = n })
		m.lower(1, max(1, m.best.Closers[i].Repeat), func(sc *workload.Scenario, n int) { sc.Closers[i].Repeat = n })
	}
	for i := range m.best.Storms {
		if len(m.best.Storms[i].At) == 0 {
			m.lower(1, max(1, m.best.Storms[i].Events), func(sc *workload.Scenario, n int) { sc.Storms[i].Events = n })
		}
	}
}

// drop tries to remove each entry of each list, the last first.
func (m *search) drop() {
	for i := len(m.best.RCULoad) - 1; i >= 0; i-- {
		m.change(func(sc *workload.Scenario) { sc.RCULoad = slices.Delete(sc.RCULoad, i, i+1) })
	}
	for i := len(m.best.Storms) - 1; i >= 0; i-- {
		m.change(func(sc *workload.Scenario) { sc.Storms = slices.Delete(sc.Storms, i, i+1) })
	}
	for i := len(m.best.Closers) - 1; i >= 0; i-- {
		m.change(func(sc *workload.Scenario) { withoutClosers(sc, i) })
	}
	for i := len(m.best.Tasks) - 1; i >= 0; i-- {
		m.change(func(sc *workload.Scenario) { withoutTasks(sc, i) })
	}
}

// change tries the best scenario with a change.
func (m *search) change(f func(*workload.Scenario)) bool {
	sc := m.copy()
	f(&sc)
	return m.try(sc)
}

// withoutTasks removes a group, its preemptions, and the storms that are attached
// to it.
func withoutTasks(sc *workload.Scenario, i int) {
	name := sc.Tasks[i].Name
	sc.Tasks = slices.Delete(sc.Tasks, i, i+1)
	sc.Storms = slices.DeleteFunc(sc.Storms, func(st workload.Storm) bool { return st.Task == name })
	sc.Preemptions = slices.DeleteFunc(sc.Preemptions, func(p workload.Preemption) bool { return p.Task == name })
}

// withoutClosers removes a group; storms whose fds it held then last until the
// horizon.
func withoutClosers(sc *workload.Scenario, i int) {
	name := sc.Closers[i].Name
	sc.Closers = slices.Delete(sc.Closers, i, i+1)
	for j := range sc.Storms {
		if sc.Storms[j].ClosedBy == name {
			sc.Storms[j].ClosedBy = ""
		}
	}
}

// fewerCPUs tries machines from one CPU up.
func (m *search) fewerCPUs() {
	for n := 1; n < m.best.Machine.CPUs; n++ {
		if m.change(func(sc *workload.Scenario) { withCPUs(sc, n) }) {
			return
		}
	}
}

// withCPUs moves tasks and storms from removed CPUs to the remaining ones.
func withCPUs(sc *workload.Scenario, n int) {
	sc.Machine.CPUs = n
	for i := range sc.Tasks {
		sc.Tasks[i].CPUs = within(sc.Tasks[i].CPUs, n)
	}
	for i := range sc.Closers {
		sc.Closers[i].CPUs = within(sc.Closers[i].CPUs, n)
	}
	for i := range sc.Storms {
		sc.Storms[i].CPUs = within(sc.Storms[i].CPUs, n)
	}
	sc.RCU.NoCBs = within(sc.RCU.NoCBs, n)
	for i := range sc.Modules {
		sc.Modules[i].CPU %= n
	}
	for i := range sc.RCULoad {
		sc.RCULoad[i].CPU %= n
	}
}

func within(cpus []int, n int) []int {
	var kept []int
	for _, c := range cpus {
		if c %= n; !slices.Contains(kept, c) {
			kept = append(kept, c)
		}
	}
	slices.Sort(kept)
	return kept
}

// lower bisects for the smallest number with the failure.
func (m *search) lower(least, now int, set func(*workload.Scenario, int)) {
	to := func(n int) bool { return m.change(func(sc *workload.Scenario) { set(sc, n) }) }
	if now <= least || to(least) {
		return
	}
	for low := least; now-low > 1; {
		if mid := (low + now) / 2; to(mid) {
			now = mid
		} else {
			low = mid
		}
	}
}

// bisections limits the precision of a search for a time.
const bisections = 7

// shorten bisects for the shortest time with the failure.
func (m *search) shorten(least, now time.Duration, set func(*workload.Scenario, time.Duration)) {
	to := func(d time.Duration) bool { return m.change(func(sc *workload.Scenario) { set(sc, d) }) }
	if now <= least || to(least) {
		return
	}
	low := least
	for range bisections {
		mid := rounded((low + now) / 2)
		if mid <= low || mid >= now {
			return
		}
		if to(mid) {
			now = mid
		} else {
			low = mid
		}
	}
}

// rounded keeps two significant digits.
func rounded(d time.Duration) time.Duration {
	unit := time.Duration(1)
	for unit*100 <= d {
		unit *= 10
	}
	return d / unit * unit
}

// times shortens the trial, lets closes begin earlier, and makes storms sparser.
func (m *search) times() {
	for i := range m.best.Closers {
		m.shorten(0, m.best.Closers[i].Jitter, func(sc *workload.Scenario, d time.Duration) { sc.Closers[i].Jitter = d })
		m.earlier(i)
	}
	m.shorten(time.Millisecond, m.best.Horizon, func(sc *workload.Scenario, d time.Duration) { sc.Horizon = d })
	for i := range m.best.Storms {
		st := &m.best.Storms[i]
		if len(st.At) > 0 {
			continue
		}
		m.shorten(workload.MinHandler, st.Handler, func(sc *workload.Scenario, d time.Duration) { sc.Storms[i].Handler = d })
		for m.change(func(sc *workload.Scenario) { sc.Storms[i].Period *= 2 }) {
		}
	}
}

// earlier moves a start and the horizon by the same time.
func (m *search) earlier(i int) {
	for _, share := range []time.Duration{0, 8, 2} {
		start := m.best.Closers[i].Start
		if start == 0 {
			return
		}
		to := time.Duration(0)
		if share > 0 {
			to = rounded(start / share)
		}
		if m.change(func(sc *workload.Scenario) { begin(sc, i, to) }) {
			return
		}
	}
}

// begin moves closers to an earlier start, and everything else with them.
func begin(sc *workload.Scenario, closers int, start time.Duration) {
	by := sc.Closers[closers].Start - start
	sc.Closers[closers].Start = start
	sc.Horizon -= by
	for i := range sc.Storms {
		shift(&sc.Storms[i], by)
	}
	for i := range sc.Preemptions {
		sc.Preemptions[i].At = max(0, sc.Preemptions[i].At-by)
	}
}

// shift moves a storm to an earlier time.
func shift(st *workload.Storm, by time.Duration) {
	st.From = max(0, st.From-by)
	if st.Until > 0 {
		st.Until = max(st.From+1, st.Until-by)
	}
	var at []time.Duration
	for _, t := range st.At {
		if t >= by {
			at = append(at, t-by)
		}
	}
	st.At = at
}

// plain tries each option at its default.
func (m *search) plain() {
	d := workload.Default()
	for _, f := range []func(*workload.Scenario){
		func(sc *workload.Scenario) { sc.About = "" },
		func(sc *workload.Scenario) { sc.RCU = d.RCU },
		func(sc *workload.Scenario) { sc.SRCU = d.SRCU },
		func(sc *workload.Scenario) { sc.Perf = d.Perf },
	} {
		m.change(f)
	}
	for i := range m.best.Tasks {
		for _, f := range []func(*workload.Tasks){
			func(t *workload.Tasks) { t.Sleep, t.SleepEvery = 0, 0 },
			func(t *workload.Tasks) { t.CPUs = nil },
			func(t *workload.Tasks) { t.Sched = workload.Fair },
		} {
			m.change(func(sc *workload.Scenario) { f(&sc.Tasks[i]) })
		}
	}
	for i := range m.best.Closers {
		for _, f := range []func(*workload.Closers){
			func(g *workload.Closers) { g.CPUs = nil },
			func(g *workload.Closers) { g.Sched = workload.Fair },
			func(g *workload.Closers) { g.Shared = false },
			func(g *workload.Closers) { g.Pause = 0 },
			func(g *workload.Closers) { g.Repeat = 0 },
		} {
			m.change(func(sc *workload.Scenario) { f(&sc.Closers[i]) })
		}
	}
	for i := range m.best.Storms {
		for _, f := range []func(*workload.Storm){
			func(st *workload.Storm) { st.Growth, st.GrowthEvery, st.HandlerMax = 0, 0, 0 },
			func(st *workload.Storm) { st.ClosedBy = "" },
			func(st *workload.Storm) { st.Events = 0 },
		} {
			m.change(func(sc *workload.Scenario) { f(&sc.Storms[i]) })
		}
	}
}
