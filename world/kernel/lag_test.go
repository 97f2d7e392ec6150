package kernel

import (
	"slices"
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
			k.checkPlaced(k.cpus[1], t, moved, last, 0)
		}
	}
	due := func(deadline ns) func(*kernel, *task) {
		return func(k *kernel, t *task) {
			t.deadline = deadline
			k.checkPlaced(k.cpus[1], t, false, 0, 0)
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

// A task that moves to another CPU keeps its lag up to the limit, which is 4 ms here, and
// makes up for its own share in the average there.
func TestATaskThatMovesKeepsItsLagUpToTheLimit(t *testing.T) {
	t.Parallel()
	const limit = 4_000_000
	for _, tt := range []struct {
		name   string
		lag    ns
		queued int // tasks on the other CPU, whose average is 7 ms
		want   ns
	}{
		{"beside one", 1000, 1, 2000},
		{"beside four", 1000, 4, 1250},
		{"had more than its share", -1000, 4, -1250},
		{"beyond the limit", 3 * limit, 4, limit + limit/4},
		{"had more than the limit", -3 * limit, 4, -limit - limit/4},
		{"the first of its CPU", 1000, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := booted(t, nil)
			from, to := k.cpus[0], k.cpus[1]
			from.cur, to.cur, to.vtime = nil, nil, 7_000_000
			at := func(c *cpu, v ns) *task {
				o := &task{k: k, vruntime: v, deadline: v + k.slice/2}
				c.addFair(o)
				return o
			}
			for range tt.queued {
				at(to, 7_000_000)
			}
			moved := at(from, -tt.lag)
			at(from, tt.lag)
			k.migrate(from, to, slices.Index(from.fair, moved))
			if lag, left := 7_000_000-moved.vruntime, moved.deadline-moved.vruntime; lag != tt.want || left != k.slice/2 {
				t.Errorf("lag %d, deadline after %d, want %d and %d", lag, left, tt.want, k.slice/2)
			}
			if len(k.violations) > 0 {
				t.Error(k.violations)
			}
		})
	}
}

// A fair task that moves to a CPU without one starts the fair server there, as a woken one
// does. The service of earlier tasks is over.
func TestATaskThatMovesStartsTheFairServer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		queued int // fair tasks on the other CPU before
		serves bool
	}{
		{"the first one", 0, false},
		{"a further one", 1, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := booted(t, nil)
			from, to := k.cpus[0], k.cpus[1]
			fair := func() *task { return &task{k: k, deadline: k.slice} }
			from.cur, to.cur = nil, &task{k: k, prio: 1}
			from.addFair(fair())
			for range tt.queued {
				to.addFair(fair())
			}
			to.server.serves = true
			k.migrate(from, to, 0)
			if to.server.serves != tt.serves {
				t.Errorf("the server serves: %t, want %t", to.server.serves, tt.serves)
			}
		})
	}
}
