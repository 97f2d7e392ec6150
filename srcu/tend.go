package srcu

import (
	"math/bits"
	"sync/atomic"
	"unsafe"
)

// What the owner of the grace period does between two scans, now and then, so
// that sums stay short and goroutines find slots of their own.
const (
	growEvery = 16 // grace periods between two looks at the table of slots
	fewMarked = 32 // marked Readers that are not worth looking at

	// Grace periods between two looks for idle Readers: the fewest after a
	// look that found many, and the most.
	minSkip = 4
	maxSkip = 1 << 10
)

// tending is what the owner of the grace period remembers of it.
type tending struct {
	flips uint64 // since the domain was made

	unmarkAt uint64 // the flip of the next look for idle Readers
	skip     uint64 // how many flips came before it

	unlocks [2]uint64 // the last sums of unlocks, by rank

	claims uint64 // successful claims, up to the last look
	shared uint64 // sections that ended in shared slots, up to the last look
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
		default: // the Readers are busy: look less and less often
			t.skip = min(max(2*t.skip, 1), maxSkip)
		}
		t.unmarkAt = t.flips + max(t.skip, 1)
	}
	if plainCounters && t.flips%growEvery == 0 {
		d.growTable()
	}
}

// unmarkIdle takes the marks of those places away whose Readers have not begun a
// section since the last look and are in none, or that have no Reader. It
// returns how many were marked and how many of these no longer are.
//
// Between taking a mark away and trusting that lie a heavy barrier and another
// look at the counters. A Reader counts, then looks at its mark. If the barrier
// hits its thread before it looks, it sees that the mark is gone and marks
// itself again; if after, its count is visible to the second look, which then
// restores the mark. The mark that the sums see goes first and the one that the
// Reader sees second: in the other order a Reader could mark itself between.
func (d *Domain) unmarkIdle() (marked, unmarked int) {
	if marked = d.readers.marked(); marked <= fewMarked {
		return marked, 0
	}
	type idle struct {
		place
		r *Reader
		n counters
	}
	var found []idle
	for g := d.readers.groups.Load(); g != nil; g = g.next {
		for i := range g.used {
			for used := atomic.LoadUint64(&g.used[i]); used != 0; used &= used - 1 {
				c, i := g.chunks[i].Load(), bits.TrailingZeros64(used)
				r, n := c.reader(i)
				begun := n[locked][0] + n[locked][1]
				if r == nil || begun == c.seen[i] && n.balanced() {
					found = append(found, idle{place{c, i}, r, n})
				}
				c.seen[i] = begun
			}
		}
	}
	if len(found) <= fewMarked {
		return marked, 0
	}
	for _, f := range found {
		atomic.AndUint64(f.c.used, ^(1 << f.i))
		if f.r != nil {
			atomic.StoreUint32(&f.r.marked, 0)
		}
	}
	d.heavyBarrier()
	for _, f := range found {
		if r, n := f.c.reader(f.i); r == f.r && n == f.n {
			unmarked++
			continue
		}
		atomic.OrUint64(f.c.used, 1<<f.i)
		if f.r != nil {
			atomic.StoreUint32(&f.r.marked, 1)
		}
	}
	return marked, unmarked
}

// reader returns the open Reader of a place and its counters.
func (c *chunk) reader(i int) (r *Reader, n counters) {
	if r = c.open[i].Load(); r != nil {
		n = r.n.snapshot()
	}
	return r, n
}

// growTable replaces the table of slots by a larger one when many attempts to
// get a slot have failed since the last look. Each claimEvery-th section that
// ends in a shared slot is an attempt.
func (d *Domain) growTable() {
	t := &d.tending
	var claims uint64
	for g := d.slots; g != nil; g = g.older {
		claims += uint64(atomic.LoadUint32(&g.claims))
	}
	shared := d.sharedSum(unlocked, 0) + d.sharedSum(unlocked, 1)
	attempts, got := (shared-t.shared)/claimEvery, claims-t.claims
	size := d.slots.size()
	if attempts < got+uint64(size/16) {
		return
	}
	t.shared, t.claims = shared, claims
	if size < maxSlots {
		larger := newTable(size*growth, d.slots)
		atomic.StorePointer((*unsafe.Pointer)(unsafe.Pointer(&d.slots)), unsafe.Pointer(larger))
	}
}
