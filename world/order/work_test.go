package order

import "testing"

// TestWorkBoundsASearch: the same search is cut by a bound on work, not on states, and
// completes without one.
func TestWorkBoundsASearch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		work     int
		complete bool
	}{{10_000, false}, {0, true}} {
		x := Search{Mode: Weak, Memory: make([]Value, 1), States: 100_000, Work: tt.work,
			Final: func([]Value, [][]Value) bool { return true }}
		for i := range 8 {
			p := &Program{}
			p.Store(Access{Addr: Const(0), May: 1, Val: Const(Value(i + 1))})
			x.Programs = append(x.Programs, p)
		}
		complete, err := x.Run()
		if err != nil {
			t.Fatal(err)
		}
		if complete != tt.complete || tt.work > 0 && x.Worked > 2*tt.work {
			t.Errorf("work %d: complete %v after %d states and %d units of work, want %v", tt.work, complete, x.Visited, x.Worked, tt.complete)
		}
	}
}
