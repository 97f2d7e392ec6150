package kernel

// mask converts a list of CPUs to a set. An empty list stands for every CPU that is
// not isolated.
func (k *kernel) mask(cpus []int) cpuSet {
	if len(cpus) == 0 && len(k.sc.Placement.Isolated) > 0 {
		return k.allCPUs().without(cpuSetOf(k.sc.Placement.Isolated, len(k.cpus)))
	}
	return cpuSetOf(cpus, len(k.cpus))
}

// poolOf is the pool that serves work queued on a CPU: the CPU's own, unless the
// scenario restricts the workers to some CPUs.
func (k *kernel) poolOf(c *cpu) *pool {
	served := k.sc.Placement.Workers
	if len(served) == 0 {
		return c.pool
	}
	return k.firstAllowed(k.mask(served), c.id).pool
}

// startTask wakes a looping task at its start time, or when the sleep in which it starts
// is over, and ends it at its end time.
func (k *kernel) startTask(t *task, asleep ns) {
	spec := t.loop.spec
	if from := ns(spec.From) + asleep; from == 0 {
		k.wake(t)
	} else {
		k.at(from, func() { k.wake(t) })
	}
	if spec.Until > 0 {
		k.at(ns(spec.Until), func() {
			k.syncAll()
			t.loop.end()
			k.replanAll()
		})
	}
}
