// Package live tortures the live core in the manner of rcutorture: readers of every
// kind, updaters with every way to wait for a grace period, and a storm, on real
// goroutines and real CPUs.
//
// Objects age: each grace period after an object was unpublished makes it one
// older. A reader that finds an object older than one grace period within one
// section has seen memory that could have been freed, so the core is broken. The
// objects also carry a plain word that is overwritten at that age, for the race
// detector.
//
// Behaviour of real CPUs cannot be replayed. A clean run is evidence in proportion
// to the reported grace periods and parallel running; only a failure is proof. The
// order world examines all interleavings.
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
	// Fix determines the reader code and the order of scans. Its settings for
	// teardown, Tasks-Trace and storms have no effect here.
	Fix fixes.Fix

	Seed     uint64
	Duration time.Duration // 10s if 0
	Readers  int           // goroutines; 4 more than the CPUs if 0
	Updaters int           // goroutines; 4 if 0

	// Amplify makes readers store to uncached memory just before they enter a
	// section, which delays the visibility of the lock count, and read often
	// inside. Plain stress does not expose a missing barrier on amd64.
	Amplify bool
	// Yield yields the processor at random at the weak points of readers and of the
	// grace period.
	Yield bool
	// Scenario, if set, provides readers, updaters and storms, with times divided
	// by 100.
	Scenario *workload.Scenario

	// StallAfter is the limit on a wait for a grace period, beyond which it counts
	// as a failure; 10s if 0. Sections last a millisecond at most.
	StallAfter time.Duration
	onPanic    func(any)     // called for panics of callbacks; nil ends the program
	patience   time.Duration // limit on the end of all other goroutines; StallAfter if 0
	limits     *limits       // nil: none

	// Line is called once a second with the current figures.
	Line func(Report)
}

const (
	maxDuration   = 24 * time.Hour
	maxGoroutines = 1000
)

// withDefaults replaces zero values and refuses invalid ones.
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
		return c, fmt.Errorf("stall-after: %v: want more than 0", c.StallAfter)
	}
	return c, nil
}
