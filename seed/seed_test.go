package seed_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gpstorm/gpstorm/seed"
)

// Every token rests on these numbers: a seed must give the same trial with every
// release of gpstorm and of Go. Change none of them.

func TestHashIsFNV1a(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]uint64{
		// Test vectors of the hash's authors.
		"":       0xcbf29ce484222325,
		"a":      0xaf63dc4c8601ec8c,
		"foobar": 0x85944171f73967e8,
		// Names that trials use.
		"vary 1":        0xbcf9c57ba71a080a,
		"storm 0 phase": 0xadf2fb353af5aae9,
		"héavy/1":       0x424db876256bfb7b,
	} {
		if got := seed.Hash(name); got != want {
			t.Errorf("%q: %#x, want %#x", name, got, want)
		}
	}
}

func TestDerive(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		seed uint64
		name string
		want uint64
	}{
		{0, "", 0x2b89591879b96e8a},
		{1, "heavy/0", 0x426697710c2540e4},
		{1, "heavy/1", 0x6ce9bd86422e2ac5},
		{2, "heavy/0", 0x3f2d2abe376eb2ef},
		{1 << 63, "margin 3", 0xc7e9c0b89bd4d2de},
		{1<<64 - 1, "vary 7", 0x969c2886e21583ae},
	} {
		if got := seed.Derive(c.seed, c.name); got != c.want {
			t.Errorf("%d, %q: %#x, want %#x", c.seed, c.name, got, c.want)
		}
	}
}

func TestStream(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		seed uint64
		name string
		want [4]uint64
	}{
		{0, "", [4]uint64{0x2b89591879b96e8a, 0xa23fd88234a3a225, 0xdc1028ea326af652, 0xf0511e32c8dd88bf}},
		{1, "storm 0 phase", [4]uint64{0x50b9a109cd42f087, 0x410a25df16e7e776, 0xf990a2b41c08e453, 0xac89013420ee242a}},
		{1<<64 - 1, "order/pct", [4]uint64{0x45fa96103dc21af5, 0xa83af73dcb92172a, 0xf4b4f4801c71f848, 0xfac5b10874af4bdb}},
	} {
		s := seed.Stream(c.seed, c.name)
		for i, want := range c.want {
			if got := s.Uint64(); got != want {
				t.Errorf("%d, %q, number %d: %#x, want %#x", c.seed, c.name, i, got, want)
			}
		}
	}
}

// The draws of campaigns and of the order world rest on how math/rand/v2 maps a
// stream to integers.
func TestDraws(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		draw func(*rand.Rand) float64
		want [3]float64
	}{
		{"Uint32", func(r *rand.Rand) float64 { return float64(r.Uint32()) }, [3]float64{1.933438898e+09, 1.70379693e+08, 1.318326935e+09}},
		{"IntN(9)", func(r *rand.Rand) float64 { return float64(r.IntN(9)) }, [3]float64{4, 0, 2}},
		{"IntN(1<<20)", func(r *rand.Rand) float64 { return float64(r.IntN(1 << 20)) }, [3]float64{880941, 472933, 208696}},
		{"IntN(3000000001)", func(r *rand.Rand) float64 { return float64(r.IntN(3_000_000_001)) }, [3]float64{1.35049147e+09, 1.19008841e+08, 9.20840727e+08}},
		{"Int64N(1000000007)", func(r *rand.Rand) float64 { return float64(r.Int64N(1_000_000_007)) }, [3]float64{4.50163826e+08, 3.9669614e+07, 3.06946911e+08}},
		{"Int64N(1<<52+1)", func(r *rand.Rand) float64 { return float64(r.Int64N(1<<52 + 1)) }, [3]float64{2.027357626833623e+15, 1.78656057994867e+14, 1.382365984674611e+15}},
		{"Float64", func(r *rand.Rand) float64 { return r.Float64() }, [3]float64{0.935510102058776, 0.24336909298447706, 0.627269486337787}},
		{"ExpFloat64", func(r *rand.Rand) float64 { return r.ExpFloat64() }, [3]float64{2.126655167514542, 2.2774343345952692, 0.9055401783553365}},
	} {
		s := seed.Stream(7, "draws")
		for i, want := range c.want {
			if got := c.draw(s); got != want {
				t.Errorf("%s, number %d: %v, want %v", c.name, i, got, want)
			}
		}
	}
	if got, want := seed.Stream(7, "draws").Perm(8), []int{6, 7, 4, 2, 3, 1, 0, 5}; !slices.Equal(got, want) {
		t.Errorf("Perm(8): %v, want %v", got, want)
	}
}
