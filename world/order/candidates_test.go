package order_test

import (
	"fmt"
	"testing"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/world/order"
)

func clean(t *testing.T, c order.Case) order.Coverage {
	t.Helper()
	f, cov, err := order.Explore(t.Context(), c, order.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if f != nil {
		t.Errorf("%s: %s\nreplay: %s", c.String(), f.Violation, f.Token())
	} else if !cov.Complete || cov.Bounded > 0 || cov.Executions == 0 {
		t.Errorf("%s: not searched to the end: %s", c.String(), cov)
	}
	return cov
}

// TestCandidatesAreClean searches the bounded cases of every candidate that
// may be right: all but the controls that must be unsafe. Two readers, and states of
// the machine other than the usual one, are searched for a candidate that blocks, one
// with a callback and one that polls; the long form searches them for all.
func TestCandidatesAreClean(t *testing.T) {
	t.Parallel()
	modes := order.Modes()
	if testing.Short() {
		modes = []order.Mode{order.Weak}
	}
	for _, fix := range fixes.All() {
		if fix.Control == fixes.MustBeUnsafe {
			continue
		}
		t.Run(fix.Name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && (fix.Name == "expedite-current" || fix.Name == "poll-slowly") {
				t.Skip("its third request makes many histories")
			}
			for _, m := range modes {
				clean(t, order.For(fix, 1, 1, m))
			}
			modes := []order.Mode{order.SC}
			switch fix.Name {
			case "baseline", "callrcu", "poll":
				if testing.Short() {
					return
				}
				if order.LongForm() {
					modes = append(modes, order.Weak)
				}
			default:
				if !order.LongForm() {
					return
				}
			}
			for _, m := range modes {
				for _, vary := range []func(*order.Case){
					func(c *order.Case) { c.Expedited = true },
					func(c *order.Case) { c.PriorGP = true },
					func(c *order.Case) { c.UnregisterGP = true },
					func(c *order.Case) { c.Spurious = 1 },
				} {
					c := order.For(fix, 1, 1, m)
					vary(&c)
					clean(t, c)
				}
			}
			c := order.For(fix, 2, 1, order.SC)
			if fix.Name != "expedite-current" { // a third request makes these cases large
				clean(t, c)
				c.TwoDomains, c.Preemptions = true, 0
				clean(t, c)
				return
			}
			c.TwoDomains, c.Preemptions = true, 0
			c.Mode = order.Weak
			if f, _, err := order.Walk(t.Context(), c, order.WalkOptions{Strategy: order.Uniform, Runs: 500, Seed: 1}); f != nil || err != nil {
				t.Errorf("%s: %v %v", c.String(), f, err)
			}
		})
	}
}

// TestTwoReadersUnderWeakMemory searches the cases of which docs/order.md states the
// cost. The usual form searches two: one waits for its grace period, the other, not in
// the short form, continues after a callback that may run at once.
func TestTwoReadersUnderWeakMemory(t *testing.T) {
	t.Parallel()
	for _, fix := range fixes.All() {
		switch fix.Name {
		case "baseline":
		case "callrcu":
			if testing.Short() {
				continue
			}
		case "expedite-current", "poll-slowly":
			continue // 15 s each
		default:
			if fix.Control == fixes.MustBeUnsafe || !order.LongForm() {
				continue
			}
		}
		t.Log(clean(t, order.For(fix, 2, 1, order.Weak)))
	}
}

// TestReductionLosesNothing compares the search with and without reduction: with it the
// search visits fewer states and has the same verdict.
func TestReductionLosesNothing(t *testing.T) {
	t.Parallel()
	for name, fix := range map[string]fixes.Fix{
		"baseline": {Name: "baseline"}, "callrcu": {Name: "callrcu", Barrier: fixes.CallRCU}, "fenced": fenceOnly(),
	} {
		for _, m := range order.Modes() {
			c := order.For(fix, 1, 1, m)
			f, less, err := order.Explore(t.Context(), c, order.Options{})
			if err != nil {
				t.Fatal(err)
			}
			g, whole, err := order.Explore(t.Context(), c, order.Options{NoReduction: true})
			if err != nil {
				t.Fatal(err)
			}
			if (f == nil) != (g == nil) {
				t.Errorf("%s in %s: %v reduced, %v whole", name, m, f, g)
			}
			if f == nil && less.States >= whole.States {
				t.Errorf("%s in %s: %d states reduced, %d whole", name, m, less.States, whole.States)
			}
		}
	}
}

func TestWalksAreRepeatable(t *testing.T) {
	t.Parallel()
	c := order.For(fenceOnly(), 3, 2, order.Weak)
	for _, s := range order.Strategies() {
		o := order.WalkOptions{Strategy: s, Runs: 50_000, Seed: 3}
		f, w, err := order.Walk(t.Context(), c, o)
		if err != nil {
			t.Fatal(err)
		}
		if f == nil {
			t.Errorf("%s: nothing found in %d executions", s, w.Runs)
			continue
		}
		g, v, err := order.Walk(t.Context(), c, o)
		if err != nil || g == nil || g.Checksum() != f.Checksum() || v != w {
			t.Errorf("%s: found %v after %+v, then %v after %+v (%v)", s, f.Checksum(), w, g, v, err)
		}
	}
}

func TestBadCasesAreNamed(t *testing.T) {
	t.Parallel()
	good := order.For(fixes.Fix{}, 1, 1, order.SC)
	for want, breaks := range map[string]func(*order.Case){
		"readers: 0: want 1 to 6":            func(c *order.Case) { c.Readers = nil },
		"sections: 9: want 1 to 8":           func(c *order.Case) { c.Sections = 9 },
		"mode: 7: want sc, tso, pso or weak": func(c *order.Case) { c.Mode = 7 },
		"spurious: 9: want 0 to 4":           func(c *order.Case) { c.Spurious = 9 },
		"preemptions: -1: want 0 to 100":     func(c *order.Case) { c.Preemptions = -1 },
		"readers[0].section: nil: want a reader program": func(c *order.Case) {
			c.Readers = []order.Reader{{Name: "none"}}
		},
		"program long: more than 64 operations": func(c *order.Case) {
			c.Readers = []order.Reader{{Name: "long", Section: func(s *order.Section) {
				for range 65 {
					s.Load(s.Hook())
				}
			}}}
		},
	} {
		c := good
		breaks(&c)
		if _, _, err := order.Explore(t.Context(), c, order.Options{}); err == nil || err.Error() != want {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// TestVariantsAreAsStrongAsFast searches the reader variants of the fuzz targets.
func TestVariantsAreAsStrongAsFast(t *testing.T) {
	t.Parallel()
	fix, _ := fixes.Find("baseline")
	for bits := range 64 {
		if !order.LongForm() && bits%8 != 5 {
			continue
		}
		r := reader(t, fmt.Sprintf("fast/%d", bits))
		for _, m := range []order.Mode{order.TSO, order.Weak} {
			c := order.For(fix, 1, 1, m)
			c.Readers = order.Same(r, 1)
			clean(t, c)
		}
	}
	if _, err := order.LookupReader("fast/64"); err == nil {
		t.Error("fast/64 is a reader")
	}
}
