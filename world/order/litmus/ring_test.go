package litmus_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gpstorm/gpstorm/world/order"
	"github.com/gpstorm/gpstorm/world/order/litmus"
)

// ring returns a test of threads in a ring. Each thread loads from a location that its
// predecessor stores to, and stores to a location that its successor loads from. For
// an r both accesses are in a read-side critical section, for a g a grace period
// separates them. Without before the load comes first and the condition is that every
// load reads from the store; with before the store comes first and no load reads it.
func ring(threads string, before bool) (src string) {
	var b strings.Builder
	fmt.Fprintf(&b, "C ring-%s\n\n{}\n", threads)
	var atoms []string
	for i, kind := range threads {
		from, to := i, (i+1)%len(threads)
		first := fmt.Sprintf("\tint r = READ_ONCE(*x%d);\n", from)
		second := fmt.Sprintf("\tWRITE_ONCE(*x%d, 1);\n", to)
		seen := 1
		if before {
			first, second, seen = second, first, 0
		}
		fmt.Fprintf(&b, "\nP%d(int *x%d, int *x%d)\n{\n", i, from, to)
		if kind == 'r' {
			fmt.Fprintf(&b, "\trcu_read_lock();\n%s%s\trcu_read_unlock();\n}\n", first, second)
		} else {
			fmt.Fprintf(&b, "%s\tsynchronize_rcu();\n%s}\n", first, second)
		}
		atoms = append(atoms, fmt.Sprintf("%d:r=%d", i, seen))
	}
	fmt.Fprintf(&b, "\nexists (%s)\n", strings.Join(atoms, " /\\ "))
	return b.String()
}

// rings lists the orders of n readers and updaters in a ring, up to rotation.
func rings(n int) (out []string) {
	for m := range 1 << n {
		least := true
		for k := 1; k < n; k++ {
			least = least && (m>>k|m<<(n-k))&(1<<n-1) >= m
		}
		if !least {
			continue
		}
		s := make([]byte, n)
		for i := range s {
			s[i] = "rg"[m>>i&1]
		}
		out = append(out, string(s))
	}
	return out
}

// ringAnswer applies the counting rule: a ring is forbidden if it has at least as many
// grace periods as read-side critical sections.
func ringAnswer(threads string) litmus.Answer {
	if g := strings.Count(threads, "g"); 2*g >= len(threads) {
		return litmus.Never
	}
	return litmus.Sometimes
}

// TestRingsOfReadersAndUpdaters judges rings both ways against the counting rule.
func TestRingsOfReadersAndUpdaters(t *testing.T) {
	t.Parallel()
	sizes := []int{2, 3, 4, 5}
	if !testing.Short() {
		sizes = append(sizes, 6, 7)
	}
	for _, n := range sizes {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			for _, threads := range rings(n) {
				for _, before := range []bool{false, true} {
					x, err := litmus.Parse(ring(threads, before))
					if err != nil {
						t.Fatal(err)
					}
					want := ringAnswer(threads)
					if got := x.Judge(t.Context(), litmus.DefaultBounds); got.Answer != want {
						t.Errorf("%s, stores first %v: model %s %s, want %s", threads, before, got.Answer, got.Why, want)
					}
					if got := x.Operate(t.Context(), order.Weak, 500_000); got.Answer != want {
						t.Errorf("%s, stores first %v: memory %s %s, want %s", threads, before, got.Answer, got.Why, want)
					}
				}
			}
		})
	}
}
