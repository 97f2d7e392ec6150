package litmus

import (
	"fmt"
	"slices"
)

// communication is a coherence order and a reads-from relation of the accesses to one
// location.
type communication struct {
	order []int    // stores, in coherence order
	reads [][2]int // store, load
	last  int64    // the final value
}

// maxCommunications bounds the communications of one location.
const maxCommunications = 50_000

// communications lists the coherent and atomic communications of a location whose
// final value the condition permits.
func (x *execution) communications(loc int) []communication {
	l := &location{x: x, loc: loc, pos: make([]int, x.f.n), reads: make([]int, x.f.n), paired: make([]int, x.f.n)}
	var stores []int
	for i := range x.f.ev {
		e := &x.f.ev[i]
		if e.loc != loc {
			continue
		}
		if e.is&mWrite != 0 {
			stores = append(stores, i)
			l.paired[i] = -1
		}
		if e.is&mRead != 0 {
			l.loads = append(l.loads, i)
		}
	}
	for _, r := range l.loads {
		x.f.rmw[r].each(func(w int) { l.paired[w] = r })
	}
	if len(stores) == 0 {
		return []communication{{last: x.j.t.valueOf(x.j.t.init[x.j.t.locs[loc]])}}
	}
	l.extend(stores[:1], stores[1:])
	return l.found
}

type location struct {
	x      *execution
	loc    int
	loads  []int
	pos    []int // of a store, its position in the coherence order
	reads  []int // of a load, the store that it reads from
	paired []int // of a store, the load of its read-modify-write; -1 if there is none
	found  []communication
}

// extend extends a coherence order by each store that program order permits. The
// load of a read-modify-write reads from the immediate predecessor of its store.
func (l *location) extend(order, rest []int) {
	f := l.x.f
	if l.x.j.exhausted() {
		return
	}
	newest := order[len(order)-1]
	l.pos[newest] = len(order) - 1
	if len(rest) == 0 {
		last := f.ev[newest].val
		if l.x.possible(l.loc, last) {
			l.assign(order, 0)
		}
		return
	}
	for i, s := range rest {
		if r := l.paired[s]; r >= 0 && f.ev[newest].val != f.ev[r].val {
			continue
		}
		ready := true
		for k, r := range rest {
			ready = ready && (k == i || !f.po[r].has(s))
		}
		if ready {
			next := slices.Delete(slices.Clone(rest), i, i+1)
			l.extend(append(order[:len(order):len(order)], s), next)
		}
	}
}

// assign chooses a store for load k to read from, among those that are coherent.
func (l *location) assign(order []int, k int) {
	j, f := l.x.j, l.x.f
	if j.exhausted() {
		return
	}
	if k == len(l.loads) {
		if len(l.found) == maxCommunications {
			j.why = fmt.Sprintf("the accesses to %s communicate in more than %d ways", j.t.locs[l.loc], maxCommunications)
			return
		}
		c := communication{order: slices.Clone(order), last: f.ev[order[len(order)-1]].val}
		for _, r := range l.loads {
			c.reads = append(c.reads, [2]int{l.reads[r], r})
		}
		l.found = append(l.found, c)
		return
	}
	r := l.loads[k]
	for _, s := range order {
		if f.ev[s].val == f.ev[r].val && l.coherent(order, k, r, s) {
			l.reads[r] = s
			l.assign(order, k+1)
		}
	}
}

// coherent reports whether load r can read from store s: coherence with the thread's
// other accesses to the location permits it, and a read-modify-write reads from the
// immediate predecessor of its store.
func (l *location) coherent(order []int, k, r, s int) bool {
	f := l.x.f
	for _, o := range order {
		switch {
		case f.po[o].has(r) && l.pos[o] > l.pos[s]: // overwritten by a store before the load
			return false
		case f.po[r].has(o) && l.pos[o] <= l.pos[s]: // not older than a store after the load
			return false
		case l.paired[o] == r && l.pos[s] != l.pos[o]-1:
			return false
		}
	}
	for _, m := range l.loads[:k] {
		if f.po[m].has(r) && l.pos[l.reads[m]] > l.pos[s] || f.po[r].has(m) && l.pos[s] > l.pos[l.reads[m]] {
			return false
		}
	}
	return true
}

// execution builds the candidate executions of one choice of traces.
type execution struct {
	j           *judge
	f           *frame
	of          [][]communication // by location
	order       []int             // of locations: fewest communications first
	interleaved []int             // locations of SRCU domains, which come last
	final       []*communication
	c           candidate

	plainInterleaved bool // a plain access reaches an interleaved location
}

// run judges the candidate executions of one choice of traces.
func (j *judge) run(f *frame) {
	x := &execution{j: j, f: f, of: make([][]communication, len(j.t.locs)), final: make([]*communication, len(j.t.locs))}
	for i := range f.ev {
		if e := &f.ev[i]; e.is&(fSRCULock|fSRCUUnlock) != 0 && !slices.Contains(x.interleaved, e.loc) {
			x.interleaved = append(x.interleaved, e.loc)
		}
	}
	for loc := range j.t.locs {
		if slices.Contains(x.interleaved, loc) {
			continue
		}
		if x.of[loc] = x.communications(loc); len(x.of[loc]) == 0 || j.why != "" {
			return
		}
		x.order = append(x.order, loc)
	}
	slices.SortStableFunc(x.order, func(a, b int) int { return len(x.of[a]) - len(x.of[b]) })
	f.plain.each(func(i int) { x.plainInterleaved = x.plainInterleaved || slices.Contains(x.interleaved, f.ev[i].loc) })
	x.c = candidate{frame: f, rf: make(rel, f.n), co: make(rel, f.n)}
	x.combine(0)
}

// possible reports whether the condition permits a final value of a location.
func (x *execution) possible(loc int, last int64) bool {
	return x.j.t.possible(x.j.want, func(i int) (int64, bool) {
		switch q := x.j.t.quantities[i]; {
		case q.thread >= 0:
			return x.j.chosen(i)
		case q.loc == loc:
			return last, true
		}
		return 0, false
	})
}

// combine chooses a communication of each location. It judges partial choices too,
// after each location with more than one communication: the axioms are monotone.
func (x *execution) combine(k int) {
	j := x.j
	if k == len(x.order) {
		// Most tests need no other sequence than the first.
		if x.interleave(0, true); len(x.interleaved) > 0 && !j.done() && x.hopeful() {
			x.interleave(0, false)
		}
		return
	}
	loc := x.order[k]
	for i := range x.of[loc] {
		c := &x.of[loc][i]
		if j.exhausted() {
			return
		}
		for n, s := range c.order {
			x.c.co[s] = set{}
			for _, later := range c.order[n+1:] {
				x.c.co[s].add(later)
			}
			x.c.rf[s] = set{}
		}
		for _, p := range c.reads {
			x.c.rf[p[0]].add(p[1])
		}
		x.final[loc] = c
		if k+1 == len(x.order) || len(x.of[x.order[k+1]]) == 1 || x.consistent() {
			x.combine(k + 1)
		}
		if j.done() {
			return
		}
		for _, s := range c.order {
			x.c.co[s], x.c.rf[s] = set{}, set{}
		}
		x.final[loc] = nil
	}
}

// consistent reports whether the partial candidate violates no axiom.
func (x *execution) consistent() bool {
	return !x.j.spend(relationSteps(x.f.n)) && x.c.judge().allowed
}

func (x *execution) conclude() {
	j := x.j
	if !j.t.possible(j.want, func(i int) (int64, bool) {
		if q := j.t.quantities[i]; q.thread < 0 {
			return x.final[q.loc].last, true
		}
		return j.chosen(i)
	}) {
		return
	}
	if j.spend(relationSteps(x.f.n)) {
		return
	}
	if j.judged++; j.judged > j.b.Candidates {
		j.why = fmt.Sprintf("more than %d candidate executions", j.b.Candidates)
		return
	}
	v := x.c.judge()
	if !v.allowed || !x.c.grounded() {
		return
	}
	warns := x.warns(v)
	j.flags |= warns
	if j.found = j.seek == 0 || warns&j.seek != 0; j.found && j.want && j.seek == 0 {
		j.witness = newWitness(j.t, &x.c, x.final)
	}
}
