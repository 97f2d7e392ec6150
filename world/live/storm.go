package live

import (
	"slices"
	"sync"
	"time"

	"github.com/gpstorm/gpstorm/internal/interrupt"
	"github.com/gpstorm/gpstorm/trial"
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
	task        string // empty: readers on the CPUs
	cpus        []int  // empty: all CPUs
	from, until time.Duration
}

// enough is the fraction of the due interrupts, in number and in time, that a storm
// must achieve.
const enough = 0.8

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
	for _, s := range sc.Storms {
		if s.Period <= 0 {
			continue
		}
		one := storm{task: s.Task, cpus: s.CPUs, from: s.From / scale, until: s.Until / scale}
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

// target is a reader as a target of storms.
type target struct {
	thread int
	got    interrupt.Achieved
	asked  interrupt.Achieved // result at the requested rate and weight
	due    time.Duration      // total weight of the interrupts in asked
}

// add adds the result of a storm.
func (to *target) add(s interrupt.Storm, got interrupt.Achieved) {
	whole := got.CPU / s.Period
	to.asked.Interrupts += uint64(whole)
	to.asked.Took += time.Duration(float64(got.CPU) * float64(s.Weight) / float64(s.Period))
	to.due += whole * s.Weight
	to.got.Interrupts += got.Interrupts
	to.got.Took += got.Took
	to.got.CPU = max(to.got.CPU, got.CPU)
	to.asked.CPU = to.got.CPU
}

// strike runs the storms of a load against the readers' threads until the end of
// the run, and then sums the achieved interrupts. Without a source it does nothing,
// and the report shows that.
func (t *run) strike(l *load) {
	var wg sync.WaitGroup
	for i := range l.storms {
		s := &l.storms[i]
		wg.Go(func() {
			if !t.pause(s.from) {
				return
			}
			stops := map[int]func() interrupt.Achieved{}
			for reader := range t.targets {
				if !l.hits(s, reader) {
					continue
				}
				stop, err := t.source.Aim(t.targets[reader].thread, s.Storm)
				if err != nil {
					t.stormFailed.Store(true)
					break
				}
				stops[reader] = stop
			}
			if s.until > 0 {
				t.pause(s.until - time.Since(t.started))
			} else {
				<-t.ctx.Done()
			}
			for reader, stop := range stops {
				got := stop()
				t.mu.Lock()
				t.targets[reader].add(s.Storm, got)
				t.mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// pause sleeps, and reports whether the run continues.
func (t *run) pause(d time.Duration) bool {
	timer := time.NewTimer(max(d, 0))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-t.ctx.Done():
		return false
	}
}

// storm sums the results of the storms. It must not be called while they run.
func (t *run) storm() *trial.Storm {
	if !t.stormsAsked {
		return nil
	}
	s := &trial.Storm{Failed: t.stormFailed.Load()}
	if t.source == nil {
		return s
	}
	s.Source = t.source.Name()
	t.mu.Lock()
	defer t.mu.Unlock()
	var (
		got, asked interrupt.Achieved
		due        time.Duration
	)
	for i := range t.targets {
		got.Add(t.targets[i].got)
		asked.Add(t.targets[i].asked)
		due += t.targets[i].due
		s.Most = max(s.Most, t.targets[i].got.Share())
	}
	s.Rate, s.AskedRate, s.Share, s.AskedShare = got.Rate(), asked.Rate(), got.Share(), asked.Share()
	// A target that ran for 3.9 periods was due for three interrupts.
	s.Short = got.Interrupts == 0 || float64(got.Interrupts) < enough*float64(asked.Interrupts) ||
		float64(got.Took) < enough*float64(due)
	return s
}
