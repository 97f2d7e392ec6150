// Command candidate is gpstorm with an additional candidate. Copy it, change the
// barrier, and use any command of gpstorm:
//
//	go run ./examples/candidate run medium --fix fenced
//	go run ./examples/candidate --fix fenced --scenario medium --scenario extreme
package main

import (
	"os"

	"github.com/gpstorm/gpstorm/command"
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
)

// fenced orders a scan by interrupting every CPU instead of waiting for an RCU
// grace period. Linux promises that a Tasks-Trace grace period contains an RCU
// grace period (rcu_trace_implies_rcu_gp()), and BPF relies on that when it frees
// memory. A candidate that breaks the promise must declare the domains in
// WithoutRCU, and every report then shows the loss. Without the declaration the
// virtual kernel diagnoses the candidate as unsafe.
var fenced = fixes.Fix{
	Name:       "fenced",
	Claim:      "interrupt every CPU between the two sums of a scan",
	Source:     "this example",
	Loses:      "an RCU grace period inside each of both SRCU-fast domains",
	WithoutRCU: fixes.TasksTraceDomain | fixes.TracepointDomain,
	Barrier: func() srcu.Barrier {
		return srcu.BarrierFunc(func(s srcu.Side, _ *srcu.Scan) bool {
			s.FenceAll()
			return true
		})
	},
}

func main() {
	os.Exit(command.Main(command.Program{Fixes: []fixes.Fix{fenced}}))
}
