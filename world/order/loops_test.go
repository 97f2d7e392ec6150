package order_test

import (
	"testing"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/world/order"
)

// TestBarriersThatLoop searches barriers that wait in loops, finite and infinite ones.
func TestBarriersThatLoop(t *testing.T) {
	t.Parallel()
	barrier := func(f func(s srcu.Side, scan *srcu.Scan) bool) fixes.Fix {
		return fixes.Fix{Barrier: func() srcu.Barrier { return srcu.BarrierFunc(f) }}
	}
	tests := []struct {
		name string
		fix  fixes.Fix
		want order.Kind
	}{
		{"polls in a tight loop", barrier(func(s srcu.Side, _ *srcu.Scan) bool {
			for c := s.RCU().Start(); !s.RCU().Done(c); {
			}
			return true
		}), order.NoViolation},
		{"polls and spins", barrier(func(s srcu.Side, _ *srcu.Scan) bool {
			for c := s.RCU().Start(); !s.RCU().Done(c); {
				s.Spin()
			}
			return true
		}), order.NoViolation},
		{"polls what nobody started", barrier(func(s srcu.Side, _ *srcu.Scan) bool {
			for c := s.RCU().Snapshot(); !s.RCU().Done(c); {
			}
			return true
		}), order.Livelock},
		{"spins for ever", barrier(func(s srcu.Side, _ *srcu.Scan) bool {
			for {
				s.Spin()
			}
		}), order.Livelock},
		{"arranges nothing", barrier(func(srcu.Side, *srcu.Scan) bool { return false }), order.LostWakeup},
		{"panics", barrier(func(srcu.Side, *srcu.Scan) bool { panic("no barrier here") }), order.Crashed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, m := range order.Modes() {
				f, cov, err := order.Explore(t.Context(), order.For(tt.fix, 1, 1, m), order.Options{States: 1_000_000})
				switch {
				case err != nil:
					t.Fatal(err)
				case f == nil && (tt.want != order.NoViolation || !cov.Complete || cov.Bounded > 0):
					t.Errorf("%s: nothing found, want %q: %s", m, tt.want, cov)
				case f != nil && f.Violation.Kind != tt.want:
					t.Errorf("%s: %s, want %q", m, f.Violation, tt.want)
				}
			}
		})
	}
}
