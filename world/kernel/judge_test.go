package kernel

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/workload"
)

// A judge that agrees with the kernel changes nothing, and is asked where it
// matters.
func TestAJudgeThatAgreesChangesNothing(t *testing.T) {
	asked := map[fixes.Point]int{}
	for _, name := range []string{"baseline", "revert", "throttle", "asyncfree", "poll", "expedited"} {
		fix := lookup(t, name)
		judged := fix
		judged.Judge = func() fixes.Judge {
			return func(p fixes.Point, _ int, is bool) bool {
				asked[p]++
				return is
			}
		}
		judged.UnlockRank = func(locked, _ int) int { return locked }
		for _, preset := range []string{"calm", "heavy", "busy-rcu", "many-closers", "light"} {
			sc, _ := workload.Preset(preset)
			if preset == "light" { // with a storm that is throttled
				sc.Perf = workload.Perf{}
				sc.Storms = []workload.Storm{{Source: workload.NMI, Period: 2 * time.Microsecond, Handler: time.Microsecond}}
			}
			want, got := Run(sc, fix, 3, Options{}), Run(sc, judged, 3, Options{})
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s under %s, with a judge that agrees (-without +with):\n%s", preset, name, diff)
			}
		}
	}
	for _, p := range []fixes.Point{
		fixes.TickQS, fixes.SwitchQS, fixes.StaleQS, fixes.IdleQS, fixes.ReportQS, fixes.RaiseRCU,
		fixes.ReaderHolds, fixes.ReaderHoldsNext, fixes.ReaderLeaves, fixes.ExpHolds, fixes.ExpHoldsNow,
		fixes.WakeRequest, fixes.WakeReport, fixes.ArmScan, fixes.MoreAsked, fixes.SyncNext, fixes.CallNext, fixes.PollNext, fixes.EndPolled,
		fixes.ExpAsk, fixes.ExpWaits, fixes.ExpWake, fixes.ExpMore,
		fixes.Throttle, fixes.Unthrottle, fixes.ChargeNMI, fixes.ChargeHRTimer, fixes.Resume,
		fixes.LoadInside, fixes.OpenWaits,
	} {
		if asked[p] == 0 {
			t.Errorf("nobody asks about point %d", p)
		}
	}
}
