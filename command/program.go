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
	// Name is the name of the program in help texts and messages. If it is empty,
	// they use the name under which the process was started.
	Name string
	// Fixes are candidates beside those of package fixes. Every command
	// takes them by name, and evaluates them when no --fix is given.
	Fixes []fixes.Fix
	// Scenarios are scenarios beside the presets. workload.Decode makes one of
	// the YAML text of a file.
	Scenarios []workload.Scenario
}

// name returns the name to show.
func (p *Program) name() string {
	if p.Name != "" {
		return p.Name
	}
	return strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
}
