package live_test

import (
	"context"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/fixes/mutant"
	"github.com/gpstorm/gpstorm/internal/seam"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/live"
	"github.com/gpstorm/gpstorm/world/order"
)

// catch tortures a planted bug, longer each time, until it is caught.
func catch(t *testing.T, m *mutant.Mutant, most time.Duration) (r live.Report) {
	t.Helper()
	name := m.Name
	if m.Live.With != "" {
		name += fixes.Separator + m.Live.With
	}
	fix, err := mutant.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	for d := 30 * time.Millisecond; d <= most; d *= 2 {
		c := live.Config{
			Fix: fix, Seed: uint64(d), Duration: d,
			Amplify: m.Live.Needs == mutant.Amplified, Yield: m.Live.Needs == mutant.Yielding,
			StallAfter: time.Second, Updaters: 2,
		}
		if c.Amplify {
			c.Readers, c.Updaters = 1, 1
		}
		if r, err = live.Torture(context.Background(), c); err != nil {
			t.Fatal(err)
		}
		t.Log(r)
		if r.Failed() {
			break
		}
	}
	return r
}

func TestMutantsAreCaught(t *testing.T) {
	if live.Racing {
		t.Skip("the race detector would report them, and fail the test, first")
	}
	tried := 0
	for _, m := range mutant.All() {
		if testing.Short() && tried == 2 {
			break
		}
		// No machine is certain to show a WeakOrder mutant; the order world does.
		if m.Live == nil || m.Live.Needs == mutant.WeakOrder {
			continue
		}
		amplified := m.Live.Needs == mutant.Amplified
		if amplified && (!live.Long || !seam.PlainCounters) {
			continue // needs two CPUs that run at the same time, and plain counters
		}
		if _, reader := fixes.OverrideOf[live.Overrides](&m.Fix); reader && live.Debugging {
			continue // the build panics at once
		}
		tried++
		t.Run(m.Name, func(t *testing.T) {
			switch r := catch(t, &m, 8*time.Second); {
			case r.Failed():
				t.Logf("caught after %v", r.Failures[0].After)
			case amplified && !r.Parallel():
				t.Skip("readers and updaters hardly ran at once on this machine: proves nothing")
			default:
				t.Error("not caught")
			}
		})
	}
}

// A campaign is INVALID unless its nulls fail, whatever its scenario. One that must hang
// does so in every trial, one that must be unsafe in some: it is rare on a busy machine that
// a reader and an updater meet.
func TestNullsFailInEachScenarioOfACampaign(t *testing.T) {
	if live.Racing {
		t.Skip("the race detector would report them, and fail the test, first")
	}
	w, err := live.New(fixes.Group{Kind: live.Null, Fixes: mutant.Nulls()})
	if err != nil {
		t.Fatal(err)
	}
	scenarios := live.Quick()
	if testing.Short() {
		scenarios = scenarios[:1]
	}
	for _, sc := range scenarios {
		for _, null := range mutant.Nulls() {
			t.Run(sc.Name+"/"+null.Name, func(t *testing.T) {
				hangs, trials := null.Control == fixes.MustHang, 1
				if !hangs {
					trials = 8
				}
				together := uint64(0)
				for i := range trials {
					r, err := w.Run(context.Background(), world.Spec{Scenario: sc, Subject: null.Name, Seed: uint64(i)}, world.Want{})
					if err != nil {
						t.Fatal(err)
					}
					if hangs && r.Hung() || !hangs && r.Diagnosis == trial.Unsafe {
						return
					}
					together += r.Conditions.Together
				}
				if together == 0 {
					t.Skip("readers and updaters never ran at once on this machine: proves nothing")
				}
				t.Errorf("not in %d trials", trials)
			})
		}
	}
}

// Mutants that no torture on this machine can expose must be exposed elsewhere.
func TestMutantsThatNeedWeakOrderAreCaughtByTheOrderWorld(t *testing.T) {
	n := 0
	for _, m := range mutant.All() {
		if m.Live != nil && m.Live.Needs == mutant.WeakOrder {
			n++
			if m.Order == nil {
				t.Errorf("%s: no world catches it", m.Name)
			}
		}
	}
	if n == 0 {
		t.Error("no mutant needs weak order: the need has no use")
	}
}

// The library has one heavy barrier in a grace period. It counts with plain
// instructions on amd64 alone (mode tso), elsewhere with atomic ones (mode sc).
func TestOneBarrierIsEnoughWhereStoresBecomeVisibleInOrder(t *testing.T) {
	t.Parallel()
	once := fixes.Fix{Name: "membarrier-once", Barrier: srcu.FenceOnce}
	for _, c := range []struct {
		mode   order.Mode
		enough bool
	}{{order.SC, true}, {order.TSO, true}, {order.PSO, false}, {order.Weak, false}} {
		// After an earlier grace period, a reader may still be about to count on the rank
		// of the first scan.
		prior := order.For(once, 1, 2, c.mode)
		prior.PriorGP = true
		cases := []order.Case{order.For(once, 2, 1, c.mode), order.For(once, 1, 2, c.mode), prior}
		if two := order.For(once, 2, 1, c.mode); c.enough && !testing.Short() {
			two.PriorGP = true
			cases = append(cases, two)
		}
		found := false
		for _, k := range cases {
			f, cov, err := order.Explore(t.Context(), k, order.Options{})
			switch {
			case err != nil:
				t.Fatal(err)
			case f != nil && c.enough:
				t.Errorf("%s: %s", k.String(), f.Violation)
			case c.enough && (!cov.Complete || cov.Bounded > 0 || cov.Executions == 0):
				t.Errorf("%s: not searched to the end: %s", k.String(), cov)
			}
			t.Logf("%s: %s", k.String(), cov)
			if found = f != nil; found {
				break
			}
		}
		if found == c.enough {
			t.Errorf("mode %s: found something: %t", c.mode, found)
		}
	}
}
