package kernel

import (
	"cmp"
	"slices"
	"time"

	"github.com/gpstorm/gpstorm/trial"
)

// blameShare is what one cause has added up to.
type blameShare struct {
	wait, storm ns
}

// blameState is the attribution of one close in progress. Between two events the
// cause of its wait does not change.
type blameState struct {
	now    cause
	since  ns
	storm  ns // of now.cpu at since
	shares map[cause]blameShare
}

// reblame is called after every event: where a close waits for something else
// than before, the time so far goes to what it waited for.
func (k *kernel) reblame() {
	for _, t := range k.watched {
		t.watched = false
	}
	k.watched = k.watched[:0]
	var owner *task
	var held cause // what the owner of a mutex waits for
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

// watch notes that a task is on a chain of waits: after anything that happens to
// it the chains are followed again.
func (k *kernel) watch(t *task) {
	if !t.watched {
		t.watched = true
		k.watched = append(k.watched, t)
	}
}

// flushBlame gives the time since the last change to the cause it had.
func (k *kernel) flushBlame(b *blameState) {
	d := k.now - b.since
	b.since = k.now
	if d == 0 {
		return
	}
	if b.shares == nil {
		b.shares = map[cause]blameShare{}
	}
	of := b.now
	if !ofCPU(of.what) {
		of.cpu = 0
	}
	s := b.shares[of]
	s.wait += d
	if stormed(b.now.what) {
		s.storm += min(d, k.stormUntilNow(k.cpus[b.now.cpu])-b.storm)
	}
	b.shares[of] = s
}

func (k *kernel) markStorm(b *blameState) {
	if stormed(b.now.what) {
		b.storm = k.stormUntilNow(k.cpus[b.now.cpu])
	}
}

// stormed reports whether what is waited for happens on a CPU that a storm may
// be taking away from it.
func stormed(m trial.Mechanism) bool {
	switch m {
	case trial.CloserRuns, trial.WorkerRuns, trial.KthreadRuns, trial.GPNotNoticed, trial.NoQuiescentState,
		trial.QSNotReported, trial.ReaderRuns, trial.ExpNotAnswered, trial.ExpWorkerRuns, trial.TraceKthreadRuns, trial.IRQWorkQueued:
		return true
	}
	return false
}

// sharesOf turns an attribution into data, the largest share first.
func (k *kernel) sharesOf(sums map[cause]blameShare) []trial.Share {
	all := make([]trial.Share, 0, len(sums))
	for c, s := range sums {
		all = append(all, trial.Share{Cause: k.export(c), Wait: time.Duration(s.wait), Storm: time.Duration(s.storm)})
	}
	slices.SortFunc(all, func(a, b trial.Share) int {
		if c := cmp.Compare(b.Wait, a.Wait); c != 0 {
			return c
		}
		return a.Cause.Compare(b.Cause)
	})
	return all
}

// topShares is how many causes a trial's result names; the rest is one share.
const topShares = 12

// blameOfAll adds up the shares of all closes, by groups of readers.
func (k *kernel) blameOfAll() []trial.Share {
	sum := map[cause]blameShare{}
	for _, c := range k.closes {
		for of, s := range c.blame.shares {
			if of.who != nil {
				of.who = of.who.leader
			}
			t := sum[of]
			sum[of] = blameShare{t.wait + s.wait, t.storm + s.storm}
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
