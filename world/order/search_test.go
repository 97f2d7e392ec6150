package order

import (
	"context"
	"testing"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
)

// searched is the complete result of a search.
type searched struct {
	checksum trial.Checksum // of the violation
	cov      Coverage
}

func searchWith(t *testing.T, c Case, states, cores, helpedAfter int) searched {
	t.Helper()
	r := reductions{partialOrder: true, merge: c.comparable(), sums: true, endless: c.comparable()}
	f, cov, err := explore(t.Context(), &c, Options{Cores: cores, States: states}, r, helpedAfter)
	if err != nil {
		t.Fatal(err)
	}
	cov.histories = 0 // depends on the order of visits
	if f == nil {
		return searched{0, cov}
	}
	return searched{f.Checksum(), cov}
}

// TestSearchOnSeveralCores: a search has the same result on one core and on several,
// whatever the timing: if it is complete, finds a violation, or is cut by a bound.
func TestSearchOnSeveralCores(t *testing.T) {
	t.Parallel()
	two := func(f fixes.Fix, m Mode) Case { return For(f, 2, 1, m) }
	cases := map[string]Case{
		"blocking":      two(fixes.Fix{}, SC),
		"blocking weak": For(fixes.Fix{}, 1, 2, Weak),
		"two readers":   two(fixes.Fix{}, Weak),
		"callrcu":       For(fixes.Fix{Barrier: fixes.CallRCU}, 1, 1, Weak),
		"poll":          For(fixes.Fix{Barrier: fixes.Polling}, 1, 1, Weak),
		"batch":         For(found(t, "batch"), 1, 1, Weak), // histories are not compared
		"fenced":        two(fixes.Fix{Barrier: fixes.Fenced}, Weak),
		"atomics":       For(fixes.Fix{}, 1, 1, Weak),
		"bounded":       two(fixes.Fix{Barrier: fixes.Polling}, Weak),
	}
	atomics := cases["atomics"]
	atomics.Atomics = true
	cases["atomics"] = atomics
	if !long {
		delete(cases, "two readers")
	}
	if testing.Short() {
		delete(cases, "blocking weak")
		delete(cases, "atomics")
		delete(cases, "poll")
		delete(cases, "callrcu")
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			states := 60_000
			if name == "bounded" {
				states = 5_000
			}
			alone := searchWith(t, c, states, 1, 0)
			for _, helpedAfter := range []int{0, 500} {
				if got := searchWith(t, c, states, 4, helpedAfter); got != alone {
					t.Errorf("helped after %d states:\n%+v, want\n%+v", helpedAfter, got, alone)
				}
			}
			if whole := alone.checksum == 0 && name != "bounded"; whole != alone.cov.Complete {
				t.Errorf("%+v", alone)
			}
		})
	}
}

func found(t *testing.T, name string) fixes.Fix {
	t.Helper()
	f, err := fixes.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestSearchIsInterrupted: the end of a context ends a search on several cores, and the
// coverage is then not complete.
func TestSearchIsInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, cores := range []int{1, 3} {
		f, cov, err := Explore(ctx, For(fixes.Fix{}, 3, 2, Weak), Options{Cores: cores})
		if f != nil || err != nil || cov.Complete || cov.States > 3000 {
			t.Errorf("%v, %+v, %v", f, cov, err)
		}
	}
}
