package command

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/workload"
)

// Program is a gpstorm with candidates and scenarios of its own. The zero value
// is gpstorm itself.
type Program struct {
	// Name is what help texts and messages call the program. If it is empty,
	// they use the name under which the process was started.
	Name string
	// Fixes are candidates beside those of package fixes. Every command
	// takes them by name, and evaluates them when no --fix is given.
	Fixes []fixes.Fix
	// Scenarios are scenarios beside the presets.
	Scenarios []workload.Scenario
}

// name returns the name to show.
func (p *Program) name() string {
	if p.Name != "" {
		return p.Name
	}
	return strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
}

// validate reports the first candidate or scenario that cannot be named on the
// command line.
func (p *Program) validate() error {
	taken := map[string]bool{}
	for _, name := range builtInFixes() {
		taken[name] = true
	}
	for i := range p.Fixes {
		name := p.Fixes[i].Name
		switch {
		case name == "" || strings.ContainsAny(name, fixes.Separator+" \t\n"):
			return wrong("Program.Fixes", name, "a name without spaces and %q", fixes.Separator)
		case taken[name]:
			return wrong("Program.Fixes", name, "a name that no other candidate or planted bug has")
		}
		taken[name] = true
	}
	taken = map[string]bool{}
	for _, name := range workload.PresetNames() {
		taken[name] = true
	}
	for i := range p.Scenarios {
		sc := &p.Scenarios[i]
		if taken[sc.Name] {
			return wrong("Program.Scenarios", sc.Name, "a name that no preset and no other scenario has")
		}
		taken[sc.Name] = true
		if err := sc.Validate(); err != nil {
			return inputf("Program.Scenarios: %s: %w", sc.Name, err)
		}
	}
	return nil
}
