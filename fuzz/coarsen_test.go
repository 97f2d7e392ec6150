package fuzz

import (
	"time"

	"github.com/gpstorm/gpstorm/workload"
)

// teardownInterrupts bounds the samples of a trial's storms.
const teardownInterrupts = 120_000

// coarsen makes the samples of all storms slower and rarer alike, so that they
// take the same shares of the CPUs in fewer interrupts, until a trial has about
// as many as an execution can afford: the model's steps do not count them.
func coarsen(sc workload.Scenario) workload.Scenario {
	grain := 1 + int64(interrupts(&sc)/teardownInterrupts)
	if grain == 1 {
		return sc
	}
	for i := range sc.Storms {
		s := &sc.Storms[i]
		s.Period *= time.Duration(grain)
		s.Handler = min(s.Handler*time.Duration(grain), workload.MaxHandler)
		s.HandlerMax = min(s.HandlerMax*time.Duration(grain), workload.MaxHandler)
	}
	if !sc.Perf.NoThrottle {
		sc.Perf.MaxSampleRate = max(1, int(sampleRate(&sc)/grain))
	}
	return sc
}

func sampleRate(sc *workload.Scenario) int64 {
	if sc.Perf.MaxSampleRate == 0 {
		return 100_000
	}
	return int64(sc.Perf.MaxSampleRate)
}

// interrupts is about how many samples the storms of a trial take at most.
func interrupts(sc *workload.Scenario) (sum float64) {
	for _, s := range sc.Storms {
		until, cpus, events := s.Until, len(s.CPUs), float64(max(1, s.Events))
		if until == 0 {
			until = sc.Horizon
		}
		if cpus == 0 {
			cpus = sc.Machine.CPUs
		}
		each := float64(max(s.Period, s.Handler)) / events
		if s.Source == workload.NMI && s.Rearm == workload.RearmDefault {
			each = max(float64(s.Period)/events, 200) + float64(s.Handler)
		}
		rate := float64(time.Second) / each
		if !sc.Perf.NoThrottle && s.Source != workload.IRQ && s.Rearm != workload.RearmPeriod {
			rate = min(rate, events*float64(sampleRate(sc)))
		}
		sum += rate * (until - s.From).Seconds() * float64(cpus)
	}
	return sum
}
