package order

import (
	"fmt"
	"maps"
	"testing"

	"github.com/gpstorm/gpstorm/fixes"
)

// canonicalEnds returns the final states of a case, up to a permutation of equal CPUs:
// memory and the performed operations.
func canonicalEnds(t *testing.T, c Case, sums bool) (out map[key]bool, states int) {
	t.Helper()
	m, err := newMachine(&c)
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	m.reduce, m.sums = sums, sums
	out = map[key]bool{}
	seen := &visited{}
	var visit func(s *state)
	visit = func(s *state) {
		k := m.key(s)
		if _, ok := seen.get(k); ok {
			return
		}
		seen.put(k, 1)
		states++
		steps := m.steps(s, nil)
		if len(steps) == 0 {
			if s.found.Found() {
				t.Fatalf("%s: %s", c.String(), s.found)
			}
			end := state{mem: s.mem, thr: s.thr, hist: make([][]Value, len(s.mem)), last: -1}
			was := m.sums
			m.sums = true
			k := m.key(&end)
			m.sums = was
			out[k] = true
			return
		}
		if sums {
			steps = m.persistent(s, steps)
		}
		for _, st := range steps {
			n := m.apply(s, st)
			visit(n)
			m.release(n)
		}
	}
	visit(m.start())
	return out, states
}

// TestSymmetryKeepsFinalStates: in mode weak the search with sums as single steps and
// interchangeable CPUs has, up to a permutation of CPUs, the same final states as the
// search without reductions.
func TestSymmetryKeepsFinalStates(t *testing.T) {
	t.Parallel()
	cases := []Case{
		For(fixes.Fix{}, 1, 1, Weak),
		For(fixes.Fix{Barrier: fixes.Membarrier}, 1, 1, Weak),
	}
	if long {
		cases = append(cases, For(fixes.Fix{}, 1, 2, Weak), For(fixes.Fix{}, 2, 1, Weak), For(fixes.Fix{Barrier: fixes.CallRCU}, 1, 1, Weak))
	}
	for _, c := range cases {
		whole, n := canonicalEnds(t, c, false)
		less, k := canonicalEnds(t, c, true)
		if !maps.Equal(whole, less) {
			t.Errorf("%s: %d final states reduced, %d whole", c.String(), len(less), len(whole))
		}
		if k >= n {
			t.Errorf("%s: %d states reduced, %d whole", c.String(), k, n)
		}
	}
}

// TestSymmetryKeepsVerdicts: with the reductions of mode weak a search finds a violation
// if and only if it finds one without, for correct and incorrect barriers and readers.
func TestSymmetryKeepsVerdicts(t *testing.T) {
	t.Parallel()
	barriers := map[string]fixes.Fix{
		"none": {Barrier: fixes.Fenced}, "blocking": {}, "membarrier": {Barrier: fixes.Membarrier}, "poll": {Barrier: fixes.Polling},
	}
	found := 0
	for name, fix := range barriers {
		if !long && name != "none" {
			continue
		}
		for _, r := range readerFlavours() {
			c := For(fix, 1, 1, Weak)
			c.Readers = Same(r, 1)
			less, _, err := Explore(t.Context(), c, Options{})
			if err != nil {
				t.Fatal(err)
			}
			whole, _, err := Explore(t.Context(), c, Options{NoReduction: true})
			if err != nil {
				t.Fatal(err)
			}
			if (less != nil) != (whole != nil) {
				t.Errorf("%s, %s reader: %v reduced, %v whole", name, r.Name, less, whole)
			}
			if less == nil {
				continue
			}
			found++
			if _, err := less.Trace(); err != nil {
				t.Errorf("%s, %s reader: %v", name, r.Name, err)
			}
		}
	}
	if found == 0 {
		t.Error("no case has a violation")
	}
}

// TestSymmetryNeedsEqualCPUs: the search uses no symmetry for a candidate that treats
// CPUs differently, or for readers that access the counters of other CPUs.
func TestSymmetryNeedsEqualCPUs(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"fast": true, "full": true, "shared-counter": false, "fast-migrating": false} {
		r, err := LookupReader(name)
		if err != nil {
			t.Fatal(err)
		}
		c := For(fixes.Fix{}, 2, 1, Weak)
		c.Readers = Same(r, 2)
		m, err := newMachine(&c)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.symmetric(); got != want {
			t.Errorf("%s reader: symmetric %v, want %v", name, got, want)
		}
		m.close()
	}
	c := For(fixes.Fix{}, 3, 1, Weak)
	c.Readers[1] = Full()
	m, err := newMachine(&c)
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	if got := fmt.Sprint(m.class); got != "[0 1 0]" {
		t.Errorf("classes %s, want [0 1 0]", got)
	}
}
