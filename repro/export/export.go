// Package export leads from a scenario back to kernels: a program in C that makes
// the situation on a machine, a case for real kernels in QEMU, and the boot line of
// an rcutorture run in the same domain.
package export

import (
	"fmt"
	"strings"

	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world/boot"
)

// refusal is what a scenario wants and a form cannot say.
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

// comment makes a text the lines of a comment of C.
func comment(lines []string) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(" * " + strings.ReplaceAll(l, "*/", "* /") + "\n")
	}
	return b.String()
}
