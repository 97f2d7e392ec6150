package rare

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// normal returns the standard normal quantile of a number in units of 2^-64.
func normal(v uint64) float64 {
	if v >= 1<<63 { // by symmetry: a float64 has more digits near 0 than near 1
		return -normal(^v)
	}
	return mathext.NormalQuantile((float64(v) + 0.5) / (1 << 64))
}

// uniform is the inverse of normal.
func uniform(z float64) uint64 {
	if z > 0 {
		return ^uniform(-z)
	}
	return uint64(min(math.Erfc(-z/math.Sqrt2)/2, 0.5) * (1<<64 - 2048))
}
