// Package export converts a scenario for kernels: to a program in C that makes the
// same load on a machine, to a case for real kernels in QEMU, and to the boot line
// of an rcutorture run in the same domain.
package export

import (
	"fmt"
	"strings"

	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/boot"
)

// refusal is the error for a property of a scenario that a form cannot express.
func refusal(field string, value any, want string, args ...any) error {
	return fmt.Errorf("%s: %v: want %s", field, value, fmt.Sprintf(want, args...))
}

// Boot returns the scenario as a case for real kernels, or the first field that the
// world of real kernels cannot express.
func Boot(sc workload.Scenario) ([]byte, error) {
	if err := boot.Check(&sc); err != nil {
		return nil, err
	}
	return workload.Encode(sc), nil
}

// comment returns lines as a comment in C.
func comment(lines []string) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(" * " + strings.ReplaceAll(l, "*/", "* /") + "\n")
	}
	return b.String()
}
