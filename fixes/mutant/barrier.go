package mutant

import "github.com/gpstorm/gpstorm/srcu"

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
