// Command candidate is gpstorm with one more candidate: copy it, change the
// barrier, and run any command of gpstorm with it.
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
// grace period. Linux promises that a Tasks-Trace grace period contains one of
// RCU (rcu_trace_implies_rcu_gp()), and BPF frees memory on that promise. A
// candidate that breaks it has to declare the domains in WithoutRCU, and every
// report then says what it loses. Without the declaration the virtual kernel
// calls the candidate unsafe.
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
