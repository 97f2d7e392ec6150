package fuzz

import (
	"testing"

	"github.com/gpstorm/gpstorm/world/order"
)

// FuzzOrder lets bytes choose a candidate, its readers, the memory model and
// the schedule. Whatever they choose, a candidate keeps its promises.
func FuzzOrder(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{3, 1, 1, 3, 0, 8, 2, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
	f.Fuzz(func(t *testing.T, data []byte) {
		w := &witness{T: t, target: "FuzzOrder"}
		c, schedule := order.CaseFromBytes(data)
		found, err := order.RunBytes(c, schedule)
		if found != nil {
			t.Fatalf("%s: %s\n%s", c.String(), found.Violation, replayFinding(t.Context(), found))
		}
		defer w.keep(data)
		if err != nil {
			w.Fatalf("%s: %v", c.String(), err)
		}
	})
}
