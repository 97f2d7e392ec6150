package boot

import (
	scenarios "github.com/gpstorm/gpstorm/testdata/scenarios/boot"
	"github.com/gpstorm/gpstorm/workload"
)

// presetNames is the order of the presets. The scenario with NMIs is last, since no
// case follows NMIs in a boot.
var presetNames = []string{"calm", "hrtimer-80", "hrtimer-95", "fair-80", "convoy", "nmi-90", "nmi-95", "nmi-full", "fast-80"}

var presets = workload.Embedded(scenarios.Scenarios, "", presetNames)

// Presets returns the scenarios that this world runs by default.
func Presets() []workload.Scenario { return presets() }
