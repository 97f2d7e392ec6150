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

// blameShares are shares of different causes. There are few, and mostly one of the last
// few grows, so that a search from the end costs less than a map.
type blameShares []blameShare

// of returns the share of a cause.
func (b *blameShares) of(c cause) *blameShare {
	all := *b
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].cause == c {
			return &all[i]
		}
	}
	*b = append(all, blameShare{cause: c})
	return &(*b)[len(all)]
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
		trial.QSNotReported, trial.ReaderRuns, trial.ExpNotAnswered, trial.ExpWorkerRuns, trial.TraceKthreadRuns, trial.IRQWorkQueued:
		return true
	}
	return false
}

// sharesOf converts blame to data, largest share first.
func (k *kernel) sharesOf(sums blameShares) []trial.Share {
	all := make([]trial.Share, 0, len(sums))
	for _, s := range sums {
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
		for _, s := range c.blame.shares {
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
