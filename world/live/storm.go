package live

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gpstorm/gpstorm/internal/interrupt"
	"github.com/gpstorm/gpstorm/workload"
)

// scale is what a scenario's times are divided by: a virtual kernel's grace
// period takes milliseconds where one here takes tens of microseconds.
const scale = 100

// load is what a scenario asks of the run, in the live world's times.
type load struct {
	section, gap time.Duration // CPU time inside of sections and between them
	storms       []storm
	cpus         int    // of the scenario
	kinds        []kind // of its readers
}

// storm interrupts readers: those on some of the CPUs that the scenario has, from
// one time to another.
type storm struct {
	interrupt.Storm
	cpus        []int // none: all
	from, until time.Duration
}

// maxDuty bounds the share of a thread's CPU time that one storm asks for, and
// maxSection a section and a gap.
const (
	maxDuty    = 0.9
	maxSection = time.Millisecond
)

var kindOf = map[workload.Reads]kind{
	workload.ReadsTracepoint: readsTracepoint, workload.ReadsTasksTrace: readsTasksTrace, workload.ReadsRCU: readsRCU,
}

// loadOf takes storms, readers and updaters from the scenario. It changes the
// numbers of goroutines in c.
func loadOf(c *Config) load {
	var l load
	sc := c.Scenario
	if sc == nil {
		return l
	}
	for _, g := range sc.Tasks {
		if k, ok := kindOf[g.Reads]; ok {
			l.kinds = append(l.kinds, slices.Repeat([]kind{k}, min(g.Count, maxGoroutines))...)
			l.section = max(l.section, min(g.Section/scale, maxSection))
			l.gap = max(l.gap, min(g.Gap/scale, maxSection))
		}
	}
	if readers := len(l.kinds); readers > 0 {
		c.Readers = min(readers, maxGoroutines)
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
		one := storm{cpus: s.CPUs, from: s.From / scale, until: s.Until / scale}
		// The share of CPU time is kept; interrupts that would be too long for
		// the source come more often.
		duty := min(float64(s.Handler)*float64(max(s.Events, 1))/float64(s.Period), maxDuty)
		one.Period = min(max(s.Period/scale, interrupt.MinPeriod), time.Second)
		one.Weight = time.Duration(duty * float64(one.Period))
		if one.Weight > interrupt.MaxWeight {
			one.Weight = interrupt.MaxWeight
			one.Period = max(time.Duration(float64(one.Weight)/duty), interrupt.MinPeriod)
		}
		l.storms = append(l.storms, one)
	}
	l.cpus = max(sc.Machine.CPUs, 1)
	return l
}

// hits reports whether a storm interrupts a reader, whose place among the readers
// stands for a CPU of the scenario.
func (l *load) hits(s *storm, reader int) bool {
	return len(s.cpus) == 0 || slices.Contains(s.cpus, reader%l.cpus)
}

// target is a reader as storms see it.
type target struct {
	thread int
	got    interrupt.Achieved
	asked  interrupt.Achieved // what it would have got at the rate and weight asked for
}

// strike runs the storms of a load against the readers' threads until the run is
// over, and then adds up what they achieved. Without a source nothing happens,
// and the report says so.
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
				to := &t.targets[reader]
				to.asked.Interrupts += uint64(got.CPU / s.Period)
				to.asked.Took += time.Duration(float64(got.CPU) * float64(s.Weight) / float64(s.Period))
				to.got.Interrupts += got.Interrupts
				to.got.Took += got.Took
				to.got.CPU = max(to.got.CPU, got.CPU)
				to.asked.CPU = to.got.CPU
				t.mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// pause sleeps, and reports whether the run goes on.
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

// Storm is what storms were asked to do to the readers' threads, and did. Rates
// are interrupts a second of CPU time, shares are of that time, both over all
// threads that a storm was aimed at.
type Storm struct {
	Source     string  `json:"source"` // "perf", "fifo" or "signals"; empty if none is available
	AskedRate  float64 `json:"asked_hz"`
	Rate       float64 `json:"hz"`
	AskedShare float64 `json:"asked_share"`
	Share      float64 `json:"share"`
	Most       float64 `json:"most_share"` // of the thread that was interrupted for longest
	Failed     bool    `json:"failed,omitempty"`
}

// enough is the part of what was asked that a storm must achieve.
const enough = 0.8

// FellShort reports whether the storm achieved less than four fifths of the rate
// or of the share that was asked for: what such a run shows is not about the
// storm that was asked for.
func (s *Storm) FellShort() bool {
	return s != nil && (s.Source == "" || s.Failed || s.Rate < enough*s.AskedRate || s.Share < enough*s.AskedShare)
}

func (s *Storm) String() string {
	switch {
	case s == nil:
		return "none"
	case s.Source == "":
		return "unavailable"
	case s.AskedRate == 0:
		return s.Source // under way
	}
	return fmt.Sprintf("%s %.0f/%.0f Hz %.0f/%.0f %%", s.Source, s.Rate, s.AskedRate, 100*s.Share, 100*s.AskedShare)
}

// storm adds up what the storms did. While they run it has nothing to add up.
func (t *run) storm() *Storm {
	if !t.stormsAsked {
		return nil
	}
	s := &Storm{Failed: t.stormFailed.Load()}
	if t.source == nil {
		return s
	}
	s.Source = t.source.Name()
	t.mu.Lock()
	defer t.mu.Unlock()
	var got, asked interrupt.Achieved
	for i := range t.targets {
		got.Add(t.targets[i].got)
		asked.Add(t.targets[i].asked)
		s.Most = max(s.Most, t.targets[i].got.Share())
	}
	s.Rate, s.AskedRate, s.Share, s.AskedShare = got.Rate(), asked.Rate(), got.Share(), asked.Share()
	return s
}
