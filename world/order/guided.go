package order

import "math/rand/v2"

// guided keeps the choices of each execution that reached a new feature and mutates
// them, like a coverage-guided fuzzer.
type guided struct {
	rand   *rand.Rand
	seen   map[uint64]bool
	corpus [][]byte

	m     *machine
	input []byte
	used  []byte
	fresh bool
}

const maxCorpus = 4096

func (g *guided) begin(m *machine) {
	g.m, g.fresh, g.used = m, false, nil
	g.input = g.mutate()
}

func (g *guided) end(int) {
	if g.fresh && len(g.corpus) < maxCorpus {
		g.corpus = append(g.corpus, g.used)
	}
}

func (g *guided) choose(s *state, steps []step) int {
	if f := g.m.feature(s); !g.seen[f] {
		g.seen[f] = true
		g.fresh = true
	}
	var b byte
	if len(g.used) < len(g.input) {
		b = g.input[len(g.used)]
	} else {
		b = byte(g.rand.Uint32())
	}
	g.used = append(g.used, b)
	return int(b) % len(steps)
}

// mutate returns the first choices of an execution; later ones are random.
func (g *guided) mutate() []byte {
	if len(g.corpus) == 0 || g.rand.IntN(8) == 0 {
		return nil
	}
	in := append([]byte(nil), g.corpus[g.rand.IntN(len(g.corpus))]...)
	if len(in) == 0 {
		return nil
	}
	switch g.rand.IntN(3) {
	case 0: // another end
		in = in[:g.rand.IntN(len(in))]
	case 1: // a few other choices
		for range 1 + g.rand.IntN(3) {
			in[g.rand.IntN(len(in))] = byte(g.rand.Uint32())
		}
	case 2: // one choice earlier or later
		i := g.rand.IntN(len(in))
		if g.rand.IntN(2) == 0 {
			in = append(in[:i], in[i+1:]...)
		} else {
			in = append(in[:i], append([]byte{byte(g.rand.Uint32())}, in[i:]...)...)
		}
	}
	return in
}

// feature abstracts a state: the progress of the CPUs and the requests of the
// update side, without values.
func (m *machine) feature(s *state) uint64 {
	h := hasher{1, 2}
	for i := range s.thr {
		h.add(s.thr[i].done)
	}
	for i, r := range m.update.nodes[s.node].pending {
		h.add(uint64(r.kind)<<16 ^ uint64(r.a)<<8 ^ uint64(s.sums[i].cpu))
	}
	h.add(uint64(len(s.buf))<<8 ^ uint64(len(s.gps)))
	return h.a
}

// RunBytes executes one schedule. Each byte decides one choice between enabled
// steps; after the last byte the first enabled step is taken.
func RunBytes(c Case, b []byte) (*Finding, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	m, err := newMachine(&c)
	if err != nil {
		return nil, err
	}
	defer m.close()
	v, path, _ := m.run(func(_ *state, steps []step) int {
		if len(b) == 0 {
			return 0
		}
		i := int(b[0]) % len(steps)
		b = b[1:]
		return i
	})
	if !v.Found() {
		return nil, nil
	}
	return &Finding{Case: c, Violation: v, schedule: path}, nil
}
