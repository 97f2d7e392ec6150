package kernel

import "github.com/gpstorm/gpstorm/workload"

// faulty is the state of a CPU's faults; several faults of a kind may overlap.
type faulty struct {
	stolen, deaf int
	losesIPIs    int
	timerLost    ns    // hrtimers do not expire earlier; 0 is now
	unnoticed    []irq // interrupts that reached the CPU without its noticing
}

// halted reports whether the CPU executes nothing that the kernel can observe.
func (f *faulty) halted() bool { return f.stolen+f.deaf > 0 }

// startFaults plans the start and the end of every fault.
func (k *kernel) startFaults() {
	for i := range k.sc.Faults {
		f := &k.sc.Faults[i]
		until := ns(f.Until)
		if f.Until == 0 {
			until = ns(k.sc.Horizon)
		}
		for _, id := range f.CPUs {
			c := k.cpus[id]
			k.at(ns(f.From), func() { k.faultBegins(c, f.Kind, until) })
			k.at(until, func() { k.faultEnds(c, f.Kind) })
		}
	}
}

func (k *kernel) faultBegins(c *cpu, kind workload.FaultKind, until ns) {
	k.sync(c)
	k.moved = true
	switch kind {
	case workload.StolenCPU:
		c.stolen++
	case workload.DeafCPU:
		c.deaf++
		k.leaveIdle(c)
	case workload.LostTimer:
		c.timerLost = max(c.timerLost, until)
	case workload.LostIPI:
		c.losesIPIs++
	}
	k.plan(c)
}

func (k *kernel) faultEnds(c *cpu, kind workload.FaultKind) {
	k.sync(c)
	k.moved = true
	switch kind {
	case workload.StolenCPU:
		c.stolen--
	case workload.DeafCPU:
		c.deaf--
	case workload.LostIPI:
		c.losesIPIs--
	}
	if c.losesIPIs == 0 {
		c.notice()
		k.checkNoticed(c)
	}
	k.settle(c)
}

// notice delivers the interrupts that the CPU did not notice.
func (c *cpu) notice() {
	if len(c.unnoticed) > 0 {
		c.pending = append(c.pending, c.unnoticed...)
		c.unnoticed = c.unnoticed[:0]
	}
}

// ipi reports whether a CPU sends this interrupt, to another CPU or to itself.
func (i irqKind) ipi() bool { return i == irqResched || i == irqExp || i == irqCall }
