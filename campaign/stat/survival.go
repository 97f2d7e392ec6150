package stat

import "time"

// Step counts, at one latency, the waits that ended there and those that were censored
// there.
type Step struct {
	At       time.Duration
	Ended    int
	Censored int
}

// Quantile is a latency quantile. If Beyond is set, it is unknown because of censored
// waits, and At is a lower bound.
type Quantile struct {
	At     time.Duration `json:"ns"`
	Beyond bool          `json:"beyond,omitempty"`
}

// KaplanMeier returns the quantiles q, which are ascending, above 0 and at most 1, of
// censored latencies: the smallest latency at which the product-limit estimate of the
// share still waiting is at most 1-q. Steps are in ascending order of latency. Waits
// censored at a latency count as longer than those that ended there. If the estimate
// never gets that low, the quantile is beyond the longest wait. Without a censored wait
// this is the nearest-rank percentile.
//
// Kaplan and Meier, Journal of the American Statistical Association 53 (1958)
// 457-481.
func KaplanMeier(steps []Step, q ...float64) []Quantile {
	atRisk := 0
	for _, s := range steps {
		atRisk += s.Ended + s.Censored
	}
	quantiles := make([]Quantile, len(q))
	next, waiting := 0, 1.0
	total, ended, censored := atRisk, 0, false
	var last time.Duration
	for _, s := range steps {
		if s.Ended+s.Censored == 0 {
			continue
		}
		last = s.At
		if s.Ended > 0 {
			ended += s.Ended
			if censored {
				waiting *= 1 - float64(s.Ended)/float64(atRisk)
			} else {
				// Exact as long as no wait was censored before.
				waiting = float64(total-ended) / float64(total)
			}
		}
		for next < len(q) && waiting <= 1-q[next]+1e-12 {
			quantiles[next] = Quantile{At: s.At}
			next++
		}
		atRisk -= s.Ended + s.Censored
		censored = censored || s.Censored > 0
	}
	for ; next < len(q); next++ {
		quantiles[next] = Quantile{At: last, Beyond: true}
	}
	return quantiles
}
