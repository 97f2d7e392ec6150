package seed

import (
	"math/bits"
	"math/rand/v2"
)

// Draw is one number that a trial draws: number Index, from 0, of the stream of
// that name. Value / 2^64 is the number, which is uniform on [0, 1).
type Draw struct {
	Stream string `json:"stream"`
	Index  int    `json:"index"`
	Value  uint64 `json:"value,string"`
}

// Draws are the numbers that one trial draws. Each is independent of the others
// and uniform on [0, 1). The seed gives all of them, without end; single numbers
// can be replaced. What a trial draws, and nothing else, makes it differ from
// other trials of its scenario: so the numbers that it used are a vector that
// stands for the trial.
type Draws struct {
	seed     uint64
	replaced map[place]uint64
	used     map[place]bool
	vector   []Draw
}

// place names a number.
type place struct {
	stream string
	index  int
}

// NewDraws returns the numbers of the seed, with some of them replaced. Of two
// replacements of one number the later one counts.
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

// Used returns the numbers that were drawn, in the order in which each was drawn
// first.
func (d *Draws) Used() []Draw { return d.vector }

// Stream returns the stream of that name, from its number 0 on.
func (d *Draws) Stream(name string) *Uniforms {
	s := &Uniforms{draws: d, name: name}
	s.source.Seed(d.seed, Hash(name))
	return s
}

// Uniforms is a stream of numbers that are uniform on [0, 1). Its methods map the
// next number monotonically to what a trial needs: a larger number never gives a
// smaller result. So numbers close to each other give trials close to each other.
type Uniforms struct {
	draws  *Draws
	name   string
	index  int
	source rand.PCG
}

// next is the next number, times 2^64.
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

// Int64N draws an integer from 0 to n-1; n > 0. It is the number times n, rounded
// down: the probabilities differ by less than 2^-64.
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
