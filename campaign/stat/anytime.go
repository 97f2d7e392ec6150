package stat

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// A sequential test keeps its error rate however often one looks, and may end
// whenever one likes. Each here rests on a wealth that starts at 1 and, under the
// hypothesis, does not grow on average: it ever reaches 1/a with a probability of a
// at most (Ville 1939). Ramdas, Grünwald, Vovk and Shafer, Statistical Science 38
// (2023) 576-601, is the survey.

// SignTest is a sequential test of the hypothesis that each event goes up or down
// with the same chance: McNemar's and the sign test, for repeated looks. The zero
// value has seen no event.
type SignTest struct {
	Up, Down int
	best     float64 // logarithm of the largest wealth so far
}

// Add counts an event.
func (s *SignTest) Add(up bool) {
	if up {
		s.Up++
	} else {
		s.Down++
	}
	s.best = max(s.best, float64(float64(s.Up+s.Down)*math.Ln2)+logMixture(s.Up, s.Down))
}

// P is the p-value: its probability of ever being a or less is a at most, under
// the hypothesis.
func (s *SignTest) P() float64 { return math.Exp(-s.best) }

// logMixture is the logarithm of the probability of one sequence of so many
// successes and failures, where the rate of successes has the Beta distribution
// with both parameters 1/2.
//
// Krichevsky and Trofimov, IEEE Transactions on Information Theory 27 (1981)
// 199-207; as a mixture of likelihood ratios, Robbins, Annals of Mathematical
// Statistics 41 (1970) 1397-1409.
func logMixture(successes, failures int) float64 {
	return mathext.Lbeta(float64(successes)+0.5, float64(failures)+0.5) - mathext.Lbeta(0.5, 0.5)
}

// Sequence is the interval of a rate after k of n trials had the event, from a
// confidence sequence: with a probability of level it holds the rate after every
// number of trials, and so after a number that the trials themselves chose. It
// consists of the rates that the mixture over all rates does not refute, and is wider
// than the interval of ClopperPearson.
func Sequence(k, n int, level float64) Interval {
	limit := -math.Log(1 - level)
	holds := func(p float64) bool {
		wealth := logMixture(k, n-k)
		if k > 0 {
			wealth -= float64(k) * math.Log(p)
		}
		if k < n {
			wealth -= float64(n-k) * math.Log1p(-p)
		}
		return wealth < limit
	}
	iv := Interval{0, 1}
	if n == 0 {
		return iv
	}
	middle := float64(k) / float64(n)
	if k > 0 {
		iv.Lo = boundary(middle, 0, holds)
	}
	if k < n {
		iv.Hi = boundary(middle, 1, holds)
	}
	return iv
}

// boundary is where holds ends between in, where it is true, and out.
func boundary(in, out float64, holds func(float64) bool) float64 {
	for range 60 {
		if middle := (in + out) / 2; holds(middle) {
			in = middle
		} else {
			out = middle
		}
	}
	return out
}

// PredictivePower is the probability that the sign test of so many events up and
// down, in a share of all pairs, will have a p-value below p after all of them, by
// what they show so far. It allows for any true difference (a flat prior), and takes
// the counts for normal. Ending a comparison for a small value misses differences,
// but claims none.
//
// Spiegelhalter, Freedman and Blackburn, Controlled Clinical Trials 7 (1986) 8-17;
// in terms of the statistic, Lan and Wittes, Biometrics 44 (1988) 579-585.
func PredictivePower(up, down int, share, p float64) float64 {
	z := 0.0
	if up != down {
		z = math.Abs(float64(up-down)) / math.Sqrt(float64(up+down))
	}
	need := mathext.NormalQuantile(1 - p/2)
	if share >= 1 {
		if z > need {
			return 1
		}
		return 0
	}
	at, sd := float64(need*math.Sqrt(share)), math.Sqrt(2*(1-share))
	return (math.Erfc((at-z)/sd) + math.Erfc((at+z)/sd)) / 2 // in either direction
}
