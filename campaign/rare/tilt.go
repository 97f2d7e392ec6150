package rare

import (
	"math/bits"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/seed"
)

// ninths is the number of equal parts of [0, 1) in a Marginal. Variations have nine steps.
const ninths = 9

// Marginal is a distribution of one number of a trial.
type Marginal struct {
	Stream string `json:"stream"`
	Index  int    `json:"index"`
	// Ninths are the millionths of the probability in each ninth of [0, 1). In a ninth
	// the number is uniform.
	Ninths [ninths]uint64 `json:"ninths"`
}

const millionths = 1_000_000

// validate checks a marginal from a file.
func (m *Marginal) validate() error {
	sum, least := uint64(0), m.Ninths[0]
	for _, n := range m.Ninths {
		sum, least = sum+min(n, millionths+1), min(least, n)
	}
	if sum != millionths || least == 0 {
		return campaign.Inputf("tilt: %s %d: %v: want nine positive numbers with the sum %d", m.Stream, m.Index, m.Ninths, millionths)
	}
	return nil
}

// place identifies a number of a trial.
type place struct {
	stream string
	index  int
}

// tilt is a distribution of trials in which the numbers are independent, some of them
// not uniform.
//
// A chain moves in uniform numbers. Those of the tilt are mapped to the numbers of the
// trial by their quantile functions.
type tilt struct {
	marginals []Marginal
	at        map[place]*Marginal
}

func newTilt(marginals []Marginal) *tilt {
	t := &tilt{marginals, map[place]*Marginal{}}
	for i := range marginals {
		m := &marginals[i]
		t.at[place{m.Stream, m.Index}] = m
	}
	return t
}

// ninth returns the ninth of [0, 1) in which a number is.
func ninth(v uint64) uint64 {
	n, _ := bits.Mul64(v, ninths)
	return n
}

// weight returns the density of a trial with all numbers uniform, relative to the tilt.
// It does not need the numbers that the trial did not draw: whatever they are, the trial
// is the same, and their mean weight is 1.
func (t *tilt) weight(draws []seed.Draw) float64 {
	w := 1.0
	for _, d := range draws {
		if m := t.at[place{d.Stream, d.Index}]; m != nil {
			w *= millionths / (ninths * float64(m.Ninths[ninth(d.Value)]))
		}
	}
	return w
}

// uniform returns the numbers in which a chain moves for those of a trial. To the numbers
// of the tilt that the trial did not draw it gives values.
func (t *tilt) uniform(draws []seed.Draw, fresh func() uint64) []seed.Draw {
	all := make([]seed.Draw, 0, len(draws)+len(t.marginals))
	drawn := make(map[place]bool, len(draws))
	for _, d := range draws {
		at := place{d.Stream, d.Index}
		drawn[at] = true
		if m := t.at[at]; m != nil {
			d.Value = m.cumulative(d.Value)
		}
		all = append(all, d)
	}
	for _, m := range t.marginals {
		if !drawn[place{m.Stream, m.Index}] {
			all = append(all, seed.Draw{Stream: m.Stream, Index: m.Index, Value: fresh()})
		}
	}
	return all
}

// trial replaces uniform numbers by those of a trial.
func (t *tilt) trial(draws []seed.Draw) []seed.Draw {
	for i, d := range draws {
		if m := t.at[place{d.Stream, d.Index}]; m != nil {
			draws[i].Value = m.quantile(d.Value)
		}
	}
	return draws
}

// quantile returns the number below which the distribution has a probability. All
// numbers are in units of 2^-64.
func (m *Marginal) quantile(v uint64) uint64 {
	n, rest := bits.Mul64(v, millionths)
	bin := uint64(0)
	for n >= m.Ninths[bin] {
		n -= m.Ninths[bin]
		bin++
	}
	in, _ := bits.Div64(n, rest, m.Ninths[bin])
	u, _ := bits.Div64(bin, in, ninths)
	return u
}

// cumulative is the inverse of quantile.
func (m *Marginal) cumulative(u uint64) uint64 {
	bin, in := bits.Mul64(u, ninths)
	n, rest := bits.Mul64(in, m.Ninths[bin])
	for _, before := range m.Ninths[:bin] {
		n += before
	}
	v, _ := bits.Div64(n, rest, millionths)
	return v
}
