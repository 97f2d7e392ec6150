package kernel

import (
	"math/rand/v2"
	"testing"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/workload"
)

// Reading the time of samples during a trial does not change the trial.
func TestReadingTheTimeOfSamplesDisturbsNothing(t *testing.T) {
	t.Parallel()
	n := 60
	if testing.Short() {
		n = 15
	}
	r := rand.New(rand.NewPCG(5, 6))
	buf := make([]byte, workload.FuzzBytes)
	events, read := 0, 0
	for i := range n {
		for j := range buf {
			buf[j] = byte(r.Uint32())
		}
		sc, _ := workload.FromBytes(buf)
		fix := fixes.All()[i%len(fixes.All())]
		opt := Options{Log: true, MaxSteps: 20_000}
		k := newKernel(&sc, &fix, uint64(i), opt)
		k.boot()
		k.runUntil(ns(sc.Horizon), func() bool {
			if events++; events%100 == 0 && k.stormTime() > 0 {
				read++
			}
			return k.finished() && k.quiet()
		})
		k.cutOff()
		k.drain()
		same(t, sc.Name+" under "+fix.Name, Run(sc, fix, uint64(i), opt), k.result())
		k.stop()
		if t.Failed() {
			t.Fatalf("at %d", i)
		}
	}
	if read < 20*n {
		t.Errorf("read %d times in %d trials: the test sees little", read, n)
	}
}
