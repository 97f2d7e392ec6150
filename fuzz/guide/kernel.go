package guide

import "github.com/gpstorm/gpstorm/world/kernel"

// Kernel returns what marks the situations of one trial in the virtual kernel,
// each once, in the form of kernel.Options.Observe. A situation has two marks:
//
//   - where the grace periods are: of each SRCU domain the phase, the work item,
//     and whether readers are inside under the rank that is scanned, or about to
//     be; the step of the RCU grace period; how many closes wait;
//   - what the first close waits for, in which phase of which domain, and how much
//     of the CPUs the storms have taken from it so far.
//
// Counts are none, one, or more. The finer the marks, the more inputs are kept
// that tell nothing new, and each of them is mutated as often as the good ones.
func Kernel() func(*kernel.Situation) { return new(situations).mark }

// situations are the marks that a trial has had.
type situations struct {
	seen [markCount / 64]uint64
}

func (g *situations) mark(s *kernel.Situation) {
	g.once(gracePeriods(s))
	if s.Closing > 0 {
		g.once(wait(s))
	}
}

// once marks what has not been marked. So the counters hold one each: how often a
// trial comes by says more about its length than about where it gets.
func (g *situations) once(of fold) {
	m := of.mark()
	if word, bit := m/64, uint64(1)<<(m%64); g.seen[word]&bit == 0 {
		g.seen[word] |= bit
		mark(m)
	}
}

func gracePeriods(s *kernel.Situation) fold {
	f := fold(1)
	for i := range s.Domains {
		d := &s.Domains[i]
		f.add(d.Phase)
		f.add(int(d.Work))
		f.add(few(d.Others))
		f.add(few(d.Stale))
	}
	f.add(few(s.Closing))
	f.add(s.GPPhase)
	return f
}

func wait(s *kernel.Situation) fold {
	f := fold(2)
	f.add(int(s.Cause))
	f.add(s.CauseDomain)
	if d := s.CauseDomain; 0 < d && d <= len(s.Domains) {
		f.add(s.Domains[d-1].Phase)
	} else {
		f.add(0)
	}
	f.add(share(s.Duty))
	return f
}

// few is none, one, or more.
func few(n int) int { return min(n, 2) }

// share is next to nothing, less than half, most, or nearly all.
func share(d float64) int {
	switch {
	case d < 0.01:
		return 0
	case d < 0.5:
		return 1
	case d < 0.9:
		return 2
	}
	return 3
}

// fold packs small numbers, each below 32. The first says what they mean.
type fold uint64

func (f *fold) add(v int) { *f = *f<<5 | fold(v) }

// mark scatters what was folded over the marks.
func (f fold) mark() int {
	const odd = 0x9e3779b97f4a7c15 // 2^64 over the golden ratio
	h := uint64(f) * odd
	h ^= h >> 32
	return int(h * odd >> 40 % uint64(markCount))
}
