package order

import (
	"slices"
	"testing"

	"github.com/gpstorm/gpstorm/fixes"
)

// TestKeyDecidesWhatFollows: states with equal keys have successors with equal keys, and
// equally many steps.
func TestKeyDecidesWhatFollows(t *testing.T) {
	t.Parallel()
	cases := []Case{For(fixes.Fix{}, 1, 1, SC), For(fixes.Fix{Barrier: fixes.Polling}, 1, 1, Weak), For(fixes.Fix{Barrier: fixes.CallRCU}, 1, 1, Weak)}
	if !testing.Short() {
		cases = append(cases, For(fixes.Fix{}, 2, 1, Weak))
	}
	if long {
		cases = append(cases, For(fixes.Fix{Barrier: fixes.Polling}, 2, 1, SC))
	}
	for _, c := range cases {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			r := reductions{partialOrder: true, merge: c.comparable(), sums: true, endless: true}
			m, err := r.machine(&c)
			if err != nil {
				t.Fatal(err)
			}
			defer m.close()
			type one struct {
				count int
				sum   uint64
			}
			seen := map[key]one{}
			var visit func(s *state)
			visit = func(s *state) {
				k := m.key(s)
				steps := m.steps(s, nil)
				if len(steps) > 0 {
					steps = m.persistent(s, steps)
				}
				var next []*state
				var keys []key
				for _, st := range steps {
					n := m.apply(s, st)
					next, keys = append(next, n), append(keys, m.key(n))
				}
				slices.SortFunc(keys, key.compare)
				h := hasher{1, 2}
				for _, k := range keys {
					h.add(k[0])
				}
				got := one{len(keys), h.a}
				was, ok := seen[k]
				if ok {
					if was != got {
						t.Fatalf("%v and %v", was, got)
					}
				} else {
					seen[k] = got
					for _, n := range next {
						visit(n)
					}
				}
				for _, n := range next {
					m.release(n)
				}
			}
			visit(m.start())
		})
	}
}
