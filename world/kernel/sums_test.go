package kernel

import (
	"testing"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/rcu"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// Scans without a whole grace period of RCU or a round of interrupts between their sums are
// found, though no reader is inside. Further sums between do no harm.
func TestScansWhoseSumsAreNotOrderedAreFound(t *testing.T) {
	t.Parallel()
	joining := func() srcu.Barrier {
		var last rcu.Cookie
		return srcu.BarrierFunc(func(s srcu.Side, scan *srcu.Scan) bool {
			if scan.First() {
				if scan.Cookie = last; s.RCU().Done(last) {
					last = s.RCU().Start()
					scan.Cookie = last
				}
			}
			if s.RCU().Done(scan.Cookie) {
				return true
			}
			s.RCU().Start()
			s.Requeue(1)
			return false
		})
	}
	for _, tt := range []struct {
		name string
		fix  string
		b    func() srcu.Barrier
		want bool
	}{
		{"a grace period of its own", "baseline", nil, false},
		{"a callback", "callrcu", nil, false},
		{"a cookie", "poll", nil, false},
		{"sums at each poll", "poll", sumsEachJiffy, false},
		{"interrupts", "membarrier", nil, false},
		{"readers with barriers", "fullbarrier", nil, false},
		{"the cookie of another domain", "poll", joining, true},
		{"a fence", "baseline", fixes.Fenced, true},
		{"a fence where no RCU grace period is promised", "membarrier", fixes.Fenced, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sc := quietMachine()
			sc.Closers = []workload.Closers{{Name: "closer", Count: 3, Repeat: 5}}
			sc.RCULoad = []workload.RCULoad{{Kind: workload.RequestCall, Domain: workload.TasksTraceDomain, Period: 7_000_000, CPU: 1}}
			fix := lookup(t, tt.fix)
			if tt.b != nil {
				fix.Barrier = tt.b
			}
			r := Run(sc, fix, 1, Options{})
			ordered := found(r.Violations, trial.ScanUnordered) || found(r.Violations, trial.ContainsNoRCU) || found(r.Violations, trial.RCUWaitTooShort)
			if ordered != tt.want || (r.Diagnosis == trial.Unsafe) != tt.want {
				t.Errorf("%s: %s", r.Diagnosis, r.Why())
			}
		})
	}
}
