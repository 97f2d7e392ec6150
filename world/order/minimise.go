package order

import (
	"context"
	"math/bits"
)

// Bounds of the search for the shortest counterexample.
const (
	minimiseStates   = 300_000
	maxReorderings   = 5
	maxSwitches      = 14
	minimiseSections = 2
)

// Minimise searches for a violation of the same kind in the smallest case, with the
// fewest reorderings and then the fewest switches between threads. For a short grace
// period or a null pointer it also accepts a use after free. It returns f if it finds
// nothing smaller before ctx ends.
func Minimise(ctx context.Context, f *Finding) *Finding {
	kinds := []Kind{f.Violation.Kind}
	if k := f.Violation.Kind; k == ShortGrace || k == NullPointer {
		kinds = []Kind{UseAfterFree, k}
	}
	for _, c := range smaller(f.Case) {
		for _, k := range kinds {
			if g := shortest(ctx, c, k); g != nil {
				return g
			}
		}
	}
	return f
}

// smaller lists cases from the smallest up to c.
func smaller(c Case) []Case {
	var out []Case
	c.Switches = -1
	for size := 1; size <= len(c.Readers); size++ {
		for set := range 1 << len(c.Readers) {
			if bits.OnesCount(uint(set)) != size || c.TwoDomains && size < len(c.Readers) {
				continue // a reader's index selects its domain
			}
			for sections := 1; sections <= min(c.Sections, minimiseSections); sections++ {
				d := c
				d.Sections = sections
				d.Readers = nil
				for i, r := range c.Readers {
					if set>>i&1 != 0 {
						d.Readers = append(d.Readers, r)
					}
				}
				for p := 0; p <= min(c.Preemptions, 1); p++ {
					d.Preemptions = p
					out = append(out, d)
				}
			}
			if same(c.Readers) {
				break // all sets of this size are equal
			}
		}
	}
	return out
}

func same(rs []Reader) bool {
	for _, r := range rs {
		if r.Name != rs[0].Name {
			return false
		}
	}
	return true
}

// shortest searches one case with growing bounds on reorderings and switches.
func shortest(ctx context.Context, c Case, k Kind) *Finding {
	m, err := newMachine(&c)
	if err != nil {
		return nil
	}
	defer m.close()
	m.only = k
	budget := minimiseStates
	for reorderings := range maxReorderings {
		for switches := 1; switches < maxSwitches; switches++ {
			x := &short{ctx: ctx, m: m, reorderings: reorderings, switches: switches,
				budget: budget, seen: map[shortKey]bool{}}
			x.visit(m.start(), -1, 0, 0)
			if x.found != nil {
				x.found.Case = c
				return x.found
			}
			if budget = x.budget; budget <= 0 {
				return nil
			}
			if !x.short {
				break // the bound on switches cut nothing
			}
		}
	}
	return nil
}

type short struct {
	ctx                   context.Context
	m                     *machine
	reorderings, switches int
	budget                int
	seen                  map[shortKey]bool
	path                  []step
	found                 *Finding
	short                 bool // the bound on switches cut some execution
}

type shortKey struct {
	key
	last                  int8
	reorderings, switches uint8
}

func (x *short) visit(s *state, last, reorderings, switches int) {
	k := shortKey{x.m.wholeKey(s), int8(last), uint8(reorderings), uint8(switches)}
	if x.seen[k] || x.budget <= 0 {
		return
	}
	x.seen[k] = true
	if x.budget--; x.budget&0x3ff == 0 && x.ctx.Err() != nil {
		x.budget = 0
	}
	steps := x.m.steps(s, nil)
	if len(steps) == 0 {
		if v := x.m.final(s); v.Found() {
			x.found = &Finding{Violation: v, schedule: append([]step(nil), x.path...)}
		}
		return
	}
	for _, st := range steps {
		r := reorderings + btoi(x.m.reorders(s, st))
		w, l := switches, last
		if st.kind != stepFlush {
			l = int(x.m.actor(st))
			w += btoi(l != last)
		}
		if w > x.switches {
			x.short = true
			continue
		}
		if r > x.reorderings {
			continue
		}
		x.path = append(x.path, st)
		n := x.m.apply(s, st)
		x.visit(n, l, r, w)
		x.m.release(n)
		x.path = x.path[:len(x.path)-1]
		if x.found != nil {
			return
		}
	}
}

// reorders reports whether a step passes an earlier step of its own thread.
func (m *machine) reorders(s *state, st step) bool {
	switch st.kind {
	case stepOp:
		return m.overtaken(s, int(st.who), int(st.arg)) != ""
	case stepTask:
		r := m.update.nodes[s.node].pending[st.who]
		return r.kind == rqRead && (st.arg > 0 || len(s.buf) > 0)
	}
	return false
}
