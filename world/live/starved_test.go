package live

import (
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/trial"
)

// A close() that takes too long while others use the machine is no hang and no pass; a
// violation is one on any machine.
func TestAHangOnABusyMachineIsUndecided(t *testing.T) {
	t.Parallel()
	const second = time.Second
	for _, c := range []struct {
		name     string
		wait     time.Duration
		others   time.Duration // CPU time in a trial of a second, of each CPU
		idle     time.Duration // the same
		starved  bool          // its goroutines did not get the CPU time to end
		failures []Failure
		leftOut  bool
	}{
		{"no hang", second / 100, second, 0, false, nil, false},
		{"a hang on an idle machine", second, second / 10, 0, false, nil, false},
		{"a hang on a busy one", second, second / 2, 0, false, nil, true},
		{"a hang on one with idle CPUs", second, second / 2, second / 4, false, nil, false},
		{"not over, on a busy machine", second / 100, second / 2, 0, true, nil, true},
		{"a grace period that never ended, on a busy machine", second, second, 0, false, []Failure{{What: "the last grace period never ended"}}, false},
		{"memory used after it was freed, on a busy machine", second, second, 0, false, []Failure{{What: metTooOld}}, false},
	} {
		r := run{c: Config{StallAfter: second / 10}, closingFrom: time.Now(), failures: c.failures}
		r.starved.Store(c.starved)
		r.met.before.at = time.Unix(0, 0)
		r.met.after = usage{at: time.Unix(1, 0), others: c.others * time.Duration(cpus()), idle: c.idle * time.Duration(cpus())}
		got := r.result([]trial.Close{{Wait: c.wait}})
		if (got.LeftOut != "") != c.leftOut || got.Conditions.Starved != c.leftOut {
			t.Errorf("%s: left out %q, starved %t; want it left out: %t", c.name, got.LeftOut, got.Conditions.Starved, c.leftOut)
		}
	}
}
