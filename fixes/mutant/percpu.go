package mutant

import (
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/srcu"
	"github.com/gpstorm/gpstorm/world/order"
)

// perCPU are bugs in the choice of CPUs that a scan sums or interrupts. They need
// the counters and interrupts of single CPUs, which only the order world provides.
var perCPU = []Mutant{
	safety("sum-skips-cpu", "the sums are over one CPU less than there are: a bound that counts CPUs and is used as a number of one", "baseline",
		fixes.Fix{Side: sumsOn(func(cpu, cpus int) bool { return cpu < cpus-1 })}).
		order(order.SC, order.ShortGrace).with(twoReaders),
	safety("ipi-skips-cpu", "the interrupt that carries the barrier is not sent to the last CPU", "membarrier",
		fixes.Fix{Barrier: interrupts(func(s order.PerCPU, cpu, _ int) bool { return cpu < s.CPUs()-1 })}).
		order(order.TSO, order.NullPointer).with(twoReaders),
	safety("ipi-skips-idle", "no interrupt is sent to a CPU whose counters are equal, as if no reader were inside", "membarrier",
		fixes.Fix{Barrier: interrupts(func(s order.PerCPU, cpu, rank int) bool { return s.UnlocksOn(cpu, rank) != s.LocksOn(cpu, rank) })}).
		order(order.TSO, order.NullPointer),
}

// interrupts is a barrier that interrupts the CPUs that must selects.
func interrupts(must func(s order.PerCPU, cpu, rank int) bool) func() srcu.Barrier {
	return func() srcu.Barrier {
		return srcu.BarrierFunc(func(s srcu.Side, scan *srcu.Scan) bool {
			p, ok := s.(order.PerCPU)
			if !ok {
				s.FenceAll()
				return true
			}
			var cpus uint16
			for cpu := range p.CPUs() {
				if must(p, cpu, scan.Rank) {
					cpus |= 1 << cpu
				}
			}
			s.Fence()
			p.FenceOn(cpus)
			return true
		})
	}
}

// sumsOn is a side that sums over the CPUs that has selects.
func sumsOn(has func(cpu, cpus int) bool) func(srcu.Side) srcu.Side {
	return func(s srcu.Side) srcu.Side {
		if p, ok := s.(order.PerCPU); ok {
			return partialSums{p, has}
		}
		return s
	}
}

type partialSums struct {
	order.PerCPU
	has func(cpu, cpus int) bool
}

func (p partialSums) Unlocks(rank int) uint64 { return p.sum(p.UnlocksOn, rank) }

func (p partialSums) Locks(rank int) uint64 { return p.sum(p.LocksOn, rank) }

func (p partialSums) sum(on func(cpu, rank int) uint64, rank int) (sum uint64) {
	for cpu := range p.CPUs() {
		if p.has(cpu, p.CPUs()) {
			sum += on(cpu, rank)
		}
	}
	return sum
}
