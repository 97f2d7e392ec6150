package live

import (
	"fmt"
	"slices"
	"sync"

	scenarios "github.com/gpstorm/gpstorm/testdata/scenarios/live"
	"github.com/gpstorm/gpstorm/workload"
)

// presets are in the order in which they are shown.
var presets = []string{"live-calm", "live-50", "live-80", "live-95", "live-99", "live-traced", "live-crowd"}

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

// Presets returns the scenarios of this world.
func Presets() []workload.Scenario { return slices.Clone(loadPresets()) }

// quick are the presets of a campaign that names none: with more of them it would
// see each too seldom, or take too long.
var quick = []string{"live-calm", "live-80", "live-99"}

// Quick returns the scenarios of a campaign that names none.
func Quick() []workload.Scenario {
	return slices.DeleteFunc(Presets(), func(sc workload.Scenario) bool { return !slices.Contains(quick, sc.Name) })
}
