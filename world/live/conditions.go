package live

import (
	"runtime"
	"time"

	"github.com/gpstorm/gpstorm/trial"
)

// conditions returns the conditions of the trial. Its readers must have ended.
func (t *run) conditions() *trial.Conditions {
	c := &trial.Conditions{Storm: t.storm(), Looks: t.looks.Load(), Together: t.overlaps.Load(), Preempted: t.met.preempted.Load()}
	t.mu.Lock()
	defer t.mu.Unlock()
	c.ReadNS, c.Sections = median(t.met.timed), t.met.sections
	if lasted := t.met.after.at.Sub(t.met.before.at); lasted > 0 {
		mean := func(before, after time.Duration) float64 { return float64(max(after-before, 0)) / float64(lasted) }
		c.Queued = mean(t.met.before.queued, t.met.after.queued)
		c.Stolen = mean(t.met.before.stolen, t.met.after.stolen)
		c.Others = mean(t.met.before.others, t.met.after.others)
		c.Idle = mean(t.met.before.idle, t.met.after.idle)
	}
	return c
}

// starves reports whether a hang may be due to others: they took more than a fifth of the
// CPUs, as of a storm, and less than a fifth was idle.
func starves(others, idle float64, cpus int) bool {
	fifth := float64(cpus) / tolerance
	return others > fifth && idle < fifth
}

// cpus returns the number of CPUs that this process may use.
func cpus() int { return runtime.NumCPU() }
