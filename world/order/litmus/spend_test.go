package litmus

import (
	"fmt"
	"strings"
	"testing"
)

// TestStepsGrowWithTheEvents: every choice of traces has its own relations, whose cost
// grows with the square of the events. A search of long threads spends its steps on few.
func TestStepsGrowWithTheEvents(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("C long\n{}\n")
	for i := range 3 {
		fmt.Fprintf(&b, "P%d(int *z)\n{\n\tint r0;\n%s}\n", i, strings.Repeat("\tr0 = cmpxchg(z, 0, 2);\n", 8))
	}
	b.WriteString("exists (0:r0=1)\n")
	x, err := Parse(b.String())
	if err != nil {
		t.Fatal(err)
	}
	j := &judge{t: x, b: Bounds{Steps: 20_000}, ctx: t.Context()}
	j.b.fill()
	if !j.domains() {
		t.Fatal(j.why)
	}
	if j.search(false); j.why == "" || j.combos > 500 {
		t.Errorf("%d choices of traces for 20000 steps, %q: want at most 500", j.combos, j.why)
	}
}
