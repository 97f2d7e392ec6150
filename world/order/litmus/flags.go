package litmus

import "slices"

// flag is a set of warnings of the model about an execution: the "flag" lines of
// linux-kernel.bell, linux-kernel.cat and lock.cat of Linux 6.12.
type flag uint32

const (
	dataRace flag = 1 << iota
	invalidSleep
	lockFinal
	mixedAccesses
	mixedLockAccesses
	multipleSRCUMatches
	srcuBadValue
	unmatchedRCULock
	unmatchedRCUUnlock
	unmatchedSRCULock
	unmatchedSRCUUnlock
	unmatchedUnlock
)

// flagNames are the names of the model, by bit, in alphabetical order.
var flagNames = []string{
	"data-race", "invalid-sleep", "lock-final", "mixed-accesses", "mixed-lock-accesses",
	"multiple-srcu-matches", "srcu-bad-value-match", "unmatched-rcu-lock", "unmatched-rcu-unlock",
	"unmatched-srcu-lock", "unmatched-srcu-unlock", "unmatched-unlock",
}

const srcuFlags = multipleSRCUMatches | srcuBadValue | unmatchedSRCULock | unmatchedSRCUUnlock

func (f flag) names() (out []string) {
	for i, n := range flagNames {
		if f>>i&1 != 0 {
			out = append(out, n)
		}
	}
	return out
}

// lockMarks are the marks of the accesses to spinlocks and SRCU domains.
const lockMarks = mLKR | mLKW | mUL | mLF | fSRCULock | fSRCUUnlock | fSRCUSync

// flags returns the warnings that a trace alone decides.
func (tr *trace) flags(t *Test) (out flag) {
	var open []int // rcu_read_lock without its unlock
	held := map[int]bool{}
	for i := range tr.events {
		e := &tr.events[i]
		switch {
		case e.is&fRCULock != 0:
			open = append(open, i)
		case e.is&fRCUUnlock != 0 && len(open) == 0:
			out |= unmatchedRCUUnlock
		case e.is&fRCUUnlock != 0:
			if tr.sleeps(open[len(open)-1], i) {
				out |= invalidSleep
			}
			open = open[:len(open)-1]
		case e.is&mLKW != 0:
			held[e.loc] = true
		case e.is&mUL != 0:
			if !held[e.loc] {
				out |= unmatchedUnlock
			}
			held[e.loc] = false
		}
		if e.is&lockMarks != 0 && t.observes(e.loc) {
			out |= lockFinal
		}
	}
	if len(open) > 0 {
		out |= unmatchedRCULock
	}
	if tr.mixes() {
		out |= mixedAccesses
	}
	return out
}

// sleeps reports whether a grace period of SRCU lies between two events.
func (tr *trace) sleeps(from, to int) bool {
	return slices.ContainsFunc(tr.events[from:to], func(e event) bool { return e.is&fSRCUSync != 0 })
}

// observes reports whether the condition or the filter reads a location.
func (t *Test) observes(loc int) bool {
	return slices.ContainsFunc(t.quantities, func(q quantity) bool { return q.thread < 0 && q.loc == loc })
}

// compilerBarriers are the marks of the events that divide mixed accesses.
const compilerBarriers = fBarrier | fRmb | fWmb | fMb | fRCUSync | fSRCUSync | fBeforeAtomic | fAfterAtomic |
	mAcquire | mRelease | fRCULock | fRCUUnlock | fSRCULock | fSRCUUnlock

// mixes reports whether a plain store and a marked access to one location have no
// barrier between them.
func (tr *trace) mixes() bool {
	for i := range tr.events {
		a := &tr.events[i]
		if a.is&(mRead|mWrite) == 0 || a.is&mAcquire != 0 {
			continue
		}
		for k := i + 1; k < len(tr.events); k++ {
			b := &tr.events[k]
			if b.is&(mRead|mWrite) != 0 && b.loc == a.loc && b.is&mRelease == 0 &&
				(a.plainStore() && b.is&mPlain == 0 || b.plainStore() && a.is&mPlain == 0) {
				return true
			}
			if b.is&compilerBarriers != 0 {
				break
			}
		}
	}
	return false
}

func (e *event) plainStore() bool { return e.is&mPlain != 0 && e.is&mWrite != 0 }

// mixesLocks reports whether an ordinary access reaches a spinlock or an SRCU domain.
func (f *frame) mixesLocks() bool {
	locks := f.where(lockMarks)
	if locks.empty() {
		return false
	}
	ordinary := f.mem.not(f.inits).not(locks)
	return !f.between(ordinary, f.loc, locks).empty()
}

// pairsSRCU reports whether every srcu_read_lock of a trace passes its value to one
// unlock, through registers and nowhere else, and every unlock gets one of them.
func (tr *trace) pairsSRCU() bool {
	var locks uint64
	for i := range tr.events {
		if tr.events[i].is&fSRCULock != 0 {
			locks |= 1 << i
		}
	}
	unmatched := locks
	for i := range tr.events {
		e := &tr.events[i]
		from := e.data & locks
		if e.is&fSRCUUnlock == 0 {
			if from != 0 {
				return false
			}
			continue
		}
		if from&unmatched == 0 || from != e.data || from&(from-1) != 0 {
			return false
		}
		unmatched &^= from
		for k := range tr.events {
			if l := &tr.events[k]; from>>k&1 != 0 && (l.loc != e.loc || l.val != e.val) {
				return false
			}
		}
	}
	return unmatched == 0
}

// srcuFlags returns the warnings about the matching of SRCU sections.
func (c *candidate) srcuFlags() (out flag) {
	f := c.frame
	if f.srcuLock.or(f.srcuUnlock).empty() {
		return 0
	}
	f.reset()
	sections := c.srcuSections()
	var matched set
	f.srcuLock.each(func(l int) {
		unlocks := 0
		sections[l].each(func(u int) {
			unlocks++
			matched.add(u)
			if f.ev[l].val != f.ev[u].val {
				out |= srcuBadValue
			}
		})
		switch {
		case unlocks == 0:
			out |= unmatchedSRCULock
		case unlocks > 1:
			out |= multipleSRCUMatches
		}
	})
	if !f.srcuUnlock.not(matched).empty() {
		out |= unmatchedSRCUUnlock
	}
	return out
}

// canFlag returns the warnings that some execution may have.
func (j *judge) canFlag() (out flag) {
	if j.canRace() {
		out |= dataRace
	}
	locks, ordinary := map[int]bool{}, map[int]bool{}
	for _, trs := range j.traces {
		for i := range trs {
			tr := &trs[i]
			out |= tr.warns
			if !tr.pairsSRCU() {
				out |= srcuFlags
			}
			for _, e := range tr.events {
				switch {
				case e.is&lockMarks != 0:
					locks[e.loc] = true
				case e.is&(mRead|mWrite) != 0:
					ordinary[e.loc] = true
				}
			}
		}
	}
	for loc := range locks {
		if ordinary[loc] {
			out |= mixedLockAccesses
		}
	}
	return out
}

// seekFlags searches for an execution of each warning that none has shown yet. It
// returns those whose search reached a bound, and the bound.
func (j *judge) seekFlags() (open flag, why string) {
	can := j.canFlag()
	for i := range flagNames {
		want := flag(1) << i
		if can&want == 0 || j.flags&want != 0 {
			continue
		}
		j.seek, j.why = want, ""
		j.search(true)
		if j.flags&want == 0 && j.why == "" {
			j.search(false)
		}
		if j.flags&want == 0 && j.why != "" {
			open, why = open|want, j.why
		}
	}
	return open, why
}
