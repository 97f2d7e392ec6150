package order

import (
	"testing"

	"github.com/gpstorm/gpstorm/fixes"
)

// TestMergedHistoriesBehaveAlike: a search that merges histories counts exactly as many
// executions as a search that does not, in fewer states. The counts would differ if the
// update side behaved differently after two merged histories.
func TestMergedHistoriesBehaveAlike(t *testing.T) {
	t.Parallel()
	type vary map[string]func(*Case)
	plain := vary{"plain": func(*Case) {}}
	all := vary{
		"plain":      func(*Case) {},
		"expedited":  func(c *Case) { c.Expedited = true },
		"prior":      func(c *Case) { c.PriorGP = true },
		"mixed":      func(c *Case) { c.PriorGP, c.MixedGP = true, true },
		"unregister": func(c *Case) { c.UnregisterGP = true },
		"spurious":   func(c *Case) { c.Spurious = 1 },
		"sections":   func(c *Case) { c.Sections = 2 },
	}
	atomics := vary{"atomics": func(c *Case) { c.Atomics = true }}
	if !long {
		all = plain
	}
	for name, tt := range map[string]struct {
		fix   fixes.Fix
		mode  Mode
		cases vary
	}{
		"blocking":   {fixes.Fix{}, SC, all},
		"membarrier": {fixes.Fix{Barrier: fixes.Membarrier}, SC, plain},
		"callrcu":    {fixes.Fix{Barrier: fixes.CallRCU}, SC, all},
		"poll":       {fixes.Fix{Barrier: fixes.Polling}, SC, all},
		"reuse":      {fixes.Fix{Teardown: fixes.Reuse}, SC, plain},
		"deferred":   {fixes.Fix{Teardown: fixes.Deferred}, SC, plain},
		"weak":       {fixes.Fix{}, Weak, plain},
		"atomics":    {fixes.Fix{}, Weak, atomics},
		"weak poll":  {fixes.Fix{Barrier: fixes.Polling}, Weak, plain},
	} {
		if testing.Short() && name == "weak poll" {
			continue
		}
		for how, change := range tt.cases {
			c := For(tt.fix, 1, 1, tt.mode)
			change(&c)
			merged, less := counted(t, c, true)
			whole, more := counted(t, c, false)
			if merged.Executions != whole.Executions || !merged.Complete || !whole.Complete {
				t.Errorf("%s, %s: %s\nwithout merging: %s", name, how, merged, whole)
			}
			if merged.States >= whole.States || less >= more {
				t.Errorf("%s, %s: %d states and %d histories, %d and %d without merging", name, how, merged.States, less, whole.States, more)
			}
		}
	}
}

// counted searches a case with the reductions and without a bound on retries.
func counted(t *testing.T, c Case, merge bool) (cov Coverage, histories int) {
	t.Helper()
	r := reductions{partialOrder: true, merge: merge, endless: true, sums: true}
	f, cov, err := explore(t.Context(), &c, Options{States: 300_000, Cores: 1}, r, helpedAfter)
	if err != nil {
		t.Fatal(err)
	}
	if f != nil {
		t.Fatalf("%s: %s", c.String(), f.Violation)
	}
	return cov, cov.histories
}
