package stat

import (
	"math"
	"sort"

	"gonum.org/v1/gonum/mathext"
)

// RunsBelow returns the smallest number of runs, k of which hang, that shows a rate below
// p at the given level: the upper end of the one-sided Clopper-Pearson interval is then
// at most p. For k = 0 it is ln(1-level) / ln(1-p).
//
// The number of runs and k must be fixed beforehand. 0 < p < 1, k >= 0.
//
// Clopper and Pearson, Biometrika 26 (1934) 404-413; Wilks, Annals of
// Mathematical Statistics 12 (1941) 91-96, for the numbers of runs.
func RunsBelow(k int, p, level float64) int {
	if k == 0 {
		return int(math.Ceil(math.Log1p(-level) / math.Log1p(-p)))
	}
	return least(k+1, func(n int) bool { return AtLeast(k+1, n, p) >= level })
}

// RunsToBeat returns the smallest number of runs with a fix, k of which hang, that shows
// that the fix divides the rate by factor or more, if before of beforeRuns runs without
// it hung. For k = 0 it is
// factor * beforeRuns * ((1-level)^(-1/before) - 1).
//
// Given the sum of the two counts, the count with the fix is binomial, as for
// two Poisson counts. before >= 1, factor >= 1.
//
// Przyborowski and Wilenski, Biometrika 31 (1940) 313-323.
func RunsToBeat(k, before, beforeRuns int, factor, level float64) int {
	return least(1, func(n int) bool {
		share := float64(n) / (float64(n) + float64(factor*float64(beforeRuns)))
		return AtLeast(k+1, k+before, share) >= level
	})
}

// RunsToTell returns the number of runs of each of two kernels with which Fisher's exact
// test (two-sided, at the given level) finds a difference between rates a and b with the
// given power.
//
// Fleiss, Tytun and Ury, Biometrics 36 (1980) 343-346: the normal approximation
// with a correction for continuity.
func RunsToTell(a, b, level, power float64) int {
	n, d := runsToTell(a, b, level, power), math.Abs(a-b)
	root := 1 + math.Sqrt(1+4/(n*d))
	return int(math.Ceil(n / 4 * root * root))
}

// runsToTell is the normal approximation without the correction.
func runsToTell(a, b, level, power float64) float64 {
	mean := float64((a + b) / 2)
	same := float64(2 * mean * (1 - mean))
	apart := float64(a*(1-a)) + float64(b*(1-b))
	root := float64(mathext.NormalQuantile((1+level)/2)*math.Sqrt(same)) + float64(mathext.NormalQuantile(power)*math.Sqrt(apart))
	return root * root / ((a - b) * (a - b))
}

// least returns the smallest n >= low for which enough is true. enough must be monotone.
// It returns math.MaxInt if there is none up to about 2^53, beyond which a float64 does
// not represent every integer, or up to the largest int of a 32-bit machine.
func least(low int, enough func(n int) bool) int {
	const last = min(1<<52, math.MaxInt/2)
	high := low
	for !enough(high) {
		if high > last {
			return math.MaxInt
		}
		high *= 2
	}
	return low + sort.Search(high-low, func(i int) bool { return enough(low + i) })
}
