package litmus

import (
	"fmt"
	"slices"
)

// weave is one way the accesses to one location can fit together: the order
// of its stores and what each load reads, coherent and atomic.
type weave struct {
	order []int    // stores, in coherence order
	reads [][2]int // store, load
	last  int64    // the final value
}

// weaver finds the weaves of every location and combines them.
type weaver struct {
	j    *judge
	f    *frame
	locs [][]weave
	rf   rel
	co   rel
}

// maxWeaves bounds the ways of one location, maxTries the search for them.
const (
	maxWeaves = 50_000
	maxTries  = 500_000
)

// local lists the weaves of a location; false if there are none.
func (w *weaver) local(loc int) bool {
	var stores, loads []int
	for i := range w.f.ev {
		e := &w.f.ev[i]
		if e.loc != loc {
			continue
		}
		if e.is&mWrite != 0 {
			stores = append(stores, i)
		}
		if e.is&mRead != 0 {
			loads = append(loads, i)
		}
	}
	if len(stores) == 0 {
		w.locs[loc] = []weave{{last: w.j.t.valueOf(w.j.t.init[w.j.t.locs[loc]])}}
		return w.finalFits(loc, w.locs[loc][0].last)
	}
	x := &local{w: w, loc: loc, loads: loads, pos: make([]int, w.f.n), reads: make([]int, w.f.n)}
	x.permute(stores[:1], stores[1:])
	return len(w.locs[loc]) > 0
}

type local struct {
	w     *weaver
	loc   int
	loads []int
	pos   []int // of a store in coherence order
	reads []int // the store that a load reads
	tries int
}

// tired reports that the search takes too long.
func (x *local) tired() bool {
	if x.tries++; x.tries > maxTries {
		x.w.j.why = fmt.Sprintf("%s is accessed too often", x.w.j.t.locs[x.loc])
	}
	return x.w.j.why != ""
}

// permute extends a coherence order, keeping program order.
func (x *local) permute(order, rest []int) {
	if x.tired() {
		return
	}
	if len(rest) == 0 {
		last := x.w.f.ev[order[len(order)-1]].val
		if !x.w.finalFits(x.loc, last) {
			return
		}
		for i, s := range order {
			x.pos[s] = i
		}
		x.assign(order, 0)
		return
	}
	for i, s := range rest {
		ready := true
		for k, r := range rest {
			ready = ready && (k == i || !x.w.f.po[r].has(s))
		}
		if ready {
			next := slices.Delete(slices.Clone(rest), i, i+1)
			x.permute(append(order[:len(order):len(order)], s), next)
		}
	}
}

// assign gives load k a store to read, if that is coherent and atomic.
func (x *local) assign(order []int, k int) {
	w := x.w
	if x.tired() {
		return
	}
	if k == len(x.loads) {
		if len(w.locs[x.loc]) == maxWeaves {
			w.j.why = fmt.Sprintf("%s can be accessed in more than %d orders", w.j.t.locs[x.loc], maxWeaves)
			return
		}
		v := weave{order: slices.Clone(order), last: w.f.ev[order[len(order)-1]].val}
		for _, l := range x.loads {
			v.reads = append(v.reads, [2]int{x.reads[l], l})
		}
		w.locs[x.loc] = append(w.locs[x.loc], v)
		return
	}
	l := x.loads[k]
	for _, s := range order {
		if w.f.ev[s].val == w.f.ev[l].val && x.coherent(order, k, l, s) {
			x.reads[l] = s
			x.assign(order, k+1)
		}
	}
}

// coherent: reading store s, load l fits its thread's other accesses to the
// location, and nothing comes between the halves of a read-modify-write.
func (x *local) coherent(order []int, k, l, s int) bool {
	f := x.w.f
	for _, o := range order {
		switch {
		case f.po[o].has(l) && x.pos[o] > x.pos[s]: // reads older than its own store
			return false
		case f.po[l].has(o) && x.pos[o] <= x.pos[s]: // reads its own later store, or a newer
			return false
		}
		if f.rmw[l].has(o) {
			for _, b := range order[x.pos[s]+1 : x.pos[o]] {
				if f.ev[b].thread != f.ev[l].thread || f.ev[l].is&mLKR != 0 {
					return false
				}
			}
		}
	}
	for _, m := range x.loads[:k] {
		if f.po[m].has(l) && x.pos[x.reads[m]] > x.pos[s] || f.po[l].has(m) && x.pos[s] > x.pos[x.reads[m]] {
			return false
		}
	}
	return true
}

// finalFits: the final value of a location agrees with what is needed.
func (w *weaver) finalFits(loc int, v int64) bool {
	for _, a := range w.j.need {
		if a.l.kind != opdLocation || w.j.t.index[a.l.name] != loc {
			continue
		}
		if c, ok := w.j.t.constant(a.r); ok && (v == c) != a.equal {
			return false
		}
	}
	return true
}

// global combines one weave of each location and judges the result.
func (w *weaver) global() {
	w.rf, w.co = newRel(w.f.n), newRel(w.f.n)
	w.combine(0, make([]*weave, len(w.locs)))
}

func (w *weaver) combine(loc int, chosen []*weave) {
	if loc == len(w.locs) {
		w.conclude(chosen)
		return
	}
	for i := range w.locs[loc] {
		v := &w.locs[loc][i]
		for k, s := range v.order {
			w.co[s] = set{}
			for _, later := range v.order[k+1:] {
				w.co[s].add(later)
			}
			w.rf[s] = set{}
		}
		for _, p := range v.reads {
			w.rf[p[0]].add(p[1])
		}
		chosen[loc] = v
		if w.combine(loc+1, chosen); w.j.done() {
			return
		}
	}
}

func (w *weaver) conclude(chosen []*weave) {
	j := w.j
	final := &outcome{t: j.t, combo: j.combo, last: chosen}
	if j.t.filter != nil && !final.holds(j.t.filter) || final.holds(j.t.cond) != j.want {
		return
	}
	if j.judged++; j.judged > j.b.Candidates {
		j.why = fmt.Sprintf("more than %d candidate executions", j.b.Candidates)
		return
	}
	c := &candidate{frame: w.f, rf: w.rf, co: w.co}
	v := c.judge()
	if !v.allowed {
		return
	}
	j.found = true
	j.race = j.race || v.race
	if j.want {
		j.witness = newWitness(j.t, c, chosen)
	}
}
