package order

import "testing"

// TestStoreBufferOrder: stores of the update side leave its buffer in order on TSO, else
// in any order that keeps the order of each location.
func TestStoreBufferOrder(t *testing.T) {
	t.Parallel()
	two := &state{buf: []pending{{locHook, 0}, {locObject, objectFreed}}}
	one := &state{buf: []pending{{locObject, objectCleared}, {locObject, objectFreed}}}
	for _, tt := range []struct {
		mode            Mode
		apart, together bool // whether the second may go first
	}{{TSO, false, false}, {PSO, true, false}, {Weak, true, false}} {
		m := &machine{mode: tt.mode}
		if !m.flushable(two, 0) || !m.flushable(one, 0) {
			t.Errorf("%s: the first store may not become visible", tt.mode)
		}
		if got := m.flushable(two, 1); got != tt.apart {
			t.Errorf("%s: second location first: %v, want %v", tt.mode, got, tt.apart)
		}
		if got := m.flushable(one, 1); got != tt.together {
			t.Errorf("%s: second store of a location first: %v, want %v", tt.mode, got, tt.together)
		}
	}
}
