package stat

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// A sequential test keeps its error rate at any number of looks and any stopping rule.
// Each test here has a wealth that starts at 1 and is a supermartingale under the
// hypothesis, so the probability that it ever reaches 1/a is at most a (Ville 1939).
// Survey: Ramdas, Grünwald, Vovk and Shafer, Statistical Science 38 (2023) 576-601.

// SignTest is a sequential test of the hypothesis that each event is up or down with
// equal probability: the sign test and McNemar's, for repeated looks. The zero value has
// no events.
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

// P returns the p-value. Under the hypothesis the probability that it is ever a or less
// is at most a.
func (s *SignTest) P() float64 { return math.Exp(-s.best) }

// logMixture returns the logarithm of the probability of one sequence with so many
// successes and failures, if the rate of successes has the Beta(1/2, 1/2) distribution.
//
// Krichevsky and Trofimov, IEEE Transactions on Information Theory 27 (1981)
// 199-207; as a mixture of likelihood ratios, Robbins, Annals of Mathematical
// Statistics 41 (1970) 1397-1409.
func logMixture(successes, failures int) float64 {
	return mathext.Lbeta(float64(successes)+0.5, float64(failures)+0.5) - mathext.Lbeta(0.5, 0.5)
}

// Sequence returns the interval of a confidence sequence for a rate after k events in n
// trials. With probability level the intervals contain the rate after every number of
// trials, so the trials may determine their own number. The interval consists of the rates
// that the mixture over all rates does not refute, and is wider than that of
// ClopperPearson.
func Sequence(k, n int, level float64) Interval {
	limit := -math.Log(1 - level)
	holds := func(p float64) bool {
		wealth := logMixture(k, n-k)
		if k > 0 {
			wealth -= float64(float64(k) * math.Log(p))
		}
		if k < n {
			wealth -= float64(float64(n-k) * math.Log1p(-p))
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

// boundary returns the point between in and out up to which holds is true; it is true at
// in.
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

// PredictivePower returns the predictive probability that the sign test will have a
// p-value below p after all pairs, from the events up and down in a share of the pairs. It
// assumes a flat prior of the true difference and normal counts. Ending a comparison at a
// small value may miss a difference, but never claims one.
//
// Spiegelhalter, Freedman and Blackburn, Controlled Clinical Trials 7 (1986) 8-17;
// in terms of the statistic, Lan and Wittes, Biometrics 44 (1988) 579-585.
func PredictivePower(up, down int, share, p float64) float64 {
	z := 0.0
	if up != down {
		z = math.Abs(float64(up-down)) / math.Sqrt(float64(up+down))
	}
	need := mathext.NormalQuantile(1 - float64(p/2))
	if share >= 1 {
		if z > need {
			return 1
		}
		return 0
	}
	at, sd := float64(need*math.Sqrt(share)), math.Sqrt(2*(1-share))
	return (math.Erfc((at-z)/sd) + math.Erfc((at+z)/sd)) / 2 // in either direction
}
