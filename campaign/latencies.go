package campaign

import (
	"cmp"
	"math/bits"
	"slices"
	"time"

	"github.com/gpstorm/gpstorm/campaign/stat"
)

// latencies collects waits in bounded memory: exactly up to exactWaits of them,
// then in a histogram of 128 buckets per octave, whose midpoints are within 0.4 %
// of the waits in them.
type latencies struct {
	exact     []stat.Step
	histogram []stat.Step // by bucket; nil while waits are exact
	count     int
	censored  int
	longest   time.Duration
}

const (
	exactWaits = 4096
	bucketBits = 7
	buckets    = (64 - bucketBits) << bucketBits
)

func (l *latencies) add(wait time.Duration, censored bool) {
	s := stat.Step{At: wait, Ended: 1}
	if censored {
		s = stat.Step{At: wait, Censored: 1}
		l.censored++
	}
	l.count++
	l.longest = max(l.longest, wait)
	switch {
	case l.histogram != nil:
		l.bin(s)
	case len(l.exact) < exactWaits:
		l.exact = append(l.exact, s)
	default:
		l.histogram = make([]stat.Step, buckets)
		for _, e := range l.exact {
			l.bin(e)
		}
		l.exact = nil
		l.bin(s)
	}
}

func (l *latencies) bin(s stat.Step) {
	i := bucketOf(s.At)
	b := &l.histogram[i]
	b.At = midpoint(i)
	b.Ended += s.Ended
	b.Censored += s.Censored
}

// bucketOf is linear up to 2^bucketBits and then splits each octave into
// 2^bucketBits equal buckets.
func bucketOf(d time.Duration) int {
	v := uint64(max(d, 0))
	shift := max(bits.Len64(v)-bucketBits-1, 0)
	return shift<<bucketBits + int(v>>shift)
}

func midpoint(i int) time.Duration {
	shift := max(i>>bucketBits-1, 0)
	low := uint64(i-shift<<bucketBits) << shift
	return time.Duration(low + (1<<shift)/2)
}

// steps returns the waits in ascending order, for the estimators.
func (l *latencies) steps() []stat.Step {
	if l.histogram != nil {
		return l.histogram
	}
	slices.SortStableFunc(l.exact, func(a, b stat.Step) int { return cmp.Compare(a.At, b.At) })
	merged := l.exact[:0:0]
	for _, s := range l.exact {
		if n := len(merged); n > 0 && merged[n-1].At == s.At {
			merged[n-1].Ended += s.Ended
			merged[n-1].Censored += s.Censored
		} else {
			merged = append(merged, s)
		}
	}
	return merged
}

// Quantiles summarises a set of waits. Max is the longest observed wait, a lower
// bound if any wait was censored.
type Quantiles struct {
	P50 stat.Quantile `json:"p50"`
	P90 stat.Quantile `json:"p90"`
	P99 stat.Quantile `json:"p99"`
	Max stat.Quantile `json:"max"`
}

func (l *latencies) quantiles() Quantiles {
	q := stat.KaplanMeier(l.steps(), 0.50, 0.90, 0.99)
	for i := range q {
		// A midpoint may exceed the longest wait itself.
		q[i].At = min(q[i].At, l.longest)
	}
	return Quantiles{q[0], q[1], q[2], stat.Quantile{At: l.longest, Beyond: l.censored > 0}}
}
