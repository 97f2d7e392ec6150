package repro

import (
	"fmt"
	"slices"
	"time"

	"github.com/gpstorm/gpstorm/workload"
)

// setup is a way to cause symptoms.
type setup struct {
	name  string
	makes []Symptom // it suits a log with one of these
	fill  func(*Draft, *Facts)
}

// suits reports whether the setup can show a symptom of the log, and does not
// contradict the preemption model in it.
func (s *setup) suits(symptoms []Symptom, f *Facts) bool {
	if model := f.Kernel.model(); s.name == longSectionName && model != "" && model != workload.PreemptNone {
		return false
	}
	return slices.ContainsFunc(s.makes, func(m Symptom) bool { return slices.Contains(symptoms, m) })
}

// longSectionName is the name of the setup that needs a kernel without preemption.
const longSectionName = "CPU in a long section"

// setups, the likelier first. Each is a small version of a preset.
var setups = []setup{
	{"storm on readers", []Symptom{SlowSamples}, stormOnReaders},
	{"real-time task before readers", []Symptom{StallReader, CloseHung, QueueHung, WorkerHung, WorkerHungExp, StallExp}, realTimeBeforeReaders},
	{"real-time tasks before the kthread", []Symptom{KthreadReady, StallKthread, StallCPU}, realTimeBeforeKthread},
	{"silent CPU", []Symptom{StallCPU, StallExp, CloseHung}, silentCPU},
	{longSectionName, []Symptom{StallCPU}, longSection},
	{"real-time task before a worker", []Symptom{PoolStuck}, realTimeBeforeWorker},
}

// reader returns the group of tasks that the stall names.
func (d *Draft) reader(f *Facts, cpus ...int) workload.Tasks {
	sc := &d.Scenario
	path := fmt.Sprintf("tasks[%d].", len(sc.Tasks))
	t := workload.Tasks{Name: "reader", Count: 2, CPUs: cpus, Reads: workload.ReadsRCU, Section: 5 * time.Millisecond, Gap: 100 * time.Microsecond}
	d.note(path+"name", "a guess: no stack of a reader is in the log")
	d.note(path+"section", "a guess")
	for _, s := range f.Stalls {
		for _, b := range s.Tasks {
			if shown := f.task(b.PID); shown != nil {
				if name := groupName(shown.Comm, "reader"); name != sc.Closers[0].Name {
					t.Name = name
				}
				d.note(path+"name", "line %d: the stall waits for %s", b.Line, shown)
				return t
			}
		}
	}
	return t
}

func stormOnReaders(d *Draft, f *Facts) {
	sc := &d.Scenario
	reader := d.reader(f)
	// With a gap of a millisecond a grace period would end in time with most seeds.
	reader.Count, reader.Section, reader.Gap = 16, 10*time.Millisecond, 250*time.Microsecond
	sc.Tasks = append(sc.Tasks, reader,
		workload.Tasks{Name: "load", Count: 6, Gap: 10 * time.Millisecond},
		workload.Tasks{Name: "traced", Count: 2, Reads: workload.ReadsTracepoint, Section: 20 * time.Microsecond, Gap: 10 * time.Millisecond})
	sc.Closers[0].Start = 10 * time.Second
	s := workload.Storm{Source: workload.NMI, Task: reader.Name, Events: 8, Period: time.Microsecond}
	// The lines show a decayed average, which rises to the duration of a sample:
	// the highest is nearest. Samples become slower in the course of a storm.
	for _, x := range f.Slow {
		if took := min(time.Duration(x.Took*1e3), 10*time.Millisecond); x.Kind == "perf" && took > s.HandlerMax {
			s.HandlerMax = took
			d.note("storms[0].handler_max", "line %d: the highest average", x.Line)
		}
	}
	s.Handler, s.Growth, s.GrowthEvery = max(s.HandlerMax/5, time.Microsecond), 125, 5*time.Second
	d.note("storms[0].handler", "a guess: samples become slower as a storm lasts")
	d.note("storms[0].events", "a guess: fewer would be throttled")
	d.note("storms[0].period", "a guess: back to back")
	sc.Storms = []workload.Storm{s}
	sc.Machine.MIPS = 200
	d.note("machine.mips", "a guess: kernels under fuzzers are debugged")
	sc.SRCU.NoAutoExpedite = true
	sc.RCULoad = []workload.RCULoad{{Kind: workload.RequestCall, Period: 100 * time.Millisecond}}
}

// A hog is a real-time task that spins for a while and then releases its CPU for a
// moment.
const hogGap = 2 * time.Millisecond

func hog(name string, cpu int, spin time.Duration) workload.Tasks {
	return workload.Tasks{Name: name, Count: 1, CPUs: []int{cpu}, Sched: workload.FIFO, Gap: spin, Sleep: hogGap, SleepEvery: 1}
}

// hogged keeps the hogs' share of the CPU.
func (d *Draft) hogged() {
	d.Scenario.Machine.NoFairServer = true
	d.note("machine.fair_server", "a guess: with it fair tasks get a twentieth of the time beside a real-time task")
}

func realTimeBeforeReaders(d *Draft, f *Facts) {
	sc := &d.Scenario
	d.hogged()
	const spin = 5 * time.Second
	last := sc.Machine.CPUs - 1
	sc.Tasks = append(sc.Tasks, hog("hog", last, spin))
	d.note("tasks[0].name", "a guess: what kept the reader from running is not in the log")
	reader := d.reader(f, last)
	reader.Count = 1
	// The section takes as many of the hog's gaps as the length of the grace period
	// in the reports needs.
	reader.Section = d.hungFor(f) / (spin / hogGap)
	d.note("tasks[1].section", "as much as takes %v in the gaps of the hog", d.hungFor(f))
	sc.Tasks = append(sc.Tasks, reader)
	sc.Closers[0].CPUs = []int{0}
	sc.Closers[0].Start = 20 * time.Second
	sc.Horizon += 2*d.hungFor(f) + 20*time.Second
	d.expedite(f)
}

// expedite makes grace periods of the kind in the log.
func (d *Draft) expedite(f *Facts) {
	sc := &d.Scenario
	exp := len(f.Expedited) > 0 || len(f.of(SRCUScanExp, ExpWorker, WaitExpedited)) > 0
	normal := len(f.Stalls) > 0 || len(f.of(SRCUScan)) > 0
	switch {
	case exp && normal:
		// The first grace period of an idle domain is always expedited.
		sc.Closers[0].Repeat, sc.Closers[0].Pause = 2, time.Second
	case exp:
		sc.RCU.Expedited = true
		d.note("rcu.expedited", "the log shows expedited grace periods only")
	default:
		sc.SRCU.NoAutoExpedite = true
		d.note("srcu.no_auto_expedite", "the log shows no expedited grace period")
	}
}

func realTimeBeforeKthread(d *Draft, f *Facts) {
	sc := &d.Scenario
	d.hogged()
	spin := max(d.hungFor(f)/2, 40*time.Second)
	for cpu := range sc.Machine.CPUs {
		h := hog(fmt.Sprintf("hog-%d", cpu), cpu, spin)
		h.Sleep = 3 * time.Second
		sc.Tasks = append(sc.Tasks, h)
	}
	d.note("tasks[0].name", "a guess: what kept the kthread from running is not in the log")
	sc.Tasks = append(sc.Tasks, workload.Tasks{Name: "reader", Count: 2, Reads: workload.ReadsRCU, Section: time.Millisecond, Gap: time.Millisecond})
	c := &sc.Closers[0]
	c.Start, c.Repeat, c.Pause = time.Second, 100, 20*time.Millisecond
	sc.Horizon += 4 * spin
	sc.RCULoad = []workload.RCULoad{{Kind: workload.RequestCall, Period: 100 * time.Millisecond}}
	sc.SRCU.NoAutoExpedite = true
}

func silentCPU(d *Draft, f *Facts) {
	sc := &d.Scenario
	cpu := d.stalledCPU(f)
	sc.Storms = []workload.Storm{{Source: workload.NMI, CPUs: []int{cpu}, Period: time.Microsecond, Handler: time.Second, From: time.Second}}
	d.note("storms[0].handler", "a guess: what kept the CPU is not in the log")
	sc.Perf.NoThrottle = true
	sc.Machine.MIPS = 20
	d.note("machine.mips", "a guess: as for a debugged kernel under emulation")
	for c := range sc.Machine.CPUs {
		sc.Tasks = append(sc.Tasks, workload.Tasks{Name: fmt.Sprintf("busy-%d", c), Count: 1, CPUs: []int{c}, Gap: time.Millisecond})
	}
	sc.Closers[0].CPUs = []int{otherCPU(cpu)}
	d.expedite(f)
}

func longSection(d *Draft, f *Facts) {
	sc := &d.Scenario
	cpu := d.stalledCPU(f)
	if sc.Machine.Preempt != workload.PreemptNone {
		sc.Machine.Preempt = workload.PreemptNone
		if len(f.Stalls) > 0 {
			// The flavour is that of preempt=none too, on a kernel that chooses the
			// model at boot.
			d.note("machine.preempt", "a guess: the log shows %s (line %d)", f.Stalls[0].Flavor, f.Stalls[0].Line)
		}
	}
	sc.Tasks = append(sc.Tasks, workload.Tasks{Name: "reader", Count: 1, CPUs: []int{cpu}, Reads: workload.ReadsRCU, Section: d.hungFor(f), Gap: time.Millisecond})
	d.note("tasks[0].section", "a guess: longer than the timeouts")
	sc.Closers[0].CPUs = []int{otherCPU(cpu)}
}

// stalledCPU returns the CPU of a stall, within the model's range.
func (d *Draft) stalledCPU(f *Facts) int {
	for _, s := range f.Stalls {
		for _, c := range s.CPUs {
			if c.CPU < d.Scenario.Machine.CPUs {
				d.note("storms[0].cpus", "line %d", c.Line)
				return c.CPU
			}
		}
	}
	return d.Scenario.Machine.CPUs - 1
}

func otherCPU(cpu int) int {
	if cpu == 0 {
		return 1
	}
	return 0
}

func realTimeBeforeWorker(d *Draft, f *Facts) {
	sc := &d.Scenario
	d.hogged()
	last := sc.Machine.CPUs - 1
	for _, l := range f.Lockups {
		if l.Kind == "workqueue" {
			d.note("tasks[0].cpus", "line %d: the pool of CPU %s", l.Line, l.CPUs)
			break
		}
	}
	h := hog("hog", last, 100*time.Second)
	h.Sleep = 3 * time.Second
	sc.Tasks = append(sc.Tasks, h)
	c := &sc.Closers[0]
	c.CPUs, c.Start, c.Repeat, c.Pause = []int{last}, time.Second, 1000, 20*time.Millisecond
	sc.Horizon = max(sc.Horizon, 250*time.Second)
}
