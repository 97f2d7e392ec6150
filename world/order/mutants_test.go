package order_test

import (
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/fixes/mutant"
	"github.com/gpstorm/gpstorm/world/order"
)

// TestMutantsShowWhereTheyShould searches the case of each planted bug in the bug's
// mode, where it must be caught, and in the next stronger mode, where it must not. The
// short form leaves out those with the most histories, each beside one of its kind.
func TestMutantsShowWhereTheyShould(t *testing.T) {
	t.Parallel()
	for _, m := range mutant.All() {
		if m.Order == nil {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			switch m.Name {
			case "join-running", "stray-callback", "ipi-skips-cpu", "gp-before-sum-2", "done-before":
				if testing.Short() {
					t.Skip("many histories")
				}
			}
			c := m.Order.Case
			f := find(t, c)
			if f.Violation.Kind != m.Order.Kind {
				t.Errorf("%s: want %s", f.Violation, m.Order.Kind)
			}
			if c.Mode == order.SC {
				return
			}
			c.Mode--
			bound := 0
			if c.TwoDomains && m.Fix.Teardown != nil {
				bound = 20_000 // two workers at once: too many histories to search
			}
			f, cov, err := order.Explore(t.Context(), c, order.Options{States: bound})
			if err != nil {
				t.Fatal(err)
			}
			if f != nil || !cov.Complete && bound == 0 {
				t.Errorf("in %s: %v, %s: want no violation", c.Mode, f, cov)
			}
		})
	}
}

// A flush under event_mutex, of work that takes event_mutex, never ends in this world
// either.
func TestFlushUnderTheMutexIsFound(t *testing.T) {
	t.Parallel()
	m, ok := mutant.Lookup("flush-under-mutex")
	if !ok {
		t.Fatal("no such mutant")
	}
	f := find(t, m.Order.Case)
	if !strings.Contains(f.Violation.Detail, "which waits for event_mutex, which it holds") {
		t.Errorf("%s", f.Violation)
	}
}
