package srcu

import (
	"math/bits"
	"sync/atomic"
)

// Maintenance by the owner of the grace period between two scans, which keeps sums
// short and gives goroutines slots.
const (
	growEvery = 16 // grace periods between two checks of the table of slots
	fewMarked = 32 // number of marked Readers up to which a check is not worthwhile

	// Grace periods between two checks for idle Readers: the minimum, after a check
	// that found many, and the maximum.
	minSkip = 4
	maxSkip = 1 << 10
)

// tending is the owner's state of this maintenance.
type tending struct {
	flips uint64 // since the creation of the domain

	unmarkAt uint64 // the flip of the next check for idle Readers
	skip     uint64 // number of flips before it

	unlocks [2]uint64 // the last sums of unlocks, by rank

	claims uint64 // successful claims, up to the last check
	shared uint64 // sections that ended in shared slots, up to the last check
}

// tend runs between the two scans of a grace period.
func (d *Domain) tend() {
	t := &d.tending
	t.flips++
	if t.flips >= t.unmarkAt {
		switch marked, unmarked := d.unmarkIdle(); {
		case marked <= fewMarked:
			t.skip = 0
		case 4*unmarked >= marked:
			t.skip = minSkip
		default: // the Readers are busy: check less and less often
			t.skip = min(max(2*t.skip, 1), maxSkip)
		}
		t.unmarkAt = t.flips + max(t.skip, 1)
	}
	if plainCounters && t.flips%growEvery == 0 {
		d.growTable()
	}
}

// unmarkIdle removes the marks of places whose Readers have not begun a section
// since the last check and are in none, or that have no Reader. It returns the
// number of marked places before, and the number of marks removed.
//
// A mark counts as removed only after a heavy barrier and another check of the
// counters. A Reader counts, then checks its mark. If the barrier hits its thread
// before that check, it sees that the mark is gone and marks itself again; if
// after, its count is visible to the second check of the counters, which then
// restores the mark. The sums' mark is removed before the Reader's copy: in the
// other order a Reader could mark itself between the two.
func (d *Domain) unmarkIdle() (marked, unmarked int) {
	if marked = d.readers.marked(); marked <= fewMarked {
		return marked, 0
	}
	var found []idlePlace
	for g := d.readers.groups.Load(); g != nil; g = g.next {
		for i := range g.used {
			for used := atomic.LoadUint64(&g.used[i]); used != 0; used &= used - 1 {
				c, i := g.chunks[i].Load(), bits.TrailingZeros64(used)
				r, n := c.reader(i)
				begun := n[locked][0] + n[locked][1]
				if r == nil || begun == c.seen[i] && n.balanced() {
					found = append(found, idlePlace{place{c, i}, r, n})
				}
				c.seen[i] = begun
			}
		}
	}
	if len(found) <= fewMarked {
		return marked, 0
	}
	ordered := false
	defer func() {
		if !ordered { // the heavy barrier panicked
			for _, f := range found {
				f.mark()
			}
		}
	}()
	for _, f := range found {
		f.unmark()
	}
	d.heavyBarrier()
	ordered = true
	for _, f := range found {
		if r, n := f.c.reader(f.i); r == f.r && n == f.n {
			unmarked++
		} else {
			f.mark()
		}
	}
	return marked, unmarked
}

// idlePlace is a place that seems to be idle, with its Reader and counters.
type idlePlace struct {
	place
	r *Reader
	n counters
}

func (f idlePlace) unmark() {
	atomic.AndUint64(f.c.used, ^(1 << f.i))
	if f.r != nil {
		atomic.StoreUint32(&f.r.marked, 0)
	}
}

func (f idlePlace) mark() {
	atomic.OrUint64(f.c.used, 1<<f.i)
	if f.r != nil {
		atomic.StoreUint32(&f.r.marked, 1)
	}
}

// reader returns the open Reader of a place and its counters.
func (c *chunk) reader(i int) (r *Reader, n counters) {
	if r = c.open[i].Load(); r != nil {
		n = r.n.snapshot()
	}
	return r, n
}

// growTable replaces the table of slots by a larger one when many attempts to get a
// slot have failed since the last check. In each claimEvery-th section that ends in
// a shared slot, its goroutine makes an attempt.
func (d *Domain) growTable() {
	t := &d.tending
	claims := uint64(atomic.LoadUint32(&d.claims))
	shared := d.sharedSum(unlocked, 0) + d.sharedSum(unlocked, 1)
	attempts, got := (shared-t.shared)/claimEvery, claims-t.claims
	size := len(d.tables.newest())
	if attempts < got+uint64(size/16) {
		return
	}
	t.shared, t.claims = shared, claims
	if size < maxSlots {
		d.addTable(size * growth)
	}
}
