package kernel

import "github.com/gpstorm/gpstorm/trial"

// readerState is the state of a task that runs SRCU or tracepoint sections: its
// shares of the domain's counters, the rank that the present section has locked, and
// the object that it could see at its start.
//
// A section fetches the rank, increments the lock counter a few instructions later,
// and then loads the pointer. A task switched out between the first two holds a rank
// that no scan can see. For this reason a grace period scans twice.
type readerState struct {
	domain *domain // nil if a vanilla RCU section protects the tracepoint
	tp     *tracepoint
	fetch  ns // CPU time between fetching the rank and the increment

	rank    int    // the present section fetched this rank
	locked  bool   // the present section has incremented its counter
	epoch   uint64 // of the kernel at the increment
	holds   *lists // the object that the present section found attached to the tracepoint
	early   bool   // it was loaded before the increment
	barrier uint64 // full barriers per section
}

// pass accounts for the starts and ends of sections while the task had d of CPU time
// from position was of its cycle. Everything that changes the view of a new section
// updates all tasks first, so all sections that start in this interval have the same
// view.
func (r *readerState) pass(l *loop, was, d ns, begins, ends int) {
	k := l.k
	if was < l.section && !r.locked && was+d >= r.fetch {
		r.lock(k, l, l.began)
	}
	last := l.began + uint64(begins)
	if was < l.section && ends > 0 {
		r.unlock(k, l.t)
		ends--
	}
	// Sections that began and ended within the stretch.
	whole := min(begins, ends)
	if whole > 0 {
		r.touch(k, l.t, whole)
		begins -= whole
	}
	if begins > 0 {
		r.begin(k)
		if pos := (was + d) % l.cycle; pos >= r.fetch {
			r.lock(k, l, last)
		}
	}
}

func (r *readerState) begin(k *kernel) {
	r.locked = false
	if r.domain != nil {
		r.rank = r.domain.current
	}
	r.early = !k.decision(LoadAfterLock, -1, true)
	if r.early {
		r.load()
	}
}

// load fetches the pointer to the object attached to the tracepoint.
func (r *readerState) load() {
	r.holds = nil
	if r.tp != nil {
		r.holds = r.tp.lists
	}
}

func (r *readerState) lock(k *kernel, l *loop, section uint64) {
	r.locked = true
	r.epoch = l.lockedIn(section)
	if !r.early {
		r.load()
	}
	if d := r.domain; d != nil {
		d.counters[l.t.cpu.id].locks[r.rank]++
		l.t.cpu.ranReader = true
		d.inside++
	}
	k.readerBarriers += r.barrier
}

func (r *readerState) unlock(k *kernel, t *task) {
	if r.holds != nil && r.holds.freed {
		k.unsafe(trial.UseAfterFree, "%s used the lists of %s after they were freed", t.name, r.tp.name)
	}
	r.locked = false
	r.holds = nil
	if d := r.domain; d != nil {
		rank := r.rank
		if k.unlockRank != nil {
			rank = k.unlockRank(rank, d.current)
		}
		d.counters[t.cpu.id].unlocks[rank]++
		d.inside--
	}
	k.readerBarriers += r.barrier
}

// touch passes n whole sections at once.
func (r *readerState) touch(k *kernel, t *task, n int) {
	if d := r.domain; d != nil {
		n := uint64(n)
		c := &d.counters[t.cpu.id]
		c.locks[d.current] += n
		c.unlocks[d.current] += n
		t.cpu.ranReader = true
	}
	if r.tp != nil && r.tp.lists != nil && r.tp.lists.freed {
		k.unsafe(trial.UseAfterFree, "%s found freed lists attached to %s", t.name, r.tp.name)
	}
	k.readerBarriers += 2 * r.barrier * uint64(n)
}
