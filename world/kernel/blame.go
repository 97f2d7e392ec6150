package kernel

import (
	"cmp"
	"slices"
	"time"

	"github.com/gpstorm/gpstorm/trial"
)

// blameShare is the accumulated blame of one cause.
type blameShare struct {
	cause
	wait, storm ns
}

// blameShares are the shares of different causes, in the order in which each was first
// charged. A close() under a storm has hundreds, mostly of single readers, so a hash
// table finds them.
type blameShares struct {
	all []blameShare
	// table has open addressing and a power of two of places. A place holds an index of
	// all and one, or 0 if it is empty.
	table []int32
}

// of returns the share of a cause.
func (b *blameShares) of(c cause) *blameShare {
	if 2*len(b.all) >= len(b.table) {
		b.grow()
	}
	place := b.place(&c)
	if *place == 0 {
		b.all = append(b.all, blameShare{cause: c})
		*place = int32(len(b.all))
	}
	return &b.all[*place-1]
}

// place is the place of a cause in the table.
func (b *blameShares) place(c *cause) *int32 {
	last := uint32(len(b.table) - 1)
	for h := c.hash(); ; h++ {
		if i := &b.table[h&last]; *i == 0 || b.all[*i-1].cause == *c {
			return i
		}
	}
}

func (b *blameShares) grow() {
	b.table = make([]int32, max(16, 4*len(b.table)))
	b.all = append(make([]blameShare, 0, len(b.table)/2), b.all...)
	for i := range b.all {
		*b.place(&b.all[i].cause) = int32(i + 1)
	}
}

// hash depends on the fields that differ between most causes.
func (c *cause) hash() uint32 {
	h := uint64(c.what) | uint64(c.cpu)<<8 | uint64(c.domain)<<16 | uint64(c.phase)<<24
	if c.who != nil {
		h |= uint64(c.who.pid) << 32
	}
	return uint32(h * 0x9e3779b97f4a7c15 >> 32) // Fibonacci hashing
}

// blameState is the blame of one close in progress. The cause of its wait does not
// change between two events.
type blameState struct {
	now    cause
	since  ns
	storm  ns // of now.cpu at since
	shares blameShares
}

// reblame is called after every event. If the cause of a close's wait has changed, it
// charges the time so far to the old cause.
func (k *kernel) reblame() {
	for _, t := range k.watched {
		t.watched = false
	}
	k.watched = k.watched[:0]
	var owner *task
	var held cause // of the wait of a mutex's owner
	for _, t := range k.closing {
		b := &t.closing.blame
		var c cause
		if m := t.waitingOn; m != nil && m.owner != nil && m.owner != t {
			if m.owner != owner {
				owner, held = m.owner, k.causeOf(m.owner)
			}
			c = held
			c.behind = true
		} else {
			c = k.causeOf(t)
		}
		if c != b.now {
			k.flushBlame(b)
			b.now = c
			k.trace.waitsFor(t, c)
			k.markStorm(b)
		}
	}
}

// watch marks a task as part of a chain of waits. The chains are followed again after
// every change of such a task.
func (k *kernel) watch(t *task) {
	if !t.watched {
		t.watched = true
		k.watched = append(k.watched, t)
	}
}

// flushBlame charges the time since the last change to the current cause.
func (k *kernel) flushBlame(b *blameState) {
	d := k.now - b.since
	b.since = k.now
	if d == 0 {
		return
	}
	of := b.now
	if !ofCPU(of.what) {
		of.cpu = 0
	}
	s := b.shares.of(of)
	s.wait += d
	if stormed(b.now.what) {
		s.storm += min(d, k.stormUntilNow(k.cpus[b.now.cpu])-b.storm)
	}
}

func (k *kernel) markStorm(b *blameState) {
	if stormed(b.now.what) {
		b.storm = k.stormUntilNow(k.cpus[b.now.cpu])
	}
}

// stormed reports whether the mechanism makes progress on one CPU, of which a storm
// may take time.
func stormed(m trial.Mechanism) bool {
	switch m {
	case trial.CloserRuns, trial.WorkerRuns, trial.KthreadRuns, trial.GPNotNoticed, trial.NoQuiescentState,
		trial.QSNotReported, trial.ReaderRuns, trial.ExpNotAnswered, trial.ExpWorkerRuns, trial.TraceKthreadRuns, trial.IRQWorkQueued,
		trial.TraceNotAnswered:
		return true
	}
	return false
}

// sharesOf converts blame to data, largest share first.
func (k *kernel) sharesOf(sums blameShares) []trial.Share {
	all := make([]trial.Share, 0, len(sums.all))
	for _, s := range sums.all {
		all = append(all, trial.Share{Cause: k.export(s.cause), Wait: time.Duration(s.wait), Storm: time.Duration(s.storm)})
	}
	slices.SortFunc(all, func(a, b trial.Share) int {
		if c := cmp.Compare(b.Wait, a.Wait); c != 0 {
			return c
		}
		return a.Cause.Compare(b.Cause)
	})
	return all
}

// topShares is the maximum number of causes in a result; one more share sums up the
// rest.
const topShares = 12

// blameOfAll sums up the blame of all closes, by groups of readers.
func (k *kernel) blameOfAll() []trial.Share {
	var sum blameShares
	for _, c := range k.closes {
		for _, s := range c.blame.shares.all {
			if s.who != nil {
				s.who = s.who.leader
			}
			t := sum.of(s.cause)
			t.wait += s.wait
			t.storm += s.storm
		}
	}
	all := k.sharesOf(sum)
	for i := range all {
		if all[i].Cause.Group != "" {
			all[i].Cause.Task = ""
		}
	}
	if len(all) <= topShares+1 {
		return all
	}
	rest := trial.Share{Cause: trial.Cause{Mechanism: trial.OtherCauses}}
	for _, s := range all[topShares:] {
		rest.Wait += s.Wait
		rest.Storm += s.Storm
	}
	return append(all[:topShares:topShares], rest)
}
