package order_test

import (
	"testing"

	"github.com/gpstorm/gpstorm/world/order"
)

// TestDeclaredOrderings: with the orderings that srcu declares for the machine's
// accesses there is no violation. Without the ordering of a raise, a request during the
// end of a grace period is lost.
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

// TestDroppedOrderings: without the ordering of each of these accesses a request is
// lost, in one of the cases of Requests.
func TestDroppedOrderings(t *testing.T) {
	t.Parallel()
	fix, err := lookup("baseline")
	if err != nil {
		t.Fatal(err)
	}
	cases := order.Requests(order.For(fix, 1, 1, order.Weak))
	for access, i := range map[string]int{"raise": 0, "snapshot": 1, "end-needed": 2} {
		if !order.LongForm() && access == "snapshot" || testing.Short() && access != "raise" {
			continue
		}
		c := cases[i]
		c.Atomics, c.Drop = true, access
		f := find(t, c)
		if f.Violation.Kind != order.LostWakeup {
			t.Errorf("without the ordering of %s: %s, want a lost wakeup", access, f.Violation)
		}
		if _, err := f.Trace(); err != nil {
			t.Errorf("without the ordering of %s: %v", access, err)
		}
		g, err := order.Replay(f.Token(), lookup)
		if err != nil || g.Checksum() != f.Checksum() {
			t.Errorf("without the ordering of %s: replayed %v (%v), want %s", access, g, err, f.Violation)
		}
	}
}

// TestDropEach: every access with an ordering gets a row.
func TestDropEach(t *testing.T) {
	t.Parallel()
	fix, err := lookup("baseline")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]order.Dropped{}
	err = order.DropEach(t.Context(), order.For(fix, 1, 1, order.Weak), order.Options{States: 100}, func(d order.Dropped) error {
		rows[d.Access.String()] = d
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 6 {
		t.Errorf("%d rows, want 6: %v", len(rows), rows)
	}
	if d := rows["begin"]; d.Finding != nil || d.Complete || d.Cases != 3 {
		t.Errorf("begin after 100 states of each case: %+v, want no violation in 3 cases cut short", d)
	}
}
