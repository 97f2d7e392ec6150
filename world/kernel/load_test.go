package kernel

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/testdata/scenarios/boot"
	"github.com/gpstorm/gpstorm/testdata/scenarios/real"
	"github.com/gpstorm/gpstorm/workload"
)

// The harness calibrated a storm by the time that it left to a real-time loop,
// compared with the same loop under ticks alone. So a load of 95 % leaves tasks 5 %
// of the time that ticks leave, and ticks during the storm are part of the load.
func TestStormsOfRealSetupsLeaveWhatTheLoadSays(t *testing.T) {
	t.Parallel()
	for name, load := range map[string]float64{
		"rt-80": 0.80, "rt-95": 0.95, "fair-80": 0.80, "fair-95": 0.95,
		"full-80": 0.80, "full-95": 0.95, "convoy-80-1": 0.80, "convoy-80-4": 0.80,
		"rate-none": 0.95,
	} {
		b, err := real.Scenarios.ReadFile(name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		sc, err := workload.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		stormy := spun(t, sc)
		sc.Storms = nil
		if got := 1 - stormy/spun(t, sc); math.Abs(got-load) > 0.003 {
			t.Errorf("%s: the storm takes %.4f of what a loop would get, want %.2f", name, got, load)
		}
	}
}

// The recordings of real kernels are of the same kind. A storm of the scenarios as
// written takes more than the share that its period and handler say.
func TestCalibratedHandlersLeaveWhatTheLoadSays(t *testing.T) {
	t.Parallel()
	for name, handler := range boot.Handlers {
		b, err := boot.Scenarios.ReadFile(strings.TrimPrefix(name, "boot-") + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		sc, err := workload.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		st := sc.Storms[0]
		cycle := st.Period
		if st.Source == workload.NMI {
			cycle += st.Handler
		}
		load := float64(st.Handler) / float64(cycle)
		with := func(handler time.Duration) float64 {
			sc := sc
			st := st
			if st.Handler = handler; st.Source == workload.NMI {
				st.Period = cycle - handler
			}
			sc.Storms = []workload.Storm{st}
			stormy := spun(t, sc)
			sc.Storms = nil
			return 1 - stormy/spun(t, sc)
		}
		if got := with(handler); math.Abs(got-load) > 0.0005 {
			t.Errorf("%s: the calibrated storm takes %.4f of what a loop would get, want %.2f", name, got, load)
		}
		if got := with(st.Handler); got < load+0.01 {
			t.Errorf("%s: the storm as written takes %.4f of what a loop would get, want more than %.2f", name, got, load)
		}
	}
}

// spun is the number of rounds of a real-time loop in a setup.
func spun(t *testing.T, sc workload.Scenario) float64 {
	sc.Tasks = []workload.Tasks{{Name: "spin", Count: 1, Sched: workload.FIFO, Gap: time.Microsecond}}
	sc.Closers = []workload.Closers{{Name: "closer", Count: 1, Start: 20 * time.Second}}
	fix := lookup(t, "baseline")
	k := newKernel(&sc, &fix, 1, Options{})
	defer k.stop()
	k.boot()
	k.runUntil(8_000_000_000, func() bool { return false })
	for _, o := range k.tasks {
		if o.loop != nil {
			return float64(o.loop.rounds)
		}
	}
	return 0
}
