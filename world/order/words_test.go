package order_test

import (
	"testing"

	"github.com/gpstorm/gpstorm/world/order"
)

// TestDeclaredOrderings: with the orderings that srcu declares for the machine's
// accesses nothing is violated; without that of a raise, a request that comes while
// a grace period ends is lost.
func TestDeclaredOrderings(t *testing.T) {
	t.Parallel()
	fix, err := lookup("baseline")
	if err != nil {
		t.Fatal(err)
	}
	c := order.For(fix, 1, 1, order.Weak)
	c.Atomics = true
	clean(t, c)
	c.PriorGP = true
	c.Drop = "raise"
	f := find(t, c)
	if f.Violation.Kind != order.LostWakeup {
		t.Errorf("without the ordering of raise: %s, want a lost wakeup", f.Violation)
	}
	if _, err := f.Trace(); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*order.Case){
		"atomics: in mode tso: want mode weak": func(c *order.Case) { c.Mode = order.TSO },
		`drop: "raise": want atomics as well`:  func(c *order.Case) { c.Atomics, c.Drop = false, "raise" },
	} {
		d := c
		change(&d)
		if err := d.Validate(); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
