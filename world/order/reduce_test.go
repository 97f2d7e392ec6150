package order

import (
	"maps"
	"testing"

	"github.com/gpstorm/gpstorm/fixes"
)

// ends returns the final states of a case: memory and registers.
func ends(t *testing.T, c Case, reduce bool) map[key]bool {
	t.Helper()
	m, err := newMachine(&c)
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	m.reduce = reduce
	out := map[key]bool{}
	seen := &visited{}
	var visit func(s *state)
	visit = func(s *state) {
		if _, ok := seen.get(m.wholeKey(s)); ok {
			return
		}
		seen.put(m.wholeKey(s), 1)
		steps := m.steps(s, nil)
		if len(steps) == 0 {
			out[m.wholeKey(&state{mem: s.mem, thr: s.thr, last: -1})] = true
			return
		}
		if reduce {
			steps = m.persistent(s, steps)
		}
		for _, st := range steps {
			visit(m.apply(s, st))
		}
	}
	visit(m.start())
	return out
}

// TestReductionKeepsFinalStates: the search reaches the same final states with and
// without reduction.
func TestReductionKeepsFinalStates(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Case{
		"one reader":           For(fixes.Fix{}, 1, 1, Weak),
		"two sections":         For(fixes.Fix{}, 1, 2, SC),
		"callrcu":              For(fixes.Fix{Barrier: fixes.CallRCU}, 1, 1, SC),
		"two readers":          For(fixes.Fix{}, 2, 1, SC),
		"callrcu, weak":        For(fixes.Fix{Barrier: fixes.CallRCU}, 1, 1, Weak),
		"polling, two readers": For(fixes.Fix{Barrier: fixes.Polling}, 2, 1, SC),
	} {
		if !long && (len(c.Readers) > 1 || c.Mode == Weak && c.Fix.Barrier != nil) {
			continue
		}
		whole, less := ends(t, c, false), ends(t, c, true)
		if !maps.Equal(whole, less) {
			t.Errorf("%s: %d final states reduced, %d whole", name, len(less), len(whole))
		}
	}
}
