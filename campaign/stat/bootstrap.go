package stat

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/montanaflynn/stats"
)

// Wait is one latency of a trial of pair Pair.
type Wait struct {
	Pair     int
	For      time.Duration
	Censored bool
}

// Ratio is the ratio of two medians and its interval.
type Ratio struct {
	Value float64 `json:"value"`
	Interval
	// Known is false if there are too few pairs, a median lies beyond the observed
	// latencies, or the base median is zero: then the ratio has no meaning.
	Known bool `json:"known"`
}

// Decided reports whether the interval excludes 1, no effect.
func (r Ratio) Decided() bool { return r.Known && (r.Hi < 1 || r.Lo > 1) }

const (
	// replicates is the number of resamples of MedianRatio.
	replicates = 999
	// minPairs is the least number of pairs. With fewer, even pairs that all agree are
	// no evidence at 95 % (a sign test has p > 0.05).
	minPairs = 6
)

// MedianRatio returns the Kaplan-Meier median of a divided by that of base, with a
// percentile bootstrap interval at the given level. It resamples whole pairs of trials,
// numbered from 0 to pairs-1. Both sides and all waits of a trial stay together, so
// correlations within a pair or a trial do not count as evidence. With fewer than
// minPairs, or if more than one resample in forty has no ratio, the ratio is unknown.
//
// Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
func MedianRatio(a, base []Wait, pairs int, level float64, rng *rand.Rand) Ratio {
	if pairs < minPairs {
		return Ratio{}
	}
	a, base = byLength(a), byLength(base)
	times := make([]int, pairs)
	for i := range times {
		times[i] = 1
	}
	value, ok := medianRatio(a, base, times)
	if !ok {
		return Ratio{}
	}
	resampled := make([]float64, 0, replicates)
	for range replicates {
		clear(times)
		for range pairs {
			times[rng.IntN(pairs)]++
		}
		if r, ok := medianRatio(a, base, times); ok {
			resampled = append(resampled, r)
		}
	}
	if len(resampled) < replicates-replicates/40 {
		return Ratio{}
	}
	tail := float64(100 * (1 - level) / 2)
	lo, errLo := stats.PercentileNearestRank(resampled, tail)
	hi, errHi := stats.PercentileNearestRank(resampled, 100-tail)
	if errLo != nil || errHi != nil {
		return Ratio{}
	}
	return Ratio{Value: value, Interval: Interval{lo, hi}, Known: true}
}

func byLength(waits []Wait) []Wait {
	sorted := slices.Clone(waits)
	slices.SortStableFunc(sorted, func(x, y Wait) int { return cmp.Compare(x.For, y.For) })
	return sorted
}

func medianRatio(a, base []Wait, times []int) (float64, bool) {
	ma, okA := median(a, times)
	mb, okB := median(base, times)
	if !okA || !okB || mb == 0 {
		return math.NaN(), false
	}
	return float64(ma) / float64(mb), true
}

// median returns the Kaplan-Meier median of waits in ascending order, each counted as
// often as its pair was drawn.
func median(waits []Wait, times []int) (time.Duration, bool) {
	steps := make([]Step, 0, len(waits))
	for _, w := range waits {
		n := times[w.Pair]
		if n == 0 {
			continue
		}
		if len(steps) == 0 || steps[len(steps)-1].At != w.For {
			steps = append(steps, Step{At: w.For})
		}
		s := &steps[len(steps)-1]
		if w.Censored {
			s.Censored += n
		} else {
			s.Ended += n
		}
	}
	if len(steps) == 0 {
		return 0, false
	}
	q := KaplanMeier(steps, 0.5)[0]
	return q.At, !q.Beyond
}
