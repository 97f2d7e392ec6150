// Package stat holds the statistics of a campaign: exact intervals and tests for rates,
// quantiles of censored latencies, an interval for the ratio of two medians, and
// sequential tests.
//
// Everything is deterministic: resampling uses the caller's generator.
package stat

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// Interval is a closed interval of a rate or a ratio.
type Interval struct {
	Lo float64 `json:"lo"`
	Hi float64 `json:"hi"`
}

// ClopperPearson returns the exact two-sided confidence interval of a rate after k events
// in n trials, at the given level, for example 0.95. Without trials it is [0, 1].
//
// Clopper and Pearson, Biometrika 26 (1934) 404-413.
func ClopperPearson(k, n int, level float64) Interval {
	iv := Interval{0, 1}
	tail := float64((1 - level) / 2)
	if k > 0 {
		iv.Lo = mathext.InvRegIncBeta(float64(k), float64(n-k+1), tail)
	}
	if k < n {
		iv.Hi = mathext.InvRegIncBeta(float64(k+1), float64(n-k), 1-tail)
	}
	return iv
}

// AtLeast returns the probability of k or more successes in n trials with success
// probability p.
func AtLeast(k, n int, p float64) float64 {
	switch {
	case k <= 0:
		return 1
	case k > n:
		return 0
	}
	return mathext.RegIncBeta(float64(k), float64(n-k+1), p)
}

// McNemar returns the two-sided exact p-value of the hypothesis that neither of two
// candidates is better. b and c count the pairs in which the two disagree, in one
// direction and in the other. For pairs of measurements it is the sign test.
//
// McNemar, Psychometrika 12 (1947) 153-157, in its exact conditional form:
// under the hypothesis b is binomial with probability 1/2.
func McNemar(b, c int) float64 {
	n := b + c
	if n == 0 {
		return 1
	}
	return min(1, 2*AtLeast(max(b, c), n, 0.5))
}

// Detectable returns the smallest difference in rate between two paired candidates that
// McNemar's test at the given level finds in n pairs with the given power, in the best
// case that all disagreements are in one direction. It is at most 1, or NaN if n pairs
// can show no difference.
func Detectable(n int, level, power float64) float64 {
	need := 1
	for need <= n && McNemar(need, 0) > 1-level {
		need++
	}
	if need > n {
		return math.NaN()
	}
	lo, hi := 0.0, 1.0
	for range 60 {
		mid := (lo + hi) / 2
		if AtLeast(need, n, mid) < power {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}

// Holm adjusts p-values for multiple comparisons. If those below a level are called
// significant, the probability of any false call in the family is at most that level.
//
// Holm, Scandinavian Journal of Statistics 6 (1979) 65-70.
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	adjusted := make([]float64, len(p))
	worst := 0.0
	for rank, i := range order {
		worst = max(worst, min(1, p[i]*float64(len(p)-rank)))
		adjusted[i] = worst
	}
	return adjusted
}
