package order_test

import (
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/fixes/mutant"
	"github.com/gpstorm/gpstorm/world/order"
)

// TestMutantsShowWhereTheyShould searches each planted bug's own case in its
// own mode, where it must be caught, and in the next stronger mode, where it
// must not.
func TestMutantsShowWhereTheyShould(t *testing.T) {
	t.Parallel()
	for _, o := range mutant.OrderingMutants() {
		t.Run(o.Name, func(t *testing.T) {
			t.Parallel()
			c, err := order.OfMutant(o)
			if err != nil {
				t.Fatal(err)
			}
			f := find(t, c)
			t.Log(f.Violation)
			if safety := o.Class == mutant.Safety; f.Violation.Kind.Safety() != safety {
				t.Errorf("%s: want safety %v", f.Violation, safety)
			}
			if c.Mode == order.SC {
				return
			}
			c.Mode--
			f, cov, err := order.Explore(c, order.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if f != nil || !cov.Complete {
				t.Errorf("in %s: %v, %s: want no violation", c.Mode, f, cov)
			}
		})
	}
}

// Flushing, under event_mutex, work that needs it never ends in this world either.
func TestFlushUnderTheMutexIsFound(t *testing.T) {
	t.Parallel()
	fix, ok := mutant.Lookup("flush-under-mutex")
	if !ok {
		t.Fatal("no such mutant")
	}
	f := find(t, order.For(fix, 1, 1, order.SC))
	if f.Violation.Kind != order.LostWakeup || !strings.Contains(f.Violation.Detail, "which waits for event_mutex, which it holds") {
		t.Errorf("%s", f.Violation)
	}
}
