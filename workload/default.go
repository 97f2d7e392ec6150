package workload

import "time"

// Default returns the values of missing fields: an ordinary machine with two CPUs,
// five minutes of scenario and up to ten of drain. It has no closers, so it is not
// valid by itself.
func Default() Scenario {
	return Scenario{
		Machine: Machine{CPUs: 2, HZ: 250, Preempt: PreemptFull, MIPS: 2000},
		Horizon: 300 * time.Second,
		Drain:   600 * time.Second,
	}
}
