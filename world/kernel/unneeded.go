package kernel

import (
	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
)

// This file holds the oracles for work that is repeated without need, so that it may have no
// end: each repetition must have a cause of its own, or come no sooner than the kernel allows.

// paced are the times of the grace-period kthread, for an oracle.
type paced struct {
	scan   uint64 // jiffies at the start of the grace period, or at its last scan
	stalls int    // stall reports until then
	// reports counts the stall reports until the end of the last grace period.
	reports int
}

// checkPace checks that the scans for quiescent states of a grace period are as far apart as
// jiffies_till_first_fqs and jiffies_till_next_fqs say: a jiffy, one more for each 256 CPUs
// and for each of the bounds of HZ (adjust_jiffies_till_sched_qs). A stall report asks for a
// scan at once.
//
//go:noinline
func (k *kernel) checkPace() {
	p, hz := &k.rcu.paced, k.sc.Machine.HZ
	least := uint64(1 + max(k.sc.Machine.Possible, len(k.cpus))/256)
	for _, bound := range [...]int{250, 500} {
		if hz > bound {
			least++
		}
	}
	if since := k.jiffies - max(p.scan, k.rcu.startedJiffies); since < least && p.stalls == k.rcuStalls {
		k.violate(trial.WorkUnneeded, "the grace-period kthread scans again after %d jiffies, and the pause is %d", since, least)
	}
	p.scan, p.stalls = k.jiffies, k.rcuStalls
}

// checkWanted checks that somebody needs the normal grace period that begins.
//
//go:noinline
func (k *kernel) checkWanted() {
	if n := &k.rcu; rcu.SeqGE(n.seq, n.needed) && len(n.syncNext) == 0 {
		k.violate(trial.WorkUnneeded, "a grace period of RCU begins, and nobody has requested it")
	}
}

// checkRequest checks that a request is for a grace period no later than the next whole one.
func (k *kernel) checkRequest(s uint64) {
	if next := rcu.SeqSnap(k.rcu.seq); !rcu.SeqGE(next, s) {
		k.violate(trial.WorkUnneeded, "grace periods of RCU are requested up to %d, and the next whole one is %d", s, next)
	}
}

// checkExpWanted checks that somebody waits for the expedited grace period that begins.
//
//go:noinline
func (k *kernel) checkExpWanted() {
	if len(k.rcu.exp.waiters) == 0 {
		k.violate(trial.WorkUnneeded, "an expedited grace period begins, and nobody waits for it")
	}
}

// want records that the grace period of a cookie is requested.
func (d *domain) want(c srcu.Cookie) { d.wanted = furthest(d.wanted, c) }

// furthest returns the later of two cookies. The first may be 0, for none.
func furthest(was, c srcu.Cookie) srcu.Cookie {
	if was == 0 || !rcu.SeqGE(uint64(was), uint64(c)) {
		return c
	}
	return was
}

// checkEnded checks that somebody has requested the grace period of a domain that ends.
//
//go:noinline
func (d *domain) checkEnded() {
	if latest := d.machine.Latest(); !rcu.SeqGE(uint64(d.wanted), uint64(latest)) {
		d.k.violate(trial.WorkUnneeded, "a grace period of %s ends, and nobody has requested it", d.name)
	}
}

// longestChain bounds a chain of callbacks and work functions in which each one posts the
// next. A teardown waits for the domains one after the other, and then frees.
const longestChain = 6

// links is the length of the chain that the running code is in, 0 outside of callbacks.
func (k *kernel) links() *int {
	if k.curTask != nil {
		return &k.curTask.chain
	}
	return &k.chain
}

// chained is the number, in the chain of the running code, of a callback that it posts.
func (k *kernel) chained(what string) int {
	n := *k.links() + 1
	if n == longestChain+1 {
		k.violate(trial.WorkUnneeded, "a callback is posted by the %dth in a chain of callbacks of %s", n-1, what)
	}
	return n
}

// invoke calls a callback with this number in its chain.
func (k *kernel) invoke(link int, fn func()) {
	*k.links() = link
	fn()
	*k.links() = 0
}

// checkRequeued counts the times that a work item other than process_srcu queues itself
// without a delay: more than ten in a jiffy burn the CPU time of a worker.
//
//go:noinline
func (k *kernel) checkRequeued(w *work) {
	if w.jiffy != k.jiffies {
		w.jiffy, w.repeats = k.jiffies, 0
	}
	if w.repeats++; w.repeats == 11 {
		k.violate(trial.WorkUnneeded, "%s has queued itself %d times in one jiffy", w.name, w.repeats)
	}
}

// passes counts the passes of RCU_SOFTIRQ on a CPU that find nothing to do, for an oracle.
type passes struct {
	jiffy uint64
	n     int
}

// checkPass checks that RCU_SOFTIRQ does not run again and again on a CPU where RCU has
// nothing to do: ticks raise it at most, and they look before.
//
//go:noinline
func (k *kernel) checkPass(c *cpu) {
	p := &c.passes
	if p.jiffy != k.jiffies {
		*p = passes{jiffy: k.jiffies}
	}
	if p.n++; p.n == 6 {
		k.violate(trial.WorkUnneeded, "RCU_SOFTIRQ has run %d times on CPU %d in a jiffy, with nothing to do", p.n, c.id)
	}
}

// checkPaused checks that the kthread of RCU tasks pauses between two scans of holdouts,
// and after a grace period.
func (r *tasksKthread) checkPaused(what string, least uint64) {
	now := r.k.jiffies
	if since := now - r.scanned; r.scanned != 0 && since < least {
		r.k.violate(trial.WorkUnneeded, "%s begins %s after %d jiffies, and the pause is %d", r.task.name, what, since, least)
	}
	r.scanned = now
}
