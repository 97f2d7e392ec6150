package seed

import (
	"math/bits"
	"math/rand/v2"
)

// Draw is one number of a trial: number Index, from 0, of the named stream. It
// stands for Value / 2^64, a number in [0, 1).
type Draw struct {
	Stream string `json:"stream"`
	Index  int    `json:"index"`
	Value  uint64 `json:"value,string"`
}

// Draws are the random numbers of one trial, independent and uniform on [0, 1). The
// seed determines all of them; single numbers can be replaced. Trials of one
// scenario differ only in these numbers, so the vector of the numbers that a trial
// used identifies the trial.
type Draws struct {
	seed     uint64
	replaced map[place]uint64
	used     map[place]bool
	vector   []Draw
}

// place identifies a number.
type place struct {
	stream string
	index  int
}

// NewDraws returns the numbers of the seed, with some of them replaced. If a number
// is replaced twice, the last replacement counts.
func NewDraws(seed uint64, replace ...Draw) *Draws {
	d := &Draws{seed: seed, used: map[place]bool{}}
	if len(replace) > 0 {
		d.replaced = make(map[place]uint64, len(replace))
		for _, r := range replace {
			d.replaced[place{r.Stream, r.Index}] = r.Value
		}
	}
	return d
}

// Used returns the numbers drawn so far, in the order of their first use.
func (d *Draws) Used() []Draw { return d.vector }

// Stream returns the named stream, from its number 0 on.
func (d *Draws) Stream(name string) *Uniforms {
	s := &Uniforms{draws: d, name: name}
	s.source.Seed(d.seed, Hash(name))
	return s
}

// Uniforms is a stream of uniform numbers on [0, 1). Its methods map the next
// number monotonically: a larger number never gives a smaller result. So numbers
// that are close to each other give similar trials.
type Uniforms struct {
	draws  *Draws
	name   string
	index  int
	source rand.PCG
}

// next returns the next number, times 2^64.
func (s *Uniforms) next() uint64 {
	v := s.source.Uint64()
	p := place{s.name, s.index}
	s.index++
	if r, ok := s.draws.replaced[p]; ok {
		v = r
	}
	if !s.draws.used[p] {
		s.draws.used[p] = true
		s.draws.vector = append(s.draws.vector, Draw{p.stream, p.index, v})
	}
	return v
}

// Int64N draws an integer from 0 to n-1; n > 0. It rounds the number times n down,
// so the probabilities differ by less than 2^-64.
func (s *Uniforms) Int64N(n int64) int64 {
	if n <= 0 {
		panic("seed: Int64N: want a positive range")
	}
	v, _ := bits.Mul64(s.next(), uint64(n))
	return int64(v)
}

// IntN is Int64N for an int.
func (s *Uniforms) IntN(n int) int { return int(s.Int64N(int64(n))) }

// Float64 draws a number in [0, 1), a multiple of 2^-53.
func (s *Uniforms) Float64() float64 { return float64(s.next()>>11) / (1 << 53) }
