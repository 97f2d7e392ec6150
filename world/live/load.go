package live

import (
	"slices"
	"time"

	"github.com/gpstorm/gpstorm/internal/interrupt"
	"github.com/gpstorm/gpstorm/workload"
)

// scale divides the times of a scenario: a grace period takes milliseconds in the
// virtual kernel and tens of microseconds here.
const scale = 100

// load is a scenario's load on the machine, in the times of the live world.
type load struct {
	readers []group // one entry for each reader
	hogs    []group // one entry for each task that does not read
	storms  []storm
	cpus    int           // number of CPUs in the scenario
	gc      time.Duration // interval of garbage collections; 0 if none is forced
}

// group describes the loop of a group's tasks: CPU time inside and between
// sections, and a sleep once in a number of rounds.
type group struct {
	name         string
	kind         kind
	section, gap time.Duration
	sleep        time.Duration
	sleepEvery   int
}

// kinds returns the kind of each reader.
func (l *load) kinds() (all []kind) {
	for i := range l.readers {
		all = append(all, l.readers[i].kind)
	}
	return all
}

// at returns the group of a torture's reader; readers are distributed over the
// groups in turn.
func (l *load) at(reader int) group {
	if len(l.readers) == 0 {
		return group{}
	}
	return l.readers[reader%len(l.readers)]
}

// storm interrupts the readers of a group, or those on some CPUs of the scenario,
// during an interval.
type storm struct {
	interrupt.Storm
	at          int    // in the scenario
	task        string // empty: readers on the CPUs
	cpus        []int  // empty: all CPUs
	from, until time.Duration
}

// maxDuty limits the share of a thread's CPU time that one storm takes, maxSection
// the length of a section and of a gap.
const (
	maxDuty    = 0.99
	maxSection = time.Millisecond
)

var kindOf = map[workload.Reads]kind{
	workload.ReadsTracepoint: readsTracepoint, workload.ReadsTasksTrace: readsTasksTrace, workload.ReadsRCU: readsRCU,
}

// loadOf takes storms, readers and updaters from the scenario, and sets the numbers
// of goroutines in c.
func loadOf(c *Config) load {
	var l load
	sc := c.Scenario
	if sc == nil {
		return l
	}
	for _, g := range sc.Tasks {
		one := group{
			name: g.Name, section: min(g.Section/scale, maxSection), gap: min(g.Gap/scale, maxSection),
			sleep: g.Sleep / scale, sleepEvery: g.SleepEvery,
		}
		to := &l.hogs
		if k, ok := kindOf[g.Reads]; ok {
			one.kind, to = k, &l.readers
		}
		*to = append(*to, slices.Repeat([]group{one}, min(g.Count, maxGoroutines-len(*to)))...)
	}
	if len(l.readers) > 0 {
		c.Readers = len(l.readers)
	}
	closers := 0
	for _, g := range sc.Closers {
		closers += g.Count
	}
	if closers > 0 {
		c.Updaters = min(closers, maxGoroutines)
	}
	for i, s := range sc.Storms {
		if s.Period <= 0 {
			continue
		}
		one := storm{at: i, task: s.Task, cpus: s.CPUs, from: s.From / scale, until: s.Until / scale}
		// The share of CPU time is kept: if interrupts would be too long for the
		// source, they come more often.
		duty := min(float64(s.Handler)*float64(max(s.Events, 1))/float64(s.Period), maxDuty)
		one.Period = min(max(s.Period/scale, interrupt.MinPeriod), time.Second)
		one.Weight = time.Duration(duty * float64(one.Period))
		if one.Weight > interrupt.MaxWeight {
			one.Weight = interrupt.MaxWeight
			one.Period = max(time.Duration(float64(one.Weight)/duty), interrupt.MinPeriod)
		}
		l.storms = append(l.storms, one)
	}
	l.cpus, l.gc = max(sc.Machine.CPUs, 1), sc.Go.GC/scale
	return l
}

// hits reports whether a storm interrupts a reader. The index of the reader stands
// for a CPU of the scenario.
func (l *load) hits(s *storm, reader int) bool {
	if s.task != "" {
		return l.at(reader).name == s.task
	}
	return len(s.cpus) == 0 || slices.Contains(s.cpus, reader%l.cpus)
}

// aims returns the number of pairs of a storm and a reader that it interrupts: most
// sources have a thread for each.
func (l *load) aims() (n int) {
	for i := range l.storms {
		for reader := range l.readers {
			if l.hits(&l.storms[i], reader) {
				n++
			}
		}
	}
	return n
}
