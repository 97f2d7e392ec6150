package live_test

import (
	"context"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/fixes/mutant"
	"github.com/gpstorm/gpstorm/world/live"
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
	for d := 250 * time.Millisecond; d <= most; d *= 2 {
		c := live.Config{
			Fix: fix, Seed: uint64(d), Duration: d,
			Amplify: m.Live.Needs == mutant.Amplified, Yield: m.Live.Needs == mutant.Yielding,
			StallAfter: 2 * time.Second, Updaters: 2,
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
	for _, m := range mutant.All() {
		if m.Live == nil {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			most := 8 * time.Second
			if m.Live.Needs == mutant.Amplified || m.Live.Needs == mutant.WeakOrder {
				most = time.Second
			}
			r := catch(t, &m, most)
			switch {
			case r.Failed():
				t.Logf("caught after %v", r.Failures[0].After)
			case m.Live.Needs == mutant.WeakOrder:
				t.Log("not caught on this machine, as expected")
			case m.Live.Needs == mutant.Amplified && !r.Parallel():
				t.Skip("readers and updaters hardly ran at once on this machine: proves nothing")
			default:
				t.Error("not caught")
			}
		})
	}
}
