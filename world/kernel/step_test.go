package kernel

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// same compares two results in every field but the work they took.
func same(t *testing.T, what string, fast, step trial.Result) {
	t.Helper()
	a, _ := json.Marshal(fast)
	b, _ := json.Marshal(step)
	if string(a) != string(b) {
		t.Errorf("%s: arithmetic and stepping differ\nfast %s\nstep %s", what, a, b)
	}
}

func TestArithmeticAgreesWithStepping(t *testing.T) {
	n := 200
	if testing.Short() {
		n = 100
	}
	all := fixes.All()
	r := rand.New(rand.NewPCG(1, 2))
	buf := make([]byte, 256)
	for i := range n {
		for j := range buf {
			buf[j] = byte(r.Uint32())
		}
		sc, _ := workload.FromBytes(buf)
		fix := all[i%len(all)]
		fast := Run(sc, fix, uint64(i), Options{Log: true, MaxSteps: 200_000})
		step := Run(sc, fix, uint64(i), Options{Log: true, MaxSteps: 200_000, Step: true})
		same(t, sc.Name+" "+fix.Name, fast, step)
		if t.Failed() {
			t.Fatalf("at %d", i)
		}
	}
}

// So it does on the scenarios that people look at, whose storms meet with
// ticks and switches of threads at the same nanosecond.
func TestArithmeticAgreesWithSteppingOnPresets(t *testing.T) {
	all := fixes.All()
	for i, sc := range workload.Presets() {
		sc.Horizon = min(sc.Horizon, 40*time.Second)
		sc.Drain = min(sc.Drain, 20*time.Second)
		for j := range 3 {
			fix := all[(3*i+j)%len(all)]
			sc := workload.Vary(sc, j, 5)
			same(t, sc.Name+" "+fix.Name, Run(sc, fix, uint64(j), Options{Log: true}), Run(sc, fix, uint64(j), Options{Log: true, Step: true}))
			if t.Failed() {
				return
			}
		}
	}
}
