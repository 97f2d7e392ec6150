package order

import "math/rand/v2"

type random struct{ rand *rand.Rand }

func (p *random) begin(*machine)                    {}
func (p *random) end(int)                           {}
func (p *random) choose(_ *state, steps []step) int { return p.rand.IntN(len(steps)) }

// threadOf returns the thread of a step: a CPU, the update side's store buffer, or
// one of its tasks.
func (m *machine) threadOf(st step) int {
	switch st.kind {
	case stepOp:
		return int(st.who)
	case stepTask:
		return len(m.progs) + 1 + int(st.who)
	}
	return len(m.progs)
}

// chooseAny returns a uniformly random one of the steps that ok accepts.
func chooseAny(r *rand.Rand, steps []step, ok func(step) bool) int {
	n, pick := 0, 0
	for i, st := range steps {
		if ok(st) {
			if n++; r.IntN(n) == 0 {
				pick = i
			}
		}
	}
	return pick
}

// pct runs the thread of the highest priority and its operations in program order.
// At random steps the running thread gets a priority below all others. A random
// operation may get the lowest priority, so that later ones pass it: a reordering.
type pct struct {
	rand     *rand.Rand
	depth    int
	length   int // of the longest execution so far
	m        *machine
	at       int
	priority []int         // by thread
	changes  []int         // steps at which the running thread loses its priority
	delayed  map[step]bool // operations of the lowest priority
}

func (p *pct) begin(m *machine) {
	p.m, p.at = m, 0
	p.priority = p.rand.Perm(len(m.progs) + 1 + len(m.update.nodes[0].pending))
	for i := range p.priority {
		p.priority[i] += p.depth
	}
	p.changes, p.delayed = p.changes[:0], map[step]bool{}
	for range p.depth - 1 {
		if m.mode == SC || p.rand.IntN(2) == 0 {
			p.changes = append(p.changes, p.rand.IntN(p.length))
			continue
		}
		cpu := p.rand.IntN(len(m.progs))
		p.delayed[step{stepOp, uint8(cpu), uint8(p.rand.IntN(len(m.progs[cpu].ops)))}] = true
	}
}

func (p *pct) end(length int) { p.length = max(p.length, length) }

func (p *pct) choose(_ *state, steps []step) int {
	p.at++
	best := p.highest(steps)
	for i, at := range p.changes {
		if at == p.at {
			p.priority[p.m.threadOf(steps[best])] = i
			best = p.highest(steps)
		}
	}
	// The age of the value that a task reads is a random choice.
	if st := steps[best]; st.kind == stepTask {
		return chooseAny(p.rand, steps, func(o step) bool { return o.kind == stepTask && o.who == st.who })
	}
	return best
}

// highest returns the first step, in program order, of the thread of the highest
// priority.
func (p *pct) highest(steps []step) int {
	best := 0
	for i, st := range steps {
		if p.rank(st) > p.rank(steps[best]) {
			best = i
		}
	}
	return best
}

func (p *pct) rank(st step) int {
	if p.delayed[st] {
		return -1
	}
	return p.priority[p.m.threadOf(st)]
}

type uniform struct {
	rand   *rand.Rand
	update int // steps of the update side in the last execution
	m      *machine
	taken  int
}

func (p *uniform) begin(m *machine) { p.m, p.taken = m, 0 }
func (p *uniform) end(int)          { p.update = max(1, p.taken) }

func (p *uniform) choose(s *state, steps []step) int {
	update := len(p.m.progs) // all of the update side counts as one
	weight := make([]int, update+1)
	total := 0
	for _, st := range steps {
		l := min(p.m.threadOf(st), update)
		if weight[l] > 0 {
			continue
		}
		weight[l] = max(1, p.update-p.taken)
		if l < update {
			weight[l] = 0
			each(p.m.progs[l].all()&^s.thr[l].done, func(int) { weight[l]++ })
		}
		total += weight[l]
	}
	thread, at := 0, p.rand.IntN(total)
	for at >= weight[thread] {
		at -= weight[thread]
		thread++
	}
	if thread == update {
		p.taken++
	}
	return chooseAny(p.rand, steps, func(st step) bool { return min(p.m.threadOf(st), update) == thread })
}
