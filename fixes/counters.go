package fixes

import "github.com/gpstorm/gpstorm/srcu"

// Counters is what the virtual kernel's srcu.Side offers besides: the counters
// of each CPU, of which a scan takes the sum.
type Counters interface {
	srcu.Side
	// CPUs is how many CPUs have counters.
	CPUs() int
	// UnlocksOn and LocksOn are the counters of a rank on one CPU.
	UnlocksOn(cpu, rank int) uint64
	LocksOn(cpu, rank int) uint64
}
