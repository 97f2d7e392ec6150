package kernel

import (
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// Events of a task that sample another CPU, and events that are throttled before their
// limit, are found.
func TestEventsThatSampleTooMuchOrTooLittleAreFound(t *testing.T) {
	t.Parallel()
	own := func(change func(c *cpu, sampled *task)) func(*kernel, *cpu, *task) {
		return func(k *kernel, c *cpu, sampled *task) {
			c.cur, c.own = sampled, sampled.sources
			if change != nil {
				change(c, sampled)
			}
			k.checkOwn(c)
		}
	}
	stopped := func(samples int, ticksAgo uint64, on int) func(*kernel, *cpu, *task) {
		return func(k *kernel, c *cpu, _ *task) {
			c.ticks, c.maxPerTick = 9, 5
			k.checkLimit(c, &source{events: 2, samples: samples, throttled: true, stoppedOn: on, tick: 9 - ticksAgo})
		}
	}
	for _, tt := range []struct {
		name string
		act  func(*kernel, *cpu, *task)
		want trial.Oracle
	}{
		{"its own task", own(nil), ""},
		{"no events of tasks", own(func(c *cpu, _ *task) { c.cur, c.own = nil, nil }), ""},
		{"an idle CPU", own(func(c *cpu, _ *task) { c.cur = nil }), trial.SampledElsewhere},
		{"another task", own(func(c *cpu, _ *task) { c.cur = &task{sources: []*source{{}}} }), trial.SampledElsewhere},
		{"a task without events", own(func(c *cpu, _ *task) { c.cur = &task{} }), trial.SampledElsewhere},
		{"a task that is being left", own(func(c *cpu, s *task) {
			c.cur, c.switching = &task{}, switching{stage: beforeSchedOut, prev: s}
		}), ""},
		{"a task that was left", own(func(c *cpu, _ *task) { c.switching = switching{stage: beforeSchedIn} }), trial.SampledElsewhere},
		{"stopped at the limit", stopped(10, 1, 1), ""},
		{"stopped before it", stopped(9, 1, 1), trial.ThrottledEarly},
		{"stopped two ticks ago", stopped(9, 2, 1), ""},
		{"stopped on another CPU", stopped(9, 1, 0), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := booted(t, func(sc *workload.Scenario) {
				sc.Tasks = []workload.Tasks{{Name: "sampled", Count: 1, CPUs: []int{1}, Gap: time.Second}}
				sc.Storms = []workload.Storm{{Source: workload.NMI, Task: "sampled", Period: time.Millisecond, Handler: time.Microsecond}}
			})
			tt.act(k, k.cpus[1], k.taskNamed("sampled"))
			if got := k.firstFinding(); got != tt.want {
				t.Errorf("%v, want %q", k.violations, tt.want)
			}
		})
	}
}
