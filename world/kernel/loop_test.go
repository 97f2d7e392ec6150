package kernel

import (
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/workload"
)

// Sections that follow each other without a gap still end one by one: a grace period
// waits for the present one alone, and the task sleeps between two of them.
func TestSectionsWithoutAGapEnd(t *testing.T) {
	t.Parallel()
	for name, readers := range map[string]workload.Tasks{
		"preempted":    {Count: 3, Reads: workload.ReadsRCU, Section: 20 * time.Millisecond},
		"sleeping":     {Count: 1, Reads: workload.ReadsRCU, Section: time.Millisecond, Sleep: 10 * time.Millisecond, SleepEvery: 1},
		"tracepoint":   {Count: 3, Reads: workload.ReadsTracepoint, Section: 20 * time.Millisecond},
		"tasks-trace":  {Count: 3, Reads: workload.ReadsTasksTrace, Section: 20 * time.Millisecond},
		"sleep inside": {Count: 3, Reads: workload.ReadsTasksTrace, Section: 20 * time.Millisecond, SleepInside: time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, fix := range []string{"baseline", "v6.19"} {
				sc := quietMachine()
				sc.Closers[0].Repeat, sc.Horizon = 1, 10*time.Second
				readers.Name = "reader"
				sc.Tasks = []workload.Tasks{readers}
				r := Run(sc, lookup(t, fix), 1, Options{})
				if len(r.Closes) != 1 || r.Closes[0].Censored || r.Closes[0].Wait > 5*time.Second {
					t.Errorf("%s: %s %s, closes %+v", fix, r.Diagnosis, r.Why(), r.Closes)
				}
			}
		})
	}
}
