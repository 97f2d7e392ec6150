package order

import (
	"fmt"

	"github.com/gpstorm/gpstorm/internal/named"
)

// Mode bounds how far a CPU may reorder its own accesses. Memory is multi-copy
// atomic in every mode: a store becomes visible to all other CPUs at one instant.
type Mode uint8

// The modes, from the strongest to the weakest. Each allows every execution of the
// one before it.
const (
	SC   Mode = iota // program order
	TSO              // a load may pass an earlier store (x86)
	PSO              // a store may also pass an earlier store
	Weak             // all but dependencies, same location and fences
)

var modeNames = [...]string{"sc", "tso", "pso", "weak"}

// Modes returns all modes, strongest first.
func Modes() []Mode { return []Mode{SC, TSO, PSO, Weak} }

func (m Mode) String() string {
	if int(m) < len(modeNames) {
		return modeNames[m]
	}
	return fmt.Sprintf("mode(%d)", uint8(m))
}

// ParseMode reads a mode's name.
func ParseMode(s string) (Mode, error) {
	for i, n := range modeNames {
		if n == s {
			return Mode(i), nil
		}
	}
	return 0, named.Unknown("mode", s, "a memory model", modeNames[:])
}

// relaxes reports whether b may be performed before a, which precedes it in program
// order, in this mode and without regard to fences.
func (m Mode) relaxes(a, b *op) bool {
	if m == Weak {
		return true
	}
	if m == SC || a.locked() || b.locked() || a.kind.special() || b.kind.special() {
		return false
	}
	if !a.stores() {
		return false // loads perform in order and before later stores
	}
	return b.kind == opLoad || m == PSO
}
