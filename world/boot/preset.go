package boot

import (
	scenarios "github.com/gpstorm/gpstorm/testdata/scenarios/boot"
	"github.com/gpstorm/gpstorm/workload"
)

// presetNames is the order in which presets are shown. What NMIs interrupt comes
// last: nothing follows them in a boot.
var presetNames = []string{"calm", "hrtimer-80", "hrtimer-95", "fair-80", "convoy", "nmi-90", "nmi-95", "nmi-full", "fast-80"}

var presets = workload.Embedded(scenarios.Scenarios, "", presetNames)

// Presets returns the scenarios that this world runs if none is named.
func Presets() []workload.Scenario { return presets() }
