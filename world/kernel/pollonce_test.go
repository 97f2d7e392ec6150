package kernel_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/fixes/mutant"
	"github.com/gpstorm/gpstorm/testdata/scenarios/boot"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// recordedOn73 is a scenario for real kernels on 7.3, with the storm as the guest calibrates it.
func recordedOn73(t *testing.T, name string) workload.Scenario {
	t.Helper()
	b, err := boot.Scenarios.ReadFile(strings.TrimPrefix(name, "boot-") + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	sc, err := workload.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	sc.Machine.Version = workload.Linux73
	if h := boot.Handlers[name]; h > 0 {
		st := &sc.Storms[0]
		if st.Source == workload.NMI {
			st.Period += st.Handler - h
		}
		st.Handler = h
	}
	return sc
}

// A cookie of one word can miss the grace period that was requested for it: if an
// expedited grace period overlaps it, the first of the two to end ends the polled one,
// and the other nothing. A candidate that does not ask again then waits until somebody
// else does. So did poll as it was first booted, which is the mutant (it hung in 4 of 10,
// 3 of 8, 3 of 8 and 4 of 9 boots of 7.3.4).
func TestAPollThatAsksOnceCanWaitForever(t *testing.T) {
	t.Parallel()
	boots := 24
	if testing.Short() {
		boots = 12
	}
	run := func(name string, fix fixes.Fix) (late, lost int) {
		for seed := range uint64(boots) {
			r := kernel.Run(recordedOn73(t, name), fix, seed, kernel.Options{})
			if slices.ContainsFunc(r.Closes, func(c trial.Close) bool { return c.Censored }) {
				late++
			}
			if r.Diagnosis == trial.LostWakeup {
				lost++
			}
		}
		return late, lost
	}
	poll, err := fixes.Find("poll")
	if err != nil {
		t.Fatal(err)
	}
	once, err := mutant.Find("poll-asks-once")
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"boot-calm", "boot-hrtimer-80", "boot-hrtimer-95", "boot-nmi-95"}
	if testing.Short() {
		names = names[:1]
	}
	for _, name := range names {
		late, lost := run(name, poll)
		lateOnce, lostOnce := run(name, once)
		t.Logf("%s: not returned at the horizon in %d of %d, asking once in %d", name, late, boots, lateOnce)
		if lost != 0 || lostOnce < boots/8 || lateOnce <= late {
			t.Errorf("%s: poll lost a wakeup in %d of %d, asking once in %d; late in %d and %d; want none, some, and more late ones", name, lost, boots, lostOnce, late, lateOnce)
		}
	}
}
