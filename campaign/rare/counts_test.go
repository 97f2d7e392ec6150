package rare

import (
	"flag"
	"fmt"
	"os"
	"path"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/stat"
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/testdata/scenarios/boot"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/kernel"
)

var counted = flag.Int("counted", 1000, "how many trials are counted to check an estimate of a preset")

// scenarioOf returns a preset, or one of the scenarios for real kernels.
func scenarioOf(t *testing.T, name string) workload.Scenario {
	t.Helper()
	if sc, ok := workload.Preset(name); ok {
		return sc
	}
	b, err := boot.Scenarios.ReadFile(path.Base(name))
	if err != nil {
		t.Fatal(err)
	}
	sc, err := workload.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

// The interval of an estimate must overlap the exact one of a count, of other trials. If
// both hold in 95 %, fewer than one in a hundred such pairs are apart. A case is tried if
// 8 of the counted trials are expected to hang. All are tried by
// GPSTORM_LONG=on go test ./campaign/rare -run Counts -v -counted 100000 -timeout 0
func TestEstimatesAgreeWithCountsOfPresets(t *testing.T) {
	if os.Getenv("GPSTORM_LONG") != "on" {
		t.Skip("many trials of the virtual kernel")
	}
	for _, c := range []struct {
		scenario, fix string
		threshold     time.Duration
		about         float64
	}{
		{"long-reader", "baseline", 840 * time.Millisecond, 1e-2},
		{"long-reader", "callrcu", 910 * time.Millisecond, 1e-3},
		{"long-reader", "expedited", 915 * time.Millisecond, 1e-4},
		{"boot/fair-80.yaml", "baseline", 5 * time.Second, 1e-3},
		{"boot/fair-80.yaml", "callrcu", 20 * time.Second, 1e-4},
		{"boot/fair-80.yaml", "expedited", 1500 * time.Millisecond, 1e-2},
		{"boot/hrtimer-80.yaml", "baseline", 25 * time.Second, 1e-4},
		{"boot/hrtimer-80.yaml", "callrcu", 3 * time.Second, 1e-2},
		{"boot/hrtimer-80.yaml", "expedited", 10 * time.Second, 1e-3},
		{"heavy", "membarrier-tp", 70 * time.Second, 1.5e-4},
	} {
		if c.about*float64(*counted) < 8 {
			continue
		}
		t.Run(c.scenario+" "+c.fix, func(t *testing.T) {
			t.Parallel()
			p := &Plan{
				Scenario: scenarioOf(t, c.scenario), Varied: true, Subject: c.fix, Threshold: c.threshold,
				Replicates: 10, Trials: *size, Floor: 1e-9, Level: 0.95, Seed: 1,
			}
			ex := &campaign.Local{World: kernel.New(fixes.Find), Parallel: 1, Want: world.Want{Draws: true}}
			e := estimate(t, p, ex)
			hung := 0
			err := ex.Execute(t.Context(), *counted, func(i int) world.Spec {
				return world.Spec{Scenario: p.Scenario, Variation: 1, Subject: c.fix, Seed: seed.Derive(1, fmt.Sprintf("count %d", i))}
			}, func(_ int, r trial.Result) error {
				if longest(&r) >= c.threshold {
					hung++
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			exact := stat.ClopperPearson(hung, *counted, 0.95)
			t.Logf("%v: counted %d of %d, %.2g (%.2g to %.2g); estimated %.2g (%.2g to %.2g) by %d trials, tilted %v, %.0f families, doubts %q",
				c.threshold, hung, *counted, float64(hung)/float64(*counted), exact.Lo, exact.Hi, e.Rate, e.Interval.Lo, e.Interval.Hi, e.Trials, len(e.Tilt) > 0, e.families(), e.Doubts)
			if e.Interval.Hi < exact.Lo || exact.Hi < e.Interval.Lo {
				t.Errorf("the intervals are apart")
			}
		})
	}
}
