package live

import (
	"runtime"
	"time"

	"github.com/gpstorm/gpstorm/workload"
)

// scale is what a scenario's times are divided by: a virtual kernel's grace
// period takes milliseconds where one here takes tens of microseconds.
const scale = 100

// load is what a scenario asks of the run, in the live world's times.
type load struct {
	section, gap time.Duration // CPU time inside of sections and between them
	storms       []storm
}

// storm interrupts the program: every period it takes a processor for the time
// of the handler, and sends the process a signal if the source is an NMI.
type storm struct {
	period, handler time.Duration
	signal          bool
	from, until     time.Duration
}

// The bounds of scaled times. A Go goroutine cannot interrupt another more
// often, and a storm must leave the others something.
const (
	minPeriod  = 50 * time.Microsecond
	maxDuty    = 0.9
	maxSection = time.Millisecond
)

// loadOf takes storms, readers and updaters from the scenario. It changes the
// numbers of goroutines in c.
func loadOf(c *Config) load {
	var l load
	sc := c.Scenario
	if sc == nil {
		return l
	}
	readers := 0
	for _, g := range sc.Tasks {
		if g.Reads == workload.ReadsTracepoint || g.Reads == workload.ReadsTasksTrace || g.Reads == workload.ReadsRCU {
			readers += g.Count
			l.section = max(l.section, min(g.Section/scale, maxSection))
			l.gap = max(l.gap, min(g.Gap/scale, maxSection))
		}
	}
	if readers > 0 {
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
		duty := min(float64(s.Handler)*float64(max(s.Events, 1))/float64(s.Period), maxDuty)
		period := max(s.Period/scale, minPeriod)
		one := storm{
			period: period, handler: time.Duration(duty * float64(period)),
			signal: s.Source == workload.NMI, from: s.From / scale, until: s.Until / scale,
		}
		cpus := len(s.CPUs)
		if cpus == 0 {
			cpus = sc.Machine.CPUs
		}
		for range min(max(cpus, 1), runtime.NumCPU()) {
			l.storms = append(l.storms, one)
		}
	}
	return l
}

// storm runs one storm until the run is over. It has a thread of its own, so
// that it takes processors from the readers' threads as an interrupt does, and
// not their places in the Go scheduler.
func (t *run) storm(s storm) {
	runtime.LockOSThread()
	for next := t.started.Add(s.from); !t.stop.Load(); next = next.Add(s.period) {
		if s.until > 0 && time.Since(t.started) > s.until {
			return
		}
		if wait := time.Until(next); wait > 0 {
			time.Sleep(wait)
		} else {
			next = time.Now() // the machine did not keep up: no debt
		}
		if s.signal {
			interrupt()
		}
		for start := time.Now(); time.Since(start) < s.handler; {
		}
		t.bursts.Add(1)
	}
}
