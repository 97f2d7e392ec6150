package mutant

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
)

const source = "planted bug"

// all is the table of planted bugs.
var all = []Mutant{
	{
		Fix: fixes.Fix{
			Name: "busted-scan", Claim: "a scan compares the sum of unlocks with itself, so that a grace period never waits for a reader",
			Source: source, Barrier: fixes.Fenced, Side: blind, Control: fixes.MustBeUnsafe,
		},
		Of: "baseline", Class: Safety, Caught: trial.Unsafe,
	},
	{
		Fix: fixes.Fix{
			Name: "get-state", Claim: "the polled cookie is get_state_synchronize_rcu(): nobody asks for its grace period",
			Source: source, Barrier: getState,
		},
		Of: "poll", Class: Liveness, Caught: trial.LostWakeup,
	},
}
