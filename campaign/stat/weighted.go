package stat

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Weighted returns the confidence interval of the expectation of a sum of many
// independent contributions, most of which are 0: their sum, the sum of their squares
// and the largest. Where all are equal it is the exact interval of a Poisson number.
// The upper end allows for one more contribution as large as the largest, so it holds as
// often as it states where that is about the largest possible. Without a contribution it
// is [0, 0]: then nothing says how large one would be.
//
// Fay and Feuer, Statistics in Medicine 16 (1997) 791-801.
func Weighted(sum, squares, largest, level float64) Interval {
	quantile := func(mean, variance, p float64) float64 {
		g := distuv.Gamma{Alpha: mean * mean / variance, Beta: mean / variance}
		if !(g.Alpha > 0 && g.Beta > 0) || math.IsInf(g.Alpha, 0) || math.IsInf(g.Beta, 0) {
			return 0
		}
		return g.Quantile(p)
	}
	return Interval{
		Lo: quantile(sum, squares, (1-level)/2),
		Hi: quantile(sum+largest, squares+float64(largest*largest), (1+level)/2),
	}
}
