package live

import (
	"slices"

	scenarios "github.com/gpstorm/gpstorm/testdata/scenarios/live"
	"github.com/gpstorm/gpstorm/workload"
)

// presetNames lists the presets in display order.
var presetNames = []string{"live-calm", "live-50", "live-80", "live-95", "live-99", "live-traced", "live-crowd"}

var presets = workload.Embedded(scenarios.Scenarios, "", presetNames)

// Presets returns the scenarios of this world.
func Presets() []workload.Scenario { return presets() }

// quick lists the presets of a campaign without explicit scenarios. With more
// presets, it would run each too rarely or take too long.
var quick = []string{"live-calm", "live-80", "live-99"}

// Quick returns the scenarios of a campaign without explicit ones.
func Quick() []workload.Scenario {
	return slices.DeleteFunc(Presets(), func(sc workload.Scenario) bool { return !slices.Contains(quick, sc.Name) })
}
