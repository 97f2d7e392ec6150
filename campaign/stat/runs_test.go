package stat

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/combin"
)

// Wilks's numbers, for 95 % of a population at 95 % confidence and, for k = 0, for 99 %
// at 99 %.
func TestRunsBelowGivesPublishedNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		k        int
		p, level float64
		want     int
	}{
		{0, 0.05, 0.95, 59}, {1, 0.05, 0.95, 93}, {2, 0.05, 0.95, 124}, {3, 0.05, 0.95, 153}, {4, 0.05, 0.95, 181},
		{0, 0.01, 0.99, 459}, {0, 0.01, 0.95, 299}, {0, 1e-6, 0.95, 2_995_731},
	} {
		if got := RunsBelow(c.k, c.p, c.level); got != c.want {
			t.Errorf("%d hangs, rate %g, level %g: %d, want %d", c.k, c.p, c.level, got, c.want)
		}
	}
}

func TestRunsBelowIsTheLeastThatTheIntervalAllows(t *testing.T) {
	t.Parallel()
	for _, k := range []int{0, 1, 3, 40} {
		for _, p := range []float64{0.3, 0.01, 1e-6} {
			n := RunsBelow(k, p, 0.95)
			// The one-sided interval is half of the two-sided one at 90 %.
			if hi := ClopperPearson(k, n, 0.90).Hi; hi > p*(1+1e-9) {
				t.Errorf("%d of %d: upper end %g, want at most %g", k, n, hi, p)
			}
			if hi := ClopperPearson(k, n-1, 0.90).Hi; hi <= p {
				t.Errorf("%d of %d: upper end %g, and one run less is enough for %g", k, n, hi, p)
			}
		}
	}
}

func TestRunsToBeatHasTheClosedFormWithoutAHang(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		before, runs int
		factor       float64
	}{{3, 40, 1}, {1, 10, 1}, {12, 500, 10}, {1, 1, 1000}} {
		want := int(math.Ceil(c.factor * float64(c.runs) * (math.Pow(0.05, -1/float64(c.before)) - 1)))
		if got := RunsToBeat(0, c.before, c.runs, c.factor, 0.95); got != want {
			t.Errorf("%+v: %d, want %d", c, got, want)
		}
	}
}

// The number of runs depends on the count before, so the size of the test is not that of
// the conditional test. The sum over all counts gives it exactly: the probability that a
// fix that divides the rate by exactly the factor stays clean long enough.
func TestRunsToBeatIsWrongNoMoreOftenThanStated(t *testing.T) {
	t.Parallel()
	counts := []int{10, 40, 200, 1000}
	if testing.Short() {
		counts = counts[:3]
	}
	for _, level := range []float64{0.9, 0.95, 0.99} {
		worst := 0.0
		for _, runs := range counts {
			for _, rate := range []float64{0.001, 0.01, 0.05, 0.1, 0.3, 0.6} {
				for _, factor := range []float64{1, 2, 10} {
					wrong := 0.0
					for before := 1; before <= runs; before++ {
						of := AtLeast(before, runs, rate) - AtLeast(before+1, runs, rate)
						clean := math.Pow(1-rate/factor, float64(RunsToBeat(0, before, runs, factor, level)))
						wrong += of * clean
					}
					worst = max(worst, wrong)
					if wrong > 1-level {
						t.Errorf("%d runs at a rate of %g, factor %g: wrong in %.4f, stated %.4f", runs, rate, factor, wrong, 1-level)
					}
				}
			}
		}
		t.Logf("level %g: wrong in at most %.4f", level, worst)
	}
}

// The manual of R's power.prop.test has the first without the correction: 76.7.
func TestRunsToTellGivesPublishedNumbers(t *testing.T) {
	t.Parallel()
	if got := fmt.Sprintf("%.1f", runsToTell(0.50, 0.75, 0.95, 0.90)); got != "76.7" {
		t.Errorf("without the correction: %s, want 76.7", got)
	}
	if a, b := RunsToTell(0.5, 0.75, 0.95, 0.9), RunsToTell(0.75, 0.5, 0.95, 0.9); a != b {
		t.Errorf("%d and %d: want the same in both orders", a, b)
	}
}

// The formula is conservative, most of all for a rate near 0.
func TestRunsToTellGiveFishersTestItsPower(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ a, b, power float64 }{
		{0.5, 0.75, 0.9}, {0.2, 0.05, 0.8}, {0.1, 0.01, 0.9}, {0.3, 0, 0.9}, {0.9, 0.6, 0.8},
	} {
		n := RunsToTell(c.a, c.b, 0.95, c.power)
		got := fisherPower(n, c.a, c.b, 0.05)
		t.Logf("%+v: %d runs each, power %.3f", c, n, got)
		if got < c.power || got > c.power+0.07 {
			t.Errorf("%+v: %d runs each have a power of %.3f, want that or up to 0.07 more", c, n, got)
		}
	}
}

// fisherPower returns the exact probability that Fisher's test, two-sided by doubling the
// smaller tail, rejects at level alpha.
func fisherPower(n int, a, b, alpha float64) (power float64) {
	binomial := func(k int, p float64) float64 { return AtLeast(k, n, p) - AtLeast(k+1, n, p) }
	for x := 0; x <= n; x++ {
		px := binomial(x, a)
		for y := 0; y <= n; y++ {
			if 2*hypergeometricTail(x, y, n) <= alpha {
				power += px * binomial(y, b)
			}
		}
	}
	return power
}

// hypergeometricTail returns the probability that x+y hangs are distributed over two
// samples of n runs each at least as unevenly as x and y, in that direction.
func hypergeometricTail(x, y, n int) (tail float64) {
	sum := x + y
	for k := max(x, y); k <= min(sum, n); k++ {
		tail += math.Exp(combin.LogGeneralizedBinomial(float64(n), float64(k)) +
			combin.LogGeneralizedBinomial(float64(n), float64(sum-k)) -
			combin.LogGeneralizedBinomial(float64(2*n), float64(sum)))
	}
	return tail
}
