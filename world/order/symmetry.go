package order

import "slices"

// This file reduces the search in mode weak. In that mode the loads of one sum may
// be performed in any order, and as early as the last full barrier of the summing
// task. Therefore
//
//   - a sum is one step, which chooses for each counter one of its values since that
//     barrier: separate steps for the loads give the same results;
//   - old values are kept only for a task that can still read: not for one that waits
//     and then executes a full barrier;
//   - CPUs with the same program are interchangeable (Clarke, Emerson, Jha, Sistla,
//     CAV 1998), since the order in which they are summed has no effect.
//
// Some searches do without: of a candidate that treats CPUs differently (PerCPU) or
// sums in a task other than the worker, and of a case in which a sum has more than
// 256 results.

// classes numbers the programs of the CPUs; equal programs have equal numbers.
func classes(progs []*Program) []int {
	out := make([]int, len(progs))
	for cpu, p := range progs {
		out[cpu] = slices.IndexFunc(progs, p.equal)
	}
	return out
}

// equal reports whether two programs differ only in their CPUs' counters.
func (p *Program) equal(q *Program) bool {
	return p.name == q.name && p.domain == q.domain && slices.Equal(p.marks, q.marks) && slices.Equal(p.fences, q.fences) &&
		slices.EqualFunc(p.ops, q.ops, func(a, b op) bool {
			return a.kind == b.kind && a.text == b.text && a.pred == b.pred && a.section == b.section &&
				a.addr.uses == b.addr.uses && a.val.uses == b.val.uses && a.when.uses == b.when.uses
		})
}

// symmetric reports whether each CPU's program accesses only the counters of that
// CPU, so that CPUs with equal programs are interchangeable.
func (m *machine) symmetric() bool {
	if m.mode != Weak || m.c.Switches >= 0 {
		return false
	}
	for cpu, p := range m.progs {
		var own uint64
		for d := range m.lay.domains {
			own |= (1<<perCPU - 1) << m.lay.counter(d, cpu, false, 0)
		}
		var counters uint64
		for d := range m.lay.domains {
			counters |= (1<<(perCPU*m.lay.cpus) - 1) << m.lay.counter(d, 0, false, 0)
		}
		for i := range p.ops {
			if p.ops[i].may&counters&^own != 0 {
				return false
			}
		}
	}
	return true
}

// wholeSum reports whether a request is a sum that takes one step.
func (m *machine) wholeSum(r request) bool {
	return m.sums && r.kind == rqRead && r.cpus == 0
}

// sumChoices returns the number of combinations of readable counter values of a sum.
func (m *machine) sumChoices(s *state, r request) int {
	n := 1
	for cpu := range m.lay.cpus {
		n *= 1 + len(s.hist[m.counterAt(cpu, r)])
	}
	return n
}

// readAll reads all counters of a sum; choice selects the age of each value.
func (m *machine) readAll(n *state, task int, r request, choice int) {
	for cpu := range m.lay.cpus {
		k := 1 + len(n.hist[m.counterAt(cpu, r)])
		m.traceSum(n, task, r, choice%k)
		m.readOne(n, task, r, choice%k)
		choice /= k
	}
}

// canRead reports whether a task with request r may still read counters before its
// next full barrier.
func canRead(r request) bool {
	return r.kind != rqIdle && r.kind != rqSync && r.kind != rqFence && r.kind != rqAcquire
}

// keepsOld reports whether the old value of a counter must be kept: the worker of
// its domain can still read it.
func (m *machine) keepsOld(n *state, loc Loc) bool {
	if !m.sums || loc < locFirst {
		return true
	}
	d := m.lay.domainOf(loc)
	return canRead(m.update.nodes[n.node].pending[workerOf(d)])
}

// covers reports whether the reductions of this file cover a request.
func (m *machine) covers(task int, r request) bool {
	switch {
	case r.cpus != 0:
		return false
	case r.kind == rqRead:
		return task == workerOf(int(r.a)/perCPU)
	}
	return true
}

// key returns the key of a state. With sums it is equal for states that differ only by
// a permutation of CPUs with equal programs, and leaves out dead registers.
func (m *machine) key(s *state) key {
	if !m.sums {
		return m.wholeKey(s)
	}
	h := hasher{1, 2}
	m.hashUpdate(&h, s)
	m.hashWords(&h, s)
	h.add(uint64(s.mem[locHook])<<32 ^ uint64(s.mem[locObject]))
	for d := range m.lay.domains {
		h.add(uint64(s.mem[m.lay.current(d)]))
	}
	cpus := make([]key, 0, MaxReaders)
	for cpu := range m.progs {
		cpus = append(cpus, m.hashCPU(s, cpu))
	}
	slices.SortFunc(cpus, key.compare)
	for _, k := range cpus {
		h.add(k[0])
		h.add(k[1])
	}
	return key{h.a, h.b}
}

// hashCPU hashes the part of a state that belongs to one CPU.
func (m *machine) hashCPU(s *state, cpu int) key {
	h := hasher{3, 4}
	p, t := m.progs[cpu], &s.thr[cpu]
	h.add(uint64(m.class[cpu])<<32 ^ uint64(p.domain))
	h.add(t.done)
	each(p.live(t.done), func(j int) {
		h.add(uint64(j)<<32 ^ uint64(t.regs[j]))
	})
	for d := range m.lay.domains {
		for k := range perCPU {
			loc := m.lay.counter(d, cpu, k >= 2, k%2)
			h.add(uint64(s.mem[loc]))
			for _, v := range s.hist[loc] {
				h.add(1<<32 ^ uint64(v))
			}
		}
	}
	for i, g := range s.gps {
		h.add(uint64(i)<<8 ^ uint64(g.waits>>cpu&1))
	}
	for i, p := range s.pre {
		h.add(uint64(i)<<32 ^ p.mask>>(cpu*maxSections)&(1<<maxSections-1))
	}
	return key{h.a, h.b}
}

// live returns the set of performed operations whose registers are live: an operation
// that was not performed, or an oracle, can still read them.
func (p *Program) live(done uint64) uint64 {
	var used uint64
	for j := range p.ops {
		o := &p.ops[j]
		switch {
		case done>>j&1 == 0:
			used |= o.addr.uses | o.val.uses | o.when.uses
		case o.wrong != nil && o.when.uses&^done != 0:
			used |= 1 << j // judged when its condition is known
		}
	}
	return used & done
}
