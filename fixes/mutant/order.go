package mutant

import (
	"slices"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/srcu"
)

// Ordering is a planted bug that shows under a memory model, and the smallest
// situation in which it does.
type Ordering struct {
	fixes.Fix
	Of    string // what it breaks
	Class Class
	// Reader names a reader flavour of the order world; empty is the
	// candidate's own.
	Reader string
	// Mode is the strongest mode in which the bug shows: sc, tso, pso, weak.
	Mode string
	// Readers and Sections are how many it takes.
	Readers, Sections int
	// PriorGP, TwoDomains and Spurious are what else it takes: a grace period
	// under way before the request, Tasks-Trace readers, a spurious run.
	PriorGP, TwoDomains bool
	Spurious            int
}

func ordering(name, claim, of, mode string, f fixes.Fix) Ordering {
	f.Name, f.Claim, f.Source = name, claim, source
	return Ordering{Fix: f, Of: of, Class: Safety, Mode: mode, Readers: 1, Sections: 1}
}

// two needs a second reader.
func (o Ordering) two() Ordering { o.Readers = 2; return o }

// reading has readers of another flavour.
func (o Ordering) reading(r string) Ordering { o.Reader = r; return o }

// prior needs a grace period that was under way before.
func (o Ordering) prior() Ordering { o.PriorGP = true; return o }

// hangs is a bug of liveness.
func (o Ordering) hangs() Ordering { o.Class = Liveness; return o }

func (o Ordering) both() Ordering { o.TwoDomains, o.Readers = true, 2; return o }

func (o Ordering) spurious() Ordering { o.Spurious = 1; return o }

// OrderingMutants returns the planted bugs of the order world.
func OrderingMutants() []Ordering { return slices.Clone(orderings) }

// LookupOrdering returns the one of that name.
func LookupOrdering(name string) (Ordering, bool) {
	i := slices.IndexFunc(orderings, func(o Ordering) bool { return o.Name == name })
	if i < 0 {
		return Ordering{}, false
	}
	return orderings[i], true
}

var orderings = []Ordering{
	ordering("fence-for-x", "one smp_mb between the sums, fast readers", "baseline", "tso",
		fixes.Fix{Barrier: fixes.Fenced}),
	ordering("no-x", "nothing between the sums", "baseline", "tso",
		fixes.Fix{Barrier: none}),
	ordering("x-first-scan-only", "the second scan of a grace period does without its wait", "baseline", "weak",
		fixes.Fix{Barrier: everyOther}),
	ordering("gp-before-sum", "the grace period ends before the unlocks are summed", "baseline", "weak",
		fixes.Fix{Barrier: none, Side: before(func(s srcu.Side) { s.RCU().Synchronize() })}),
	ordering("gp-before-sum-2", "the same with two readers", "baseline", "pso",
		fixes.Fix{Barrier: none, Side: before(func(s srcu.Side) { s.RCU().Synchronize() })}).two(),
	ordering("ipi-before-sum", "the barriers on all CPUs come before the unlocks are summed", "membarrier", "weak",
		fixes.Fix{Barrier: none, Side: before(func(s srcu.Side) { s.FenceAll() })}),
	ordering("resum-unlocks", "the unlocks are summed again after the wait", "baseline", "weak",
		fixes.Fix{Barrier: resum}),
	ordering("stale-cookie", "the cookie of the first scan serves the second", "poll", "weak",
		fixes.Fix{Barrier: staleCookie}),
	ordering("impatient-poll", "a cookie that is not done at the second look is taken for done", "poll", "weak",
		fixes.Fix{Barrier: impatient}),
	ordering("sums-before-x", "both sums are taken before the wait, the locks first", "baseline", "sc",
		fixes.Fix{Side: sumsFirst}).two(),
	ordering("blind-second-scan", "the second scan finds its rank empty whoever is inside", "baseline", "sc",
		fixes.Fix{Side: blindSecond}),
	ordering("no-flip", "the rank is never flipped, so both scans look at the idle one", "baseline", "sc",
		fixes.Fix{Side: unflipped}),
	ordering("reader-without-b", "full-barrier readers lack the barrier after the lock", "fullbarrier", "tso",
		fixes.Fix{Barrier: fixes.Fenced}).reading("no-lock-fence"),
	ordering("reader-without-c", "full-barrier readers lack the barrier before the unlock", "fullbarrier", "weak",
		fixes.Fix{Barrier: fixes.Fenced}).reading("no-unlock-fence"),
	ordering("unlock-current", "a reader unlocks the rank that is current then", "baseline", "sc",
		fixes.Fix{}).reading("unlock-current").hangs(),
	ordering("shared-counter", "two CPUs share a counter without atomicity", "baseline", "sc",
		fixes.Fix{}).reading("shared-counter").two().hangs(),
	ordering("pointer-first", "a reader fetches the probe before it locks", "baseline", "sc",
		fixes.Fix{}).reading("pointer-first"),
	ordering("fast-readers-rcu-wait", "the wait goes back to RCU while readers stay SRCU-fast", "revert", "sc",
		fixes.Fix{Reader: fixes.ReaderPreemptOff}).reading("fast"),
	ordering("short-cookie", "a cookie names the end of the grace period under way", "baseline", "sc",
		fixes.Fix{Machine: machine(func(gp *srcu.GracePeriod) srcu.Machine { return shortSnap{gp} })}).prior(),
	ordering("early-callback", "callbacks run one grace period early", "baseline", "sc",
		fixes.Fix{Machine: machine(func(gp *srcu.GracePeriod) srcu.Machine { return doneBefore{gp} })}).prior(),
	ordering("one-domain", "the teardown waits for Tasks-Trace alone", "baseline", "sc",
		fixes.Fix{Teardown: tasksTraceOnly}).both(),
	ordering("clear-first", "the list pointer is cleared before the wait", "asyncfree", "sc",
		fixes.Fix{Teardown: nullFirst}),
	ordering("stray-callback", "the callback is posted on every run, and one of an earlier scan resumes a later", "callrcu", "weak",
		fixes.Fix{Barrier: strayCallback}).spurious(),
	ordering("requeue-before-mark", "the callback queues the work before it leaves its mark", "callrcu", "sc",
		fixes.Fix{Barrier: requeueFirst}).hangs(),
	ordering("get-state-order", "a polled cookie whose grace period nobody asked for", "poll", "sc",
		fixes.Fix{Barrier: getState}).hangs(),
	ordering("retry-not-queued", "a scan that saw readers does not queue the work again", "baseline", "sc",
		fixes.Fix{Machine: machine(func(gp *srcu.GracePeriod) srcu.Machine { return retryForgotten{gp} })}).hangs(),
	ordering("request-dropped", "a request during a grace period is not remembered", "baseline", "sc",
		fixes.Fix{Machine: machine(func(gp *srcu.GracePeriod) srcu.Machine { return busyForgotten{gp} })}).prior().hangs(),
	ordering("poll-keeps-unlocks", "after a mismatch only the locks are summed again", "poll", "sc",
		fixes.Fix{Side: keepUnlocks}).hangs(),
}

func none() srcu.Barrier {
	return srcu.BarrierFunc(func(srcu.Side, *srcu.Scan) bool { return true })
}

// everyOther waits for every first of two attempts.
func everyOther() srcu.Barrier {
	n := 0
	return srcu.BarrierFunc(func(s srcu.Side, _ *srcu.Scan) bool {
		if n++; n%2 == 1 {
			s.RCU().Synchronize()
		}
		return true
	})
}

func resum() srcu.Barrier {
	return srcu.BarrierFunc(func(s srcu.Side, scan *srcu.Scan) bool {
		s.RCU().Synchronize()
		scan.Unlocks = s.Unlocks(scan.Rank)
		return true
	})
}

// staleCookie takes one cookie and never another.
func staleCookie() srcu.Barrier {
	taken := false
	var c rcu.Cookie
	return srcu.BarrierFunc(func(s srcu.Side, _ *srcu.Scan) bool {
		if !taken {
			taken, c = true, s.RCU().Start()
		}
		if s.RCU().Done(c) {
			return true
		}
		s.Requeue(1)
		return false
	})
}

func impatient() srcu.Barrier {
	return srcu.BarrierFunc(func(s srcu.Side, scan *srcu.Scan) bool {
		if !scan.First() {
			return true
		}
		scan.Cookie = s.RCU().Start()
		if s.RCU().Done(scan.Cookie) {
			return true
		}
		s.Requeue(1)
		return false
	})
}

// strayCallback posts a callback in every run that finds none over.
func strayCallback() srcu.Barrier {
	return srcu.BarrierFunc(func(s srcu.Side, scan *srcu.Scan) bool {
		if scan.Elapsed() {
			return true
		}
		s.RCU().Call(func() {
			scan.Elapse()
			s.Requeue(0)
		})
		return false
	})
}

func requeueFirst() srcu.Barrier {
	return srcu.BarrierFunc(func(s srcu.Side, scan *srcu.Scan) bool {
		if scan.First() {
			s.RCU().Call(func() {
				s.Requeue(0)
				scan.Elapse()
			})
		}
		return scan.Elapsed()
	})
}
