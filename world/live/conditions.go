package live

import (
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
	}
	return c
}
