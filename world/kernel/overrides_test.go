package kernel

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/workload"
)

// An override that returns the kernel's own decisions is called for every decision
// and changes nothing.
func TestAnOverrideThatAgreesChangesNothing(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("60 trials")
	}
	taken := map[Decision]int{}
	for _, name := range []string{"baseline", "revert", "throttle", "asyncfree", "poll", "expedited"} {
		fix := lookup(t, name)
		agreed := fix
		agreed.Overrides = []fixes.Override{Overrides{
			Decide: func() Decider {
				return func(d Decision, _ int, kernel bool) bool {
					taken[d]++
					return kernel
				}
			},
			UnlockRank: func(locked, _ int) int { return locked },
		}}
		for _, preset := range []string{"calm", "heavy", "busy-rcu", "many-closers", "light"} {
			sc, _ := workload.Preset(preset)
			if preset == "light" { // with a storm that is throttled
				sc.Perf = workload.Perf{}
				sc.Storms = []workload.Storm{{Source: workload.NMI, Period: 2 * time.Microsecond, Handler: time.Microsecond}}
			}
			want, got := Run(sc, fix, 3, Options{}), Run(sc, agreed, 3, Options{})
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s under %s, with an override that agrees (-without +with):\n%s", preset, name, diff)
			}
		}
	}
	for _, d := range []Decision{
		TickQuiescent, SwitchQuiescent, EarlierQuiescent, CPUIdle, ReportReachesNode, TickRaisesSoftirq,
		SwitchedOutBlocks, SwitchedOutBlocksNext, UnlockUnblocks, SwitchedOutBlocksExp, SwitchedOutBlocksNextExp,
		RequestWakes, LastReportWakes, ScanTimed, NextNeeded, SyncWaitsForNext, CallbackWaitsForNext, CookieWaitsForNext, PolledEnds,
		ExpInterrupts, ExpReportDeferred, ExpLastReportWakes, ExpNextNeeded,
		EventStops, TickRestarts, NMISampleCharged, HRTimerSampleCharged, DebtPaidRestarts,
		LoadAfterLock, OpenWaits, SoftirqsGoOn, LagKept, LatestRemoval,
	} {
		if taken[d] == 0 {
			t.Errorf("decision %d is never taken", d)
		}
	}
}
