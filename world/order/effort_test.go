package order_test

import (
	"flag"
	"fmt"
	"slices"
	"testing"

	"github.com/gpstorm/gpstorm/fixes/mutant"
	"github.com/gpstorm/gpstorm/world/order"
)

var effort = flag.Bool("effort", false, "measure how many executions each strategy needs to find each planted bug")

const (
	effortSeeds = 5
	effortRuns  = 20_000
)

// TestEffort prints the table of docs/mutants/order.md, each bug in its own case: the
// executions until the first violation, as the median of several seeds, and the states
// until the search finds it.
func TestEffort(t *testing.T) {
	t.Parallel()
	if !*effort {
		t.Skip("run with -effort")
	}
	fmt.Print("| planted bug | breaks | shows in | random | pct | uniform | guided | search, states |\n|---|---|---|---|---|---|---|---|\n")
	for _, m := range mutant.All() {
		if m.Order == nil {
			continue
		}
		c := m.Order.Case
		fmt.Printf("| `%s`: %s | %s | %s |", m.Name, m.Claim, m.Class, c.Mode)
		for _, s := range order.Strategies() {
			fmt.Printf(" %s |", median(t, c, s))
		}
		_, cov, err := order.Explore(t.Context(), c, order.Options{})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf(" %d |\n", cov.States)
	}
}

// median returns the median of the executions needed; runs without a violation count as
// more.
func median(t *testing.T, c order.Case, s order.Strategy) string {
	var needed []int
	for seed := range effortSeeds {
		f, w, err := order.Walk(t.Context(), c, order.WalkOptions{Strategy: s, Runs: effortRuns, Seed: uint64(seed + 1)})
		if err != nil {
			t.Fatal(err)
		}
		if f == nil {
			w.Runs = effortRuns + 1
		}
		needed = append(needed, w.Runs)
	}
	slices.Sort(needed)
	m := needed[effortSeeds/2]
	if m > effortRuns {
		return fmt.Sprintf("> %d", effortRuns)
	}
	return fmt.Sprint(m)
}
