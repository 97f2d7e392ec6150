package order_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/fixes/mutant"
	"github.com/gpstorm/gpstorm/world/order"
)

// The planted bugs whose searches have the most histories.
var (
	// The short form samples executions of their cases until a violation.
	slowToFind = []string{"join-running", "stray-callback"}
	// The short form leaves out the next stronger mode, which is searched to its end.
	slowToExclude = []string{"ipi-skips-cpu", "gp-before-sum-2", "done-before"}
)

// TestMutantsShowWhereTheyShould searches the case of each planted bug in the bug's
// mode, where it must be caught, and in the next stronger mode, where it must not.
func TestMutantsShowWhereTheyShould(t *testing.T) {
	t.Parallel()
	for _, m := range mutant.All() {
		if m.Order == nil {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			c := m.Order.Case
			if testing.Short() && slices.Contains(slowToFind, m.Name) {
				f, w, err := order.Walk(t.Context(), c, order.WalkOptions{Strategy: order.PCT, Depth: 4, Runs: 2000, Seed: 4})
				if f == nil || err != nil {
					t.Errorf("no violation in %d sampled executions, error %v", w.Runs, err)
				}
				return
			}
			f := find(t, c)
			if f.Violation.Kind != m.Order.Kind {
				t.Errorf("%s: want %s", f.Violation, m.Order.Kind)
			}
			if c.Mode == order.SC || testing.Short() && slices.Contains(slowToExclude, m.Name) {
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
