package mutant

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world/order"
)

// barriers are bugs in the barrier between the two sums of a scan.
var barriers = []Mutant{
	safety("no-barrier", "nothing orders the two sums of a scan", "baseline", fixes.Fix{Barrier: none}).
		order(order.TSO, order.NullPointer).
		live("", Amplified),
	safety("fence-only", "a full barrier on the scanning CPU alone orders the sums, so that the grace period contains none of RCU", "baseline",
		fixes.Fix{Barrier: fixes.Fenced}).
		unsafe(trial.ContainsNoRCU).
		order(order.TSO, order.NullPointer).
		live("", Amplified),
	safety("first-barrier-only", "the second scan of a grace period does without its wait", "baseline", fixes.Fix{Barrier: everyOther}).
		unsafe(trial.ScanUnordered).
		order(order.Weak, order.ShortGrace),
	safety("gp-before-sum", "the grace period ends before the unlocks are summed", "baseline",
		fixes.Fix{Barrier: none, Side: before(func(s srcu.Side) { s.RCU().Synchronize() })}).
		unsafe(trial.ScanUnordered).
		order(order.Weak, order.ShortGrace),
	safety("gp-before-sum-2", "the same with two readers", "baseline",
		fixes.Fix{Barrier: none, Side: before(func(s srcu.Side) { s.RCU().Synchronize() })}).
		order(order.PSO, order.ShortGrace).with(twoReaders),
	safety("barrier-before-sum", "the barriers on all CPUs come before the unlocks are summed, not after", "membarrier",
		fixes.Fix{Barrier: none, Side: before(func(s srcu.Side) { s.FenceAll() })}).
		order(order.Weak, order.ShortGrace).
		live("", WeakOrder),
	safety("resum-unlocks", "the unlocks are summed again after the wait", "baseline", fixes.Fix{Barrier: resum}).
		order(order.Weak, order.ShortGrace),

	liveness("get-state", "the polled cookie is get_state_synchronize_rcu(): it requests no grace period", "poll", fixes.Fix{Barrier: getState}).
		kernel(unrequested).
		order(order.SC, order.Livelock),
	liveness("poll-asks-once", "the poll requests the grace period of its cookie once, which another one that overlaps it may leave unfinished", "poll", fixes.Fix{Barrier: asksOnce}).
		kernel(unrequested),
	liveness("poll-once", "a poll that fails a second time does not queue the work again", "poll", fixes.Fix{Barrier: pollOnce}).
		waits(trial.LostWakeup, trial.DomainNotDriven).
		order(order.SC, order.LostWakeup).with(slow(2)),
	liveness("look-once", "a poll that fails does not queue the work again", "poll", fixes.Fix{Barrier: lookOnce}).
		order(order.SC, order.LostWakeup),
	liveness("poll-further", "the poll waits for the grace period after the one it has requested", "poll", fixes.Fix{Barrier: pollFurther}).
		waits(trial.LostWakeup, trial.NeverWoken),
	liveness("poll-recookie", "each poll takes a new cookie, so that none is ever done", "poll", fixes.Fix{Barrier: recookie}).
		costs(trial.ScanCostsMore),
	safety("stale-cookie", "the cookie of the first scan serves the second", "poll", fixes.Fix{Barrier: staleCookie}).
		order(order.Weak, order.ShortGrace),
	safety("impatient-poll", "a cookie that is not done at the second look is taken for done", "poll", fixes.Fix{Barrier: impatient}).
		order(order.Weak, order.ShortGrace),
	liveness("no-resume", "the RCU callback marks the scan and does not queue the work", "callrcu", fixes.Fix{Barrier: noResume}).
		waits(trial.LostWakeup, trial.DomainNotDriven),
	liveness("late-flag", "the RCU callback queues the work only if a flag is set, which is set after posting it", "callrcu", fixes.Fix{Barrier: lateFlag}).
		waits(trial.LostWakeup, trial.DomainNotDriven),
	liveness("requeue-before-mark", "the RCU callback queues the work before it marks the scan", "callrcu", fixes.Fix{Barrier: requeueFirst}).
		order(order.SC, order.LostWakeup),
	safety("stray-callback", "each run posts a callback, and one of an earlier scan resumes a later", "callrcu", fixes.Fix{Barrier: strayCallback}).
		order(order.Weak, order.NullPointer).with(spurious),
	liveness("one-head", "all domains share one rcu_head: a scan that finds it posted does not post it", "callrcu", fixes.Fix{Barrier: oneHead}).
		waits(trial.LostWakeup, trial.DomainNotDriven),
	liveness("wake-one", "a scan joins the grace period of another domain's scan, and only that domain's work is queued", "batch", fixes.Fix{Barrier: wakeOne}).
		waits(trial.LostWakeup, trial.DomainNotDriven),
	safety("join-running", "a scan joins the grace period that is under way for another domain's scan, which began before its sum of unlocks", "batch", fixes.Fix{Barrier: joinRunning, Teardown: fixes.Overlap}).
		unsafe(trial.ScanUnordered).
		order(order.Weak, order.ShortGrace).with(bothDomains).with(noPreemption),
	safety("callback-blocks", "the RCU callback waits for another grace period", "callrcu", fixes.Fix{Barrier: callbackBlocks}).
		unsafe(trial.BlocksInSoftirq),
	liveness("lazy-callback", "call_rcu() holds its callback back for 2500 jiffies, as CONFIG_RCU_LAZY does", "callrcu", fixes.Fix{Barrier: lazyCallback}).
		costs(trial.WaitsTooLong),
}

// unrequested is the signature of a scan that polls for a grace period which nobody has
// requested.
var unrequested = trial.Signature{Diagnosis: trial.LostWakeup, Oracle: trial.CookieUnrequested}

// asksOnce polls a cookie and requests its grace period at the first look.
func asksOnce() srcu.Barrier {
	return srcu.BarrierFunc(func(s srcu.Side, scan *srcu.Scan) bool {
		switch {
		case !scan.First():
		case scan.Expedited:
			scan.Cookie = s.RCU().StartExpedited()
		default:
			scan.Cookie = s.RCU().Start()
		}
		if s.RCU().Done(scan.Cookie) {
			return true
		}
		s.Requeue(1)
		return false
	})
}

// getState polls a cookie without requesting its grace period.
func getState() srcu.Barrier {
	return srcu.BarrierFunc(func(s srcu.Side, scan *srcu.Scan) bool {
		if scan.First() {
			scan.Cookie = s.RCU().Snapshot()
		}
		if s.RCU().Done(scan.Cookie) {
			return true
		}
		s.Requeue(1)
		return false
	})
}

// pollOnce polls its cookie only once more.
func pollOnce() srcu.Barrier {
	return srcu.BarrierFunc(func(s srcu.Side, scan *srcu.Scan) bool {
		first := scan.First()
		if first {
			scan.Cookie = s.RCU().Start()
		}
		if s.RCU().Done(scan.Cookie) {
			return true
		}
		if first {
			s.Requeue(1)
		}
		return false
	})
}

// lookOnce polls its cookie once and never again.
func lookOnce() srcu.Barrier {
	return srcu.BarrierFunc(func(s srcu.Side, scan *srcu.Scan) bool {
		if scan.First() {
			scan.Cookie = s.RCU().Start()
		}
		return s.RCU().Done(scan.Cookie)
	})
}

// pollFurther waits for the RCU grace period after the requested one.
func pollFurther() srcu.Barrier {
	return srcu.BarrierFunc(func(s srcu.Side, scan *srcu.Scan) bool {
		if scan.First() {
			scan.Cookie = s.RCU().Start() + 4
		}
		if s.RCU().Done(scan.Cookie) {
			return true
		}
		s.Requeue(1)
		return false
	})
}

// recookie polls a cookie that it has just taken.
func recookie() srcu.Barrier {
	return srcu.BarrierFunc(func(s srcu.Side, scan *srcu.Scan) bool {
		if scan.Expedited {
			scan.Cookie = s.RCU().StartExpedited()
		} else {
			scan.Cookie = s.RCU().Start()
		}
		if s.RCU().Done(scan.Cookie) {
			return true
		}
		s.Requeue(1)
		return false
	})
}

// posting returns a barrier that waits for an RCU callback, which post posts once
// per attempt; expedited scans poll as they should.
func posting(post func(s srcu.Side, scan *srcu.Scan)) srcu.Barrier {
	polling := fixes.Polling()
	return srcu.BarrierFunc(func(s srcu.Side, scan *srcu.Scan) bool {
		if scan.Expedited {
			return polling.Order(s, scan)
		}
		if scan.First() {
			post(s, scan)
		}
		return scan.Elapsed()
	})
}

// noResume is a callback that leaves the work unqueued.
func noResume() srcu.Barrier {
	return posting(func(s srcu.Side, scan *srcu.Scan) { s.RCU().Call(scan.Elapse) })
}

// lateFlag is a callback that queues the work only if the scan was already marked
// as waiting; the mark is set 5 us after posting.
func lateFlag() srcu.Barrier {
	polling := fixes.Polling()
	return srcu.BarrierFunc(func(s srcu.Side, scan *srcu.Scan) bool {
		switch {
		case scan.Expedited:
			return polling.Order(s, scan)
		case !scan.First():
			return scan.Elapsed()
		}
		waiting := false
		s.RCU().Call(func() {
			scan.Elapse()
			if waiting {
				s.Requeue(0)
			}
		})
		s.Spin()
		waiting = true
		return false
	})
}

// oneHead has one rcu_head for all domains: a scan does not post it if it is posted
// already.
func oneHead() srcu.Barrier {
	posted := false
	return posting(func(s srcu.Side, scan *srcu.Scan) {
		if posted {
			return
		}
		posted = true
		s.RCU().Call(func() {
			posted = false
			scan.Elapse()
			s.Requeue(0)
		})
	})
}

// joinRunning lets one grace period serve all scans that are posted before its end.
func joinRunning() srcu.Barrier {
	type posted struct {
		side srcu.Side
		scan *srcu.Scan
	}
	var pending []posted
	return srcu.BarrierFunc(func(s srcu.Side, scan *srcu.Scan) bool {
		if scan.First() {
			if pending = append(pending, posted{s, scan}); len(pending) == 1 {
				s.RCU().Call(func() {
					served := pending
					pending = nil
					for _, p := range served {
						p.scan.Elapse()
						p.side.Requeue(0)
					}
				})
			}
		}
		return scan.Elapsed()
	})
}

// wakeOne lets a scan join the grace period that another scan has requested, and
// then queues only the work of that other scan.
func wakeOne() srcu.Barrier {
	var pending []*srcu.Scan
	return posting(func(s srcu.Side, scan *srcu.Scan) {
		if pending = append(pending, scan); len(pending) > 1 {
			return
		}
		s.RCU().Call(func() {
			for _, sc := range pending {
				sc.Elapse()
			}
			pending = nil
			s.Requeue(0)
		})
	})
}

// callbackBlocks waits in the RCU callback for another grace period.
func callbackBlocks() srcu.Barrier {
	return posting(func(s srcu.Side, scan *srcu.Scan) {
		s.RCU().Call(func() {
			s.RCU().Synchronize()
			scan.Elapse()
			s.Requeue(0)
		})
	})
}

// lazyFlush is the delay of a lazy callback: 10 s at HZ=250.
const lazyFlush = 2500

// lazyCallback posts its callback after this delay.
func lazyCallback() srcu.Barrier {
	posted := map[*srcu.Scan]bool{}
	polling := fixes.Polling()
	return srcu.BarrierFunc(func(s srcu.Side, scan *srcu.Scan) bool {
		switch {
		case scan.Expedited:
			return polling.Order(s, scan)
		case scan.First():
			posted[scan] = false
			s.Requeue(lazyFlush)
		case !posted[scan]:
			posted[scan] = true
			s.RCU().Call(func() {
				scan.Elapse()
				s.Requeue(0)
			})
		}
		return scan.Elapsed()
	})
}

// none does not order the sums.
func none() srcu.Barrier {
	return srcu.BarrierFunc(func(srcu.Side, *srcu.Scan) bool { return true })
}

// everyOther waits in the first of every two attempts.
func everyOther() srcu.Barrier {
	n := 0
	return srcu.BarrierFunc(func(s srcu.Side, _ *srcu.Scan) bool {
		if n++; n%2 == 1 {
			s.RCU().Synchronize()
		}
		return true
	})
}

// resum sums the unlocks again after the wait, and compares the new sum.
func resum() srcu.Barrier {
	return srcu.BarrierFunc(func(s srcu.Side, scan *srcu.Scan) bool {
		s.RCU().Synchronize()
		scan.Unlocks = s.Unlocks(scan.Rank)
		return true
	})
}

// staleCookie takes only one cookie.
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

// impatient treats a cookie as done at the second poll.
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

// strayCallback posts a callback in every run that finds none completed.
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

// requeueFirst is a callback that queues the work and then marks the scan.
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
