package fixes_test

import (
	"fmt"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
)

// Candidates are found by name. Candidates that change different things can be
// combined.
func ExampleFind() {
	f, err := fixes.Find("callrcu+overlap")
	fmt.Println(f.Name, err)

	_, err = fixes.Find("calrcu")
	fmt.Println(err)
	_, err = fixes.Find("callrcu+poll")
	fmt.Println(err)
	// Output:
	// callrcu+overlap <nil>
	// fix: calrcu: want a candidate; did you mean callrcu?
	// fix: callrcu+poll: want candidates that change different things; callrcu and poll both change how a scan is ordered
}

// A custom candidate: its barrier orders the scans by an interprocessor interrupt
// to every CPU. The scans do not wait for an RCU grace period, so the candidate
// declares that it gives up the one inside each SRCU grace period. Sleepable BPF
// programs need that grace period in the Tasks-Trace domain; without the
// declaration the candidate is unsafe.
func ExampleFix_withoutRCU() {
	ipis := fixes.Fix{
		Name:  "ipis",
		Claim: "interrupt every CPU instead of waiting for RCU",
		Loses: "an RCU grace period inside each of both SRCU-fast domains",
		Barrier: func() srcu.Barrier {
			return srcu.BarrierFunc(func(s srcu.Side, _ *srcu.Scan) bool {
				s.FenceAll()
				return true
			})
		},
		WithoutRCU: fixes.TasksTraceDomain | fixes.TracepointDomain,
	}
	c, err := fixes.NewCatalogue(
		fixes.Group{Kind: fixes.Candidate, Fixes: fixes.All()},
		fixes.Group{Kind: fixes.Candidate, Fixes: []fixes.Fix{ipis}},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	f, err := c.Find("ipis+overlap")
	fmt.Println(f.Name, f.WithoutRCU == fixes.TasksTraceDomain|fixes.TracepointDomain, err)
	// Output: ipis+overlap true <nil>
}
