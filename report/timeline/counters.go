package timeline

import (
	"strconv"
	"time"

	"github.com/gpstorm/gpstorm/world/kernel"
)

// counterValue is the value of a process's counter from an instant on.
type counterValue struct {
	pid   int
	name  string
	at    time.Duration
	value float64
}

// counterValues returns the share of each CPU that storms take, in percent, and the
// number of runnable tasks. The values of one counter are in order of time.
func (r *Recorder) counterValues() []counterValue {
	var all []counterValue
	last := map[int]float64{}
	for i := range r.events {
		e := &r.events[i]
		if e.Kind != kernel.TraceStorm {
			continue
		}
		duty := float64(1000*e.Busy/e.For) / 10
		if old, ok := last[e.CPU]; ok && old == duty {
			continue
		}
		last[e.CPU] = duty
		all = append(all, counterValue{firstCPU + e.CPU, "storm duty of CPU " + strconv.Itoa(e.CPU) + ", %", e.At - e.For, duty})
	}
	for _, c := range r.counts {
		all = append(all, counterValue{tasksPID, "runnable tasks", c.at, float64(c.n)})
	}
	return all
}
