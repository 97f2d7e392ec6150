package order_test

import (
	"testing"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/world/order"
)

// summing is a side with an action before each sum of unlocks.
type summing struct {
	srcu.Side
	first func()
}

func (s summing) Unlocks(rank int) uint64 {
	s.first()
	return s.Side.Unlocks(rank)
}

func nothing(srcu.Side, *srcu.Scan) bool { return true }

// TestBarrierPlacement reproduces the published results for barrier X of SRCU-fast: the
// memory models in which a reader uses the freed object if the barrier is missing or
// misplaced. One reader suffices unless noted.
func TestBarrierPlacement(t *testing.T) {
	t.Parallel()
	graceBeforeUnlocks := fixes.Fix{
		Barrier: func() srcu.Barrier { return srcu.BarrierFunc(nothing) },
		Side: func(s srcu.Side) srcu.Side {
			return summing{s, func() { s.RCU().Synchronize() }}
		},
	}
	cookieBeforeUnlocks := func() fixes.Fix {
		var cookie rcu.Cookie
		return fixes.Fix{
			Side: func(s srcu.Side) srcu.Side {
				return summing{s, func() { cookie = s.RCU().Start() }}
			},
			Barrier: func() srcu.Barrier {
				return srcu.BarrierFunc(func(s srcu.Side, _ *srcu.Scan) bool {
					if s.RCU().Done(cookie) {
						return true
					}
					s.Requeue(1)
					return false
				})
			},
		}
	}
	tests := []struct {
		name    string
		fix     fixes.Fix
		reader  order.Reader
		readers int
		unsafe  string // modes in which it fails, of sc tso pso weak
	}{
		{"sum, grace period, sum", fixes.Fix{}, order.Fast(), 1, ""},
		{"smp_mb for X", fixes.Fix{Barrier: fixes.Fenced}, order.Fast(), 1, "tso pso weak"},
		{"nothing for X", fixes.Fix{Barrier: func() srcu.Barrier { return srcu.BarrierFunc(nothing) }}, order.Fast(), 1, "tso pso weak"},
		{"grace period before the unlock sum", graceBeforeUnlocks, order.Fast(), 1, "weak"},
		{"grace period before the unlock sum, two readers", graceBeforeUnlocks, order.Fast(), 2, "pso weak"},
		{"cookie before the unlock sum", cookieBeforeUnlocks(), order.Fast(), 1, "weak"},
		{"cookie before the unlock sum, two readers", cookieBeforeUnlocks(), order.Fast(), 2, "pso weak"},
		{"barrier readers, smp_mb", fixes.Fix{Barrier: fixes.Fenced}, order.Full(), 1, ""},
		{"barrier readers, nothing between the sums: loads pass loads", fixes.Fix{Barrier: func() srcu.Barrier { return srcu.BarrierFunc(nothing) }}, order.Full(), 2, "weak"},
		{"barrier readers without B", fixes.Fix{Barrier: fixes.Fenced}, reader(t, "no-lock-fence"), 1, "tso pso weak"},
		{"barrier readers without C", fixes.Fix{Barrier: fixes.Fenced}, reader(t, "no-unlock-fence"), 1, "weak"},
		{"membarrier for X", fixes.Fix{Barrier: fixes.Membarrier}, order.Fast(), 1, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if !order.LongForm() && tt.readers > 1 {
				t.Skip("GPSTORM_LONG=on runs it")
			}
			got := ""
			for _, m := range order.Modes() {
				c := order.For(tt.fix, tt.readers, 1, m)
				c.Readers = order.Same(tt.reader, tt.readers)
				f, cov, err := order.Explore(t.Context(), c, order.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if f == nil {
					if !cov.Complete || cov.Bounded > 0 {
						t.Errorf("%s: not searched to the end: %s", m, cov)
					}
					continue
				}
				t.Logf("%s: %s", m, f.Violation)
				if !f.Violation.Kind.Safety() {
					t.Errorf("%s: %s: want a safety violation", m, f.Violation)
				}
				if got != "" {
					got += " "
				}
				got += m.String()
			}
			if got != tt.unsafe {
				t.Errorf("unsafe in %q, want %q", got, tt.unsafe)
			}
		})
	}
}

func reader(t *testing.T, name string) order.Reader {
	t.Helper()
	r, err := order.LookupReader(name)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
