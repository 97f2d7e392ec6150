package kernel

import (
	"testing"

	"github.com/gpstorm/gpstorm/trial"
)

// A fair task that is queued too early or too late is found. The average of the CPU is 0, a
// slice 1.4 ms and the limit of the lag 4 ms.
func TestVirtualRuntimesOutOfBoundsAreFound(t *testing.T) {
	t.Parallel()
	const slice, tick = 1_400_000, 4_000_000
	carried := func(v, lag ns) func(*kernel, *task) {
		return func(k *kernel, t *task) {
			t.vruntime, t.deadline = v, v+slice
			k.checkCarried(k.cpus[1], t, lag)
		}
	}
	woken := func(v ns, moved bool, last ns) func(*kernel, *task) {
		return func(k *kernel, t *task) {
			t.vruntime, t.deadline = v, v+slice
			k.checkPlaced(k.cpus[1], t, moved, last)
		}
	}
	due := func(deadline ns) func(*kernel, *task) {
		return func(k *kernel, t *task) {
			t.deadline = deadline
			k.checkPlaced(k.cpus[1], t, false, 0)
		}
	}
	for _, tt := range []struct {
		name string
		act  func(*kernel, *task)
		want trial.Oracle
	}{
		{"moved with its lag", carried(-500, 500), ""},
		{"moved with twice its lag", carried(-1000, 500), ""},
		{"moved with more", carried(-1001, 500), trial.LagLost},
		{"moved with lag of the other sign", carried(1, 500), trial.LagLost},
		{"moved with too much of what it had more than its share", carried(1001, -500), trial.LagLost},
		{"moved ahead of the others", carried(-1, -500), trial.LagLost},
		{"woken ahead by the limit", woken(-2*tick, false, -9*tick), ""},
		{"woken ahead of the limit", woken(-2*tick-1, false, -9*tick), trial.LagLost},
		{"woken where it had more than its share", woken(9*tick, false, 9*tick), ""},
		{"woken later than that", woken(9*tick+1, false, 9*tick), trial.LagLost},
		{"woken behind the average for no reason", woken(1, false, -tick), trial.LagLost},
		{"woken elsewhere with what it had more", woken(9*tick, true, 9*tick), trial.LagLost},
		{"a deadline after a slice", due(slice), ""},
		{"a deadline after more", due(slice + 1), trial.LagLost},
		{"a deadline in the past", due(0), trial.LagLost},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := booted(t, nil)
			if k.slice != slice || k.tick != tick || k.average(k.cpus[1]) != 0 {
				t.Fatalf("a slice is %d, a tick %d, the average %d", k.slice, k.tick, k.average(k.cpus[1]))
			}
			tt.act(k, &task{k: k, name: "t"})
			if got := k.firstFinding(); got != tt.want {
				t.Errorf("%v, want %q", k.violations, tt.want)
			}
		})
	}
}
