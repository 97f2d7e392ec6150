package order_test

import (
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/world/order"
)

// TestCaseNamesItsBounds: the line of a case names the bounds that are not the default,
// since "no violation" holds only within them.
func TestCaseNamesItsBounds(t *testing.T) {
	t.Parallel()
	c := order.For(fixes.Fix{Name: "a"}, 1, 1, order.SC)
	if s := c.String(); strings.Contains(s, "at most") {
		t.Errorf("%q: want no bound named", s)
	}
	c.Switches, c.Preemptions, c.Retries = 0, 3, 2
	const want = ", at most 0 switch(es), at most 3 preemption(s), at most 2 competing retries"
	if s := c.String(); !strings.HasSuffix(s, want) {
		t.Errorf("%q: want the end %q", s, want)
	}
}
