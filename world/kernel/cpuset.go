package kernel

import (
	"math/bits"

	"github.com/gpstorm/gpstorm/workload"
)

// cpuSet is a set of CPUs (struct cpumask).
type cpuSet [workload.MaxCPUs / 64]uint64

func (s *cpuSet) has(cpu int) bool { return s[uint(cpu)/64]&(1<<(uint(cpu)%64)) != 0 }
func (s *cpuSet) add(cpu int)      { s[uint(cpu)/64] |= 1 << (uint(cpu) % 64) }

// without returns the CPUs of s that are not in o.
func (s cpuSet) without(o cpuSet) cpuSet {
	for i := range s {
		s[i] &^= o[i]
	}
	return s
}

func (s *cpuSet) size() (n int) {
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// only is the set of one CPU.
func only(cpu int) (s cpuSet) {
	s.add(cpu)
	return s
}

// cpuSetOf converts a list of the CPUs of a machine with n. An empty list stands for
// all of them.
func cpuSetOf(cpus []int, n int) (s cpuSet) {
	if len(cpus) == 0 {
		for cpu := range n {
			s.add(cpu)
		}
	}
	for _, cpu := range cpus {
		s.add(cpu)
	}
	return s
}
