package kernel

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// same compares two results in all fields except their amount of work.
func same(t *testing.T, what string, plain, other trial.Result) {
	t.Helper()
	a, _ := json.Marshal(plain)
	b, _ := json.Marshal(other)
	if string(a) != string(b) {
		t.Errorf("%s: differs\nplain %s\nother %s", what, a, b)
	}
}

func TestArithmeticAgreesWithStepping(t *testing.T) {
	t.Parallel()
	n := 70
	switch {
	case testing.Short():
		n = 20
	case long:
		n = 200
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

// A sample that is due at the end of an interrupt handler begins at once, whether
// whole periods follow or not.
func TestASampleDueAsAHandlerEndsAgreesWithStepping(t *testing.T) {
	t.Parallel()
	sc, fix := scenarioFile(t, "sample-due-as-a-handler-ends"), lookup(t, "kick")
	opt := Options{Log: true, MaxSteps: 60_000}
	fast := Run(sc, fix, 5558978506027569730, opt)
	opt.Step = true
	same(t, sc.Name, fast, Run(sc, fix, 5558978506027569730, opt))
}
