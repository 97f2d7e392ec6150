package live

import (
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/internal/interrupt"
)

// perfect stands for a source that can measure what it did.
type perfect struct{ interrupt.Source }

func (perfect) Name() string { return "perf" }

// A storm falls short of the interrupts that are due in whole periods of its
// targets' CPU time, not of the share that a longer trial would approach.
func TestAStormFallsShortOfWhatWasDue(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	storm := interrupt.Storm{Period: 10 * ms, Weight: 9 * ms}
	for _, c := range []struct {
		name  string
		got   []interrupt.Achieved // of each target
		short bool
	}{
		{"all of three in 3.9 periods", []interrupt.Achieved{{Interrupts: 3, Took: 27 * ms, CPU: 39 * ms}}, false},
		{"two of three", []interrupt.Achieved{{Interrupts: 2, Took: 18 * ms, CPU: 39 * ms}}, true},
		{"three short ones", []interrupt.Achieved{{Interrupts: 3, Took: 20 * ms, CPU: 39 * ms}}, true},
		{"of unknown length", []interrupt.Achieved{{Interrupts: 3, CPU: 39 * ms}}, true},
		{"none due, none taken", []interrupt.Achieved{{CPU: 9 * ms}}, true},
		{"one early", []interrupt.Achieved{{Interrupts: 1, Took: 9 * ms, CPU: 9 * ms}}, false},
		{"one target makes up for the other", []interrupt.Achieved{{Interrupts: 10, Took: 90 * ms, CPU: 100 * ms}, {CPU: 10 * ms}}, false},
		{"it does not", []interrupt.Achieved{{Interrupts: 10, Took: 90 * ms, CPU: 100 * ms}, {CPU: 50 * ms}}, true},
	} {
		r := run{stormsAsked: true, source: perfect{}, targets: make([]target, len(c.got))}
		for i, got := range c.got {
			r.targets[i].add(storm, got)
		}
		if s := r.storm(); s.FellShort() != c.short {
			t.Errorf("%s: fell short %t (%v), want %t", c.name, !c.short, s, c.short)
		}
	}
}
