package boot

import (
	"fmt"
	"sync"

	scenarios "github.com/gpstorm/gpstorm/testdata/scenarios/boot"
	"github.com/gpstorm/gpstorm/workload"
)

// presets are in the order in which they are shown. What NMIs interrupt comes
// last: nothing follows them in a boot.
var presets = []string{"calm", "hrtimer-80", "hrtimer-95", "fair-80", "convoy", "nmi-90", "nmi-full", "fast-80"}

var loadPresets = sync.OnceValue(func() []workload.Scenario {
	all := make([]workload.Scenario, len(presets))
	for i, name := range presets {
		b, err := scenarios.Scenarios.ReadFile(name + ".yaml")
		if err == nil {
			all[i], err = workload.Decode(b)
		}
		if err != nil {
			panic(fmt.Sprintf("preset %s: %v", name, err)) // part of the program
		}
	}
	return all
})

// Presets returns the scenarios that this world runs if none is named.
func Presets() []workload.Scenario { return append([]workload.Scenario(nil), loadPresets()...) }
