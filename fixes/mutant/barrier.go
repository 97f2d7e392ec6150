package mutant

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
)

// getState polls a cookie that requests nothing.
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

// pollOnce looks at its cookie again just once.
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

// pollFurther waits for the RCU grace period after the one it has asked for.
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

// posting is a barrier that waits for an RCU callback, posted by post once an
// attempt; expedited scans poll as they should.
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

// lateFlag is a callback that queues the work only if the scan was already
// marked as waiting, which is done 5 us after posting it.
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

// oneHead has one rcu_head for all domains: a scan that finds it posted does
// not post it.
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

// wakeOne lets a scan join the grace period that another has asked for, and then
// queues the work of that other only.
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

// callbackBlocks waits in the RCU callback for one more grace period.
func callbackBlocks() srcu.Barrier {
	return posting(func(s srcu.Side, scan *srcu.Scan) {
		s.RCU().Call(func() {
			s.RCU().Synchronize()
			scan.Elapse()
			s.Requeue(0)
		})
	})
}

// lazyFlush is how long a lazy callback is held back: 10 s at HZ=250.
const lazyFlush = 2500

// lazyCallback posts its callback when it has been held back.
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
