package live

import (
	"strings"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/workload"
)

// A storm that no trial could judge is refused before there is one.
func TestStormsThatCannotBeJudgedAreRefused(t *testing.T) {
	t.Parallel()
	storm := func(task string, period, share int) workload.Storm {
		p := time.Duration(period) * time.Millisecond
		return workload.Storm{Source: workload.HRTimer, Task: task, Period: p, Handler: p * time.Duration(share) / 100}
	}
	lasting := func(s workload.Storm, from, until time.Duration) workload.Storm {
		s.From, s.Until = from, until
		return s
	}
	on := func(s workload.Storm, cpus ...int) workload.Storm { s.CPUs = cpus; return s }
	for _, c := range []struct {
		name   string
		storms []workload.Storm
		want   string // "" if the scenario can be run
	}{
		{"five periods", []workload.Storm{storm("locked", 400, 80)}, ""},
		{"four", []workload.Storm{storm("locked", 500, 80)}, "scenario live-calm: storms[0].period: 500ms: want at most 400ms: a storm is judged by 5 periods or more, and this one lasts 2s in the world live"},
		{"four in its time", []workload.Storm{lasting(storm("locked", 100, 80), time.Second, 1400*time.Millisecond)}, "storms[0].period: 100ms: want at most 80ms"},
		{"after the end", []workload.Storm{storm("locked", 100, 80), lasting(storm("locked", 100, 80), 3*time.Second, 0)}, "storms[1].from: 3s: want at least 25ms before 2s, when the storm ends"},
		{"too short for any period", []workload.Storm{lasting(storm("locked", 1, 80), 0, 20*time.Millisecond)}, "storms[0].from: 0s: want at least 25ms before 20ms, when the storm ends: it is judged by 5 periods or more, of 5ms or more in the world live"},
		{"at nobody", []workload.Storm{storm("closer", 100, 80)}, "storms[0].task: closer: want the name of a group that reads"},
		{"at no CPU", []workload.Storm{{Source: workload.HRTimer, CPUs: []int{7}, Period: time.Millisecond, Handler: time.Microsecond}}, "storms[0].cpus: [7]: want a CPU of a reader"},
		{"two at once", []workload.Storm{storm("locked", 100, 49), storm("locked", 50, 50)}, ""},
		{"two that ask for too much", []workload.Storm{storm("locked", 100, 80), storm("locked", 100, 80)}, "storms[1].handler: 80ms: want storms that together take at most 99 % of a thread"},
		{"one after the other", []workload.Storm{lasting(storm("locked", 100, 80), 0, time.Second), lasting(storm("locked", 100, 80), time.Second, 0)}, ""},
		{"one after the other beside a third", []workload.Storm{lasting(storm("locked", 100, 50), 0, time.Second), lasting(storm("locked", 100, 50), time.Second, 0), storm("locked", 100, 40)}, ""},
		{"the second of two ends too late for a third", []workload.Storm{lasting(storm("locked", 100, 50), time.Second, 0), lasting(storm("locked", 100, 50), 0, 1200*time.Millisecond), storm("locked", 100, 40)}, "storms[0].handler: 50ms"},
		{"too much for another reader than the first", []workload.Storm{on(storm("", 100, 80), 1), on(storm("", 100, 80))}, "storms[1].handler: 80ms"},
	} {
		sc := preset(t, "live-calm")
		sc.Storms = c.storms
		err := Check(&sc)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	for _, sc := range append(workload.Presets(), Presets()...) {
		if err := Check(&sc); err != nil {
			t.Error(err)
		}
	}
}
