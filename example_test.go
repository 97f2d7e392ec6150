package gpstorm_test

import (
	"context"
	"fmt"

	"github.com/gpstorm/gpstorm"
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/workload"
)

// impatient polls for an RCU grace period, and interrupts every CPU if three looks
// have not found it over. A scan that it ends so contains no RCU grace period, so
// the candidate gives up what BPF relies on, and declares it. It declares as well that a
// scan may cost a grace period and a round of interrupts.
var impatient = fixes.Fix{
	Name: "impatient", Claim: "poll, then interrupt", Source: "README",
	WithoutRCU: fixes.TasksTraceDomain | fixes.TracepointDomain,
	PerScan:    2,
	Barrier: func() srcu.Barrier {
		looks := 0
		return srcu.BarrierFunc(func(s srcu.Side, scan *srcu.Scan) bool {
			if scan.First() {
				looks, scan.Cookie = 0, s.RCU().Start()
			}
			if looks++; looks > 3 {
				s.FenceAll()
				return true
			}
			if s.RCU().Done(scan.Cookie) {
				return true
			}
			s.Requeue(1)
			return false
		})
	},
}

// options keep the examples quick: the storm of the report, in twelve variations.
var options = gpstorm.Options{Scenarios: workload.Presets()[:1], Variations: 12, Seed: 1}

func ExampleJudge() {
	v, err := gpstorm.Judge(context.Background(), impatient, options)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(v)
	fmt.Println("hangs less often:", v.HangsLess, "unsafe trials:", v.Unsafe())
	// Output:
	// impatient: hung in 0 of 24 trials, LESS often than baseline (12); less often in repro2; the trials do not exclude a rate of up to 14% over this mix; median close() shorter in repro2. It breaks the documented guarantee that a tasks-trace grace period contains an RCU one.
	// hangs less often: true unsafe trials: 0
}

// Without its declaration the same candidate is unsafe, and the verdict says why.
func ExampleJudge_undeclared() {
	undeclared := impatient
	undeclared.WithoutRCU = 0
	v, err := gpstorm.Judge(context.Background(), undeclared, options)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(v)
	// Output:
	// impatient: UNSAFE in 12 of 24 trials; hung in 0 of 24 trials, LESS often than baseline (12); less often in repro2; the trials do not exclude a rate of up to 14% over this mix; median close() shorter in repro2.
	//   unsafe in 12 trials: a grace period of rcu_tasks_trace_srcu_struct contains no RCU grace period; a candidate that gives this up says so in Fix.WithoutRCU
}
