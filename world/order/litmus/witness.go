package litmus

import (
	"fmt"
	"slices"
	"strings"
)

// Witness describes an execution.
type Witness struct {
	Lines []string
}

func (w *Witness) String() string { return strings.Join(w.Lines, "\n") }

// newWitness describes an execution: the accesses of each thread in program order,
// with the stores that they read from, then the coherence order of each location.
func newWitness(t *Test, c *candidate, final []*communication) *Witness {
	w := &Witness{}
	from := map[int]int{}
	for s := range c.rf {
		c.rf[s].each(func(l int) { from[l] = s })
	}
	for i := range c.ev {
		e := &c.ev[i]
		if e.thread < 0 {
			continue
		}
		s := fmt.Sprintf("P%d  %s", e.thread, t.describe(e))
		if src, ok := from[i]; ok {
			if c.ev[src].thread < 0 {
				s += "   from the initial state"
			} else {
				s += fmt.Sprintf("   from P%d", c.ev[src].thread)
			}
		}
		w.Lines = append(w.Lines, s)
	}
	for loc, v := range final {
		if v == nil || len(v.order) < 3 || constantStores(c.ev, v.order) {
			continue
		}
		var vals []string
		for _, s := range v.order {
			vals = append(vals, t.show(c.ev[s].val))
		}
		w.Lines = append(w.Lines, fmt.Sprintf("%s has the values %s in coherence order", t.locs[loc], strings.Join(vals, ", ")))
	}
	return w
}

// constantStores reports whether all stores of a location store one value.
func constantStores(ev []event, stores []int) bool {
	return !slices.ContainsFunc(stores, func(s int) bool { return ev[s].val != ev[stores[0]].val })
}

func (t *Test) show(v int64) string {
	if i, ok := t.locOf(v); ok {
		return "&" + t.locs[i]
	}
	return fmt.Sprint(v)
}

var fenceNames = map[mark]string{
	fMb: "smp_mb", fRmb: "smp_rmb", fWmb: "smp_wmb", fBarrier: "barrier",
	fBeforeAtomic: "smp_mb__before_atomic", fAfterAtomic: "smp_mb__after_atomic",
	fAfterSpinlock: "smp_mb__after_spinlock", fAfterUnlockLock: "smp_mb__after_unlock_lock",
	fAfterSRCUUnlock: "smp_mb__after_srcu_read_unlock",
	fRCULock:         "rcu_read_lock", fRCUUnlock: "rcu_read_unlock", fRCUSync: "synchronize_rcu",
	fSRCULock: "srcu_read_lock", fSRCUUnlock: "srcu_read_unlock", fSRCUSync: "synchronize_srcu",
}

func (t *Test) describe(e *event) string {
	if n, ok := fenceNames[e.is&^(mRead|mWrite)]; ok {
		if e.loc >= 0 {
			n += "(" + t.locs[e.loc] + ")"
		}
		if e.is&(mRead|mWrite) != 0 {
			n += " = " + t.show(e.val)
		}
		return n
	}
	kind := "read"
	if e.is&mWrite != 0 {
		kind = "write"
	}
	for _, q := range []struct {
		m    mark
		text string
	}{{mPlain, " plain"}, {mAcquire, " acquire"}, {mRelease, " release"}} {
		if e.is&q.m != 0 {
			kind += q.text
		}
	}
	switch {
	case e.is&mLKR != 0:
		kind = "lock"
	case e.is&mLKW != 0:
		kind = "locked"
	case e.is&mUL != 0:
		kind = "unlock"
	}
	return fmt.Sprintf("%s %s = %s", kind, t.locs[e.loc], t.show(e.val))
}
