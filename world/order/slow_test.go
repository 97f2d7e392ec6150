package order_test

import (
	"fmt"
	"testing"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/world/order"
)

// polls returns a candidate whose barrier polls a cookie that many times and then gives
// up without arranging another run.
func polls(times int) fixes.Fix {
	return fixes.Fix{Name: fmt.Sprintf("polls %d times", times), Barrier: func() srcu.Barrier {
		left := times
		return srcu.BarrierFunc(func(s srcu.Side, scan *srcu.Scan) bool {
			if scan.First() {
				left, scan.Cookie = times, s.RCU().Start()
			}
			for ; left > 0; left-- {
				if s.RCU().Done(scan.Cookie) {
					return true
				}
				if left > 1 {
					s.Spin()
				}
			}
			return false
		})
	}}
}

// TestSlowGracePeriods: the search detects a barrier that gives up after one poll, in
// every mode and with any reader. It also detects one that gives up after two polls, if
// two polls may be late.
func TestSlowGracePeriods(t *testing.T) {
	t.Parallel()
	for _, times := range []int{1, 2} {
		for _, r := range []order.Reader{order.Fast(), order.Full()} {
			for _, m := range order.Modes() {
				c := order.For(polls(times), 1, 1, m)
				c.Readers, c.Slow = order.Same(r, 1), times
				f := find(t, c)
				if f.Violation.Kind != order.LostWakeup {
					t.Errorf("%s, %s reader, %s: %s, want a lost wakeup", c.Fix.Name, r.Name, m, f.Violation)
				}
				if _, err := f.Trace(); err != nil {
					t.Errorf("%s, %s reader, %s: %v", c.Fix.Name, r.Name, m, err)
				}
			}
		}
	}
	c := order.For(polls(1), 1, 1, order.SC)
	c.Slow = 0
	if got := c.String(); got != "polls 1 times, 1 reader(s) x 1 section(s), mode sc, prompt grace periods" {
		t.Errorf("%q does not say what it assumes", got)
	}
	clean(t, c) // prompt grace periods hide it
}

// TestWholeSearchReplays: a violation of a search without reduction is shown and
// replayed with the steps of that search.
func TestWholeSearchReplays(t *testing.T) {
	t.Parallel()
	f, _, err := order.Explore(t.Context(), order.For(fenceOnly(), 2, 1, order.TSO), order.Options{NoReduction: true})
	if err != nil || f == nil {
		t.Fatal(f, err)
	}
	if _, err := f.Trace(); err != nil {
		t.Error(err)
	}
	g, err := order.Replay(f.Token(), lookup)
	if err != nil {
		t.Fatal(err)
	}
	if g.Checksum() != f.Checksum() {
		t.Errorf("replayed %s, want %s", g.Checksum(), f.Checksum())
	}
}

// TestMixedRequests: a normal and an expedited request overlap.
func TestMixedRequests(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"baseline", "callrcu", "poll"} {
		fix, _ := lookup(name)
		if !order.LongForm() && name != "baseline" {
			continue
		}
		for _, expedited := range []bool{false, true} {
			c := order.For(fix, 1, 1, order.SC)
			c.PriorGP, c.MixedGP, c.Expedited = true, true, expedited
			clean(t, c)
		}
	}
	c := order.For(fixes.Fix{}, 1, 1, order.SC)
	c.MixedGP = true
	if err := c.Validate(); err == nil || err.Error() != "mixed-gp: true: want a grace period before unhooking (prior-gp)" {
		t.Errorf("error %v", err)
	}
}
