package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The exact intervals of a Poisson number: Garwood, Biometrika 28 (1936) 437-442.
func TestEqualContributionsHaveTheExactInterval(t *testing.T) {
	t.Parallel()
	for k, want := range map[float64]Interval{1: {Lo: 0.0253, Hi: 5.572}, 10: {Lo: 4.795, Hi: 18.39}, 50: {Lo: 37.11, Hi: 65.92}} {
		got := Weighted(3*k, 9*k, 3, 0.95)
		if math.Abs(got.Lo/3/want.Lo-1) > 1e-3 || math.Abs(got.Hi/3/want.Hi-1) > 1e-3 {
			t.Errorf("%g contributions of 3: %v, want 3 times %v", k, got, want)
		}
	}
	for _, none := range [][3]float64{{0, 0, 0}, {1, 0, 0}, {1e300, 1, 1}, {-1, 1, -1}, {math.NaN(), 1, 1}} {
		if got := Weighted(none[0], none[1], none[2], 0.95); got != (Interval{}) {
			t.Errorf("%v: %v, want none", none, got)
		}
	}
}

// Uneven contributions: the interval misses hardly more often than it states, if there are
// more than a few.
func TestWeightedIntervalsHold(t *testing.T) {
	t.Parallel()
	const runs = 4000
	sizes := []float64{1, 1, 1, 2, 3, 3, 5, 10}
	for _, expected := range []float64{15, 50} {
		rng, missed := rand.New(rand.NewPCG(1, 2)), 0
		mean := expected * 26 / 8
		for range runs {
			sum, squares, largest := 0.0, 0.0, 0.0
			for at := rng.ExpFloat64(); at < expected; at += rng.ExpFloat64() {
				x := sizes[rng.IntN(len(sizes))]
				sum, squares, largest = sum+x, squares+x*x, max(largest, x)
			}
			if iv := Weighted(sum, squares, largest, 0.95); mean < iv.Lo || iv.Hi < mean {
				missed++
			}
		}
		t.Logf("of %g contributions %d of %d intervals miss", expected, missed, runs)
		if AtLeast(missed, runs, 0.06) < 1e-3 {
			t.Errorf("of %g contributions %d of %d intervals miss the expectation, want 6 %%", expected, missed, runs)
		}
	}
}
