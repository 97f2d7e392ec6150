package shrink

import (
	"cmp"
	"time"

	"github.com/gpstorm/gpstorm/workload"
)

// Size measures a scenario, the most important part first.
type Size struct {
	CPUs    int `json:"cpus"`
	Tasks   int `json:"tasks"`
	Closes  int `json:"closes"`
	Sources int `json:"sources"` // perf events of storms
	Loads   int `json:"loads"`
	// AnyPreemption means that the scheduler preempts readers; otherwise
	// Preemptions is the maximum number.
	AnyPreemption bool          `json:"any_preemption"`
	Preemptions   int           `json:"preemptions"`
	Interrupts    int           `json:"interrupts"` // the maximum number of samples
	StormTime     time.Duration `json:"storm_time_ns"`
	Horizon       time.Duration `json:"horizon_ns"`
	Text          int           `json:"text"` // bytes of YAML
}

// sizeOf measures a valid scenario.
func sizeOf(sc *workload.Scenario) Size {
	s := Size{CPUs: sc.Machine.CPUs, Loads: len(sc.RCULoad), Horizon: sc.Horizon, Text: len(workload.Encode(*sc))}
	s.Preemptions = len(sc.Preemptions)
	switch sc.Machine.Preempt {
	case workload.PreemptFull, workload.PreemptLazy:
		s.AnyPreemption = true
	}
	for i := range sc.Tasks {
		s.Tasks += sc.Tasks[i].Count
	}
	for i := range sc.Closers {
		s.Tasks += sc.Closers[i].Count
		s.Closes += sc.Closers[i].Count * max(1, sc.Closers[i].Repeat)
	}
	for i := range sc.Storms {
		st := &sc.Storms[i]
		sources, n := storm(sc, st)
		s.Sources += sources
		s.Interrupts += n
		s.StormTime += time.Duration(n) * max(st.Handler, st.HandlerMax)
	}
	return s
}

// storm counts the perf events of a storm, and their maximum number of samples.
func storm(sc *workload.Scenario, st *workload.Storm) (sources, interrupts int) {
	cpus := len(st.CPUs)
	if cpus == 0 {
		cpus = sc.Machine.CPUs
	}
	if len(st.At) > 0 {
		return cpus, cpus * len(st.At)
	}
	events := max(1, st.Events)
	sources = cpus * events
	if st.Task != "" {
		count := 0
		for i := range sc.Tasks {
			if sc.Tasks[i].Name == st.Task {
				count = sc.Tasks[i].Count
			}
		}
		sources, cpus = count*events, min(cpus, count)
	}
	until := st.Until
	if until == 0 {
		until = sc.Horizon
	}
	span := until - st.From
	if st.Source == workload.NMI {
		return sources, cpus * int(span/(st.Period/time.Duration(events)+st.Handler))
	}
	return sources, cpus * min(events*int(span/st.Period), int(span/st.Handler)+1)
}

// compare orders sizes, negative meaning smaller.
func (s Size) compare(o Size) int {
	return cmp.Or(
		cmp.Compare(s.CPUs, o.CPUs), cmp.Compare(s.Tasks, o.Tasks), cmp.Compare(s.Closes, o.Closes),
		cmp.Compare(s.Sources, o.Sources), cmp.Compare(s.Loads, o.Loads),
		preemptions(s, o), cmp.Compare(s.Preemptions, o.Preemptions),
		cmp.Compare(s.Interrupts, o.Interrupts), cmp.Compare(s.StormTime, o.StormTime),
		cmp.Compare(s.Horizon, o.Horizon), cmp.Compare(s.Text, o.Text),
	)
}

// preemptions compares whether the scheduler preempts readers.
func preemptions(s, o Size) int {
	switch {
	case s.AnyPreemption == o.AnyPreemption:
		return 0
	case s.AnyPreemption:
		return 1
	}
	return -1
}
