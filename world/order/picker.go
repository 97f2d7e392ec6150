package order

import "math/rand/v2"

type random struct{ rand *rand.Rand }

func (p *random) begin(*machine)                    {}
func (p *random) end(int)                           {}
func (p *random) choose(_ *state, steps []step) int { return p.rand.IntN(len(steps)) }

// lane is the thread a step belongs to: CPUs, the update side's store buffer,
// and its tasks.
func (m *machine) lane(st step) int {
	switch st.kind {
	case stepOp:
		return int(st.who)
	case stepTask:
		return len(m.progs) + 1 + int(st.who)
	}
	return len(m.progs)
}

// choose takes any of the steps that ok accepts with the same chance.
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

type pct struct {
	rand     *rand.Rand
	depth    int
	length   int // of the longest execution so far
	m        *machine
	at       int
	priority []int
	changes  []int
}

func (p *pct) begin(m *machine) {
	p.m, p.at = m, 0
	p.priority = p.rand.Perm(len(m.progs) + 1 + len(m.brain.nodes[0].pending))
	for i := range p.priority {
		p.priority[i] += p.depth
	}
	p.changes = p.changes[:0]
	for range p.depth - 1 {
		p.changes = append(p.changes, p.rand.IntN(p.length))
	}
}

func (p *pct) end(length int) { p.length = max(p.length, length) }

func (p *pct) choose(_ *state, steps []step) int {
	p.at++
	lane := p.highest(steps)
	for i, at := range p.changes {
		if at == p.at {
			p.priority[lane] = i
			lane = p.highest(steps)
		}
	}
	return chooseAny(p.rand, steps, func(st step) bool { return p.m.lane(st) == lane })
}

func (p *pct) highest(steps []step) int {
	best := p.m.lane(steps[0])
	for _, st := range steps[1:] {
		if l := p.m.lane(st); p.priority[l] > p.priority[best] {
			best = l
		}
	}
	return best
}

type uniform struct {
	rand   *rand.Rand
	update int // steps the update side took in the last execution
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
		l := min(p.m.lane(st), update)
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
	lane, at := 0, p.rand.IntN(total)
	for at >= weight[lane] {
		at -= weight[lane]
		lane++
	}
	if lane == update {
		p.taken++
	}
	return chooseAny(p.rand, steps, func(st step) bool { return min(p.m.lane(st), update) == lane })
}
