package seed_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/gpstorm/gpstorm/seed"
)

// Tokens rest on these numbers.
func TestDrawsOfASeed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		draw func(*seed.Uniforms) float64
		want [3]float64
	}{
		{"IntN(9)", func(s *seed.Uniforms) float64 { return float64(s.IntN(9)) }, [3]float64{4, 0, 2}},
		{"IntN(1<<20)", func(s *seed.Uniforms) float64 { return float64(s.IntN(1 << 20)) }, [3]float64{472030, 41596, 321857}},
		{"Int64N(3000000001)", func(s *seed.Uniforms) float64 { return float64(s.Int64N(3_000_000_001)) }, [3]float64{1.350491470e+09, 1.19008841e+08, 9.20840727e+08}},
		{"Int64N(1<<52+1)", func(s *seed.Uniforms) float64 { return float64(s.Int64N(1<<52 + 1)) }, [3]float64{2.027357626833623e+15, 1.78656057994867e+14, 1.382365984674611e+15}},
		{"Float64", func(s *seed.Uniforms) float64 { return s.Float64() }, [3]float64{0.45016382329202087, 0.039669613814933724, 0.3069469089288758}},
	} {
		s := seed.NewDraws(7).Stream("draws")
		for i, want := range c.want {
			if got := c.draw(s); got != want {
				t.Errorf("%s, number %d: %v, want %v", c.name, i, got, want)
			}
		}
	}
}

// Draws gives the numbers of Stream.
func TestDrawsAreTheNumbersOfTheStream(t *testing.T) {
	t.Parallel()
	d := seed.NewDraws(1)
	s := d.Stream("storm 0 phase")
	for range 4 {
		s.Float64()
	}
	r := seed.Stream(1, "storm 0 phase")
	for i, got := range d.Used() {
		if want := (seed.Draw{Stream: "storm 0 phase", Index: i, Value: r.Uint64()}); got != want {
			t.Errorf("number %d: %+v, want %+v", i, got, want)
		}
	}
	if len(d.Used()) != 4 {
		t.Errorf("%d numbers, want 4", len(d.Used()))
	}
}

func TestDrawsAreMappedMonotonically(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, math.MaxInt64).Draw(t, "n")
		if rapid.Bool().Draw(t, "few levels") {
			n = 1 + n%64
		}
		a, b := rapid.Uint64().Draw(t, "a"), rapid.Uint64().Draw(t, "b")
		a, b = min(a, b), max(a, b)
		at := func(v uint64) *seed.Uniforms {
			return seed.NewDraws(0, seed.Draw{Stream: "x", Value: v}).Stream("x")
		}
		x, y := at(a).Int64N(n), at(b).Int64N(n)
		if x > y || x < 0 || y >= n {
			t.Fatalf("%d and %d of %d: %d and %d", a, b, n, x, y)
		}
		if u, v := at(a).Float64(), at(b).Float64(); u > v || u < 0 || v >= 1 {
			t.Fatalf("%d and %d: %v and %v", a, b, u, v)
		}
	})
	// Both ends of the range occur.
	for v, want := range map[uint64]int64{0: 0, math.MaxUint64: 5, 1<<63 - 1: 2, 1 << 63: 3} {
		if got := seed.NewDraws(0, seed.Draw{Stream: "x", Value: v}).Stream("x").Int64N(6); got != want {
			t.Errorf("%#x of 6: %d, want %d", v, got, want)
		}
	}
}

// Replacing a number changes no other, and the vector of the used numbers gives the
// same trial under any seed.
func TestReplacedDraws(t *testing.T) {
	t.Parallel()
	all := func(d *seed.Draws) (drawn []int64) {
		for _, name := range []string{"a", "b", "a"} { // a from its beginning again
			s := d.Stream(name)
			for range 3 {
				drawn = append(drawn, s.Int64N(1000))
			}
		}
		return drawn
	}
	plain := seed.NewDraws(5)
	want := all(plain)
	if !slices.Equal(want[:3], want[6:]) {
		t.Errorf("stream a gave %v, then %v", want[:3], want[6:])
	}
	if len(plain.Used()) != 6 {
		t.Errorf("%d numbers, want 6: %v", len(plain.Used()), plain.Used())
	}
	changed := seed.NewDraws(5, seed.Draw{Stream: "b", Index: 1, Value: 0}, seed.Draw{Stream: "b", Index: 1, Value: math.MaxUint64}, seed.Draw{Stream: "c", Value: 1})
	got := all(changed)
	want[4] = 999
	if !slices.Equal(got, want) {
		t.Errorf("with one number replaced %v, want %v", got, want)
	}
	if again := all(seed.NewDraws(99, changed.Used()...)); !slices.Equal(again, got) {
		t.Errorf("from its vector %v, want %v", again, got)
	}
}
