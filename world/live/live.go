// Package live tortures the live core in the manner of rcutorture: readers of
// every kind, updaters through every way to wait for a grace period, and a
// storm, on real goroutines and real CPUs.
//
// Objects age: each grace period that passes after an object was unpublished
// makes it one older. A reader that finds an object older than one grace
// period inside of one section has seen memory that could have been freed:
// the core is broken. The same objects carry a plain word that is overwritten
// at that age, so that the race detector judges the core too.
//
// What real CPUs do cannot be replayed. A clean run is evidence in proportion
// to the grace periods and the parallel running that it reports; only a
// failure is proof. The order world is where every interleaving is looked at.
package live

import (
	"fmt"
	"runtime"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/workload"
)

// Config is one torture run.
type Config struct {
	// Fix says what readers execute and how the scans are ordered. Its
	// teardown, Tasks-Trace and storm knobs have no meaning here.
	Fix fixes.Fix

	Seed     uint64
	Duration time.Duration // 10s if 0
	Readers  int           // goroutines; 4 more than the CPUs if 0
	Updaters int           // goroutines; 4 if 0

	// Amplify has readers make stores that miss the cache just before they
	// enter a section, so that the store of the lock count stays invisible
	// for long, and read often inside. Plain stress does not see a missing
	// barrier on amd64.
	Amplify bool
	// Yield lets others run at the weak points of readers and of the grace
	// period, at random.
	Yield bool
	// Scenario, if set, takes readers, updaters and storms from a scenario,
	// at a hundredth of its times.
	Scenario *workload.Scenario

	// StallAfter is how long a wait for a grace period may take before it
	// is a failure; 10s if 0. Sections last a millisecond at most.
	StallAfter time.Duration
	onPanic    func(any)     // of callbacks; nil ends the program
	patience   time.Duration // with what must end when all else has; StallAfter if 0

	// Line is called once a second with the figures so far.
	Line func(Report)
}

const (
	maxDuration   = 24 * time.Hour
	maxGoroutines = 1000
)

// withDefaults fills in what is 0 and refuses what makes no sense.
func (c Config) withDefaults() (Config, error) {
	def := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	def(&c.Readers, runtime.NumCPU()+4)
	def(&c.Updaters, 4)
	if c.Duration == 0 {
		c.Duration = 10 * time.Second
	}
	if c.StallAfter == 0 {
		c.StallAfter = 10 * time.Second
	}
	if c.patience == 0 {
		c.patience = c.StallAfter
	}
	switch {
	case c.Duration < 0 || c.Duration > maxDuration:
		return c, fmt.Errorf("duration: %v: want more than 0, at most %v", c.Duration, maxDuration)
	case c.Readers < 1 || c.Readers > maxGoroutines:
		return c, fmt.Errorf("readers: %d: want 1 to %d", c.Readers, maxGoroutines)
	case c.Updaters < 1 || c.Updaters > maxGoroutines:
		return c, fmt.Errorf("updaters: %d: want 1 to %d", c.Updaters, maxGoroutines)
	case c.StallAfter < 0:
		return c, fmt.Errorf("stall time: %v: want more than 0", c.StallAfter)
	}
	return c, nil
}
