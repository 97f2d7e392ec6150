package kernel

import (
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/workload"
)

// A sample that ends exactly at a tick leaves pending softirqs to the tick's exit.
// Ticks lie on a grid of 4 ms and samples end on one of 10 ms, so at some phases they
// coincide.
func TestSampleEndingAtATickDoesNotStopTime(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.Machine = workload.Machine{CPUs: 1, HZ: 250, Preempt: workload.PreemptLazy, MIPS: 15.6}
	sc.Storms = []workload.Storm{{Source: workload.HRTimer, Period: 10 * time.Millisecond, Handler: 8 * time.Millisecond}}
	sc.Perf.NoThrottle = true
	sc.Tasks = []workload.Tasks{{Name: "busy", Count: 4, Gap: time.Millisecond}}
	for seed := range uint64(200) {
		r := Run(sc, lookup(t, "baseline"), seed, Options{MaxSteps: 200_000})
		if r.Truncated {
			t.Fatalf("seed %d: time stood still at %v", seed, r.Elapsed)
		}
	}
}
