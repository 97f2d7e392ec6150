package kernel

import (
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// narrow keeps only some bits of the sum of the unlocks.
type narrow struct {
	srcu.Side
	mask uint64
}

func (s narrow) Unlocks(rank int) uint64 { return s.Side.Unlocks(rank) & s.mask }

// Some counters begin where a sum with too few bits overflows. Nothing else depends
// on their start values.
func TestCountersBeginNearTheirWrapAtTimes(t *testing.T) {
	t.Parallel()
	sc := quietMachine()
	sc.Tasks = []workload.Tasks{{Name: "traced", Count: 2, Reads: workload.ReadsTracepoint, Section: 20 * time.Microsecond, Gap: time.Millisecond}}
	sc.Closers[0].Repeat, sc.Horizon, sc.Drain = 1, 10*time.Second, 10*time.Second
	for seed, bits := range map[uint64]int{1: 0, 17: 31, 33: 32, 49: 64} {
		if r := Run(sc, lookup(t, "baseline"), seed, Options{}); r.Diagnosis != trial.OK {
			t.Errorf("seed %d: %s %s", seed, r.Diagnosis, r.Why())
		}
		for _, width := range []int{31, 32} {
			fix := fixes.Fix{Name: "narrow", Side: func(s srcu.Side) srcu.Side { return narrow{s, 1<<width - 1} }}
			if r := Run(sc, fix, seed, Options{}); (r.Diagnosis == trial.OK) != (bits < width) {
				t.Errorf("seed %d, sums of %d bits, counters that begin near 2^%d: %s %s", seed, width, bits, r.Diagnosis, r.Why())
			}
		}
	}
}
