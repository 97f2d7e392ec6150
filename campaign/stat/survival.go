package stat

import "time"

// Step is what is known at one latency: how many waits ended at it and how many
// were cut off there, still waiting.
type Step struct {
	At       time.Duration
	Ended    int
	Censored int
}

// Quantile is a latency quantile. With Beyond set the waits that were cut off
// leave it unknown, and At is a lower bound.
type Quantile struct {
	At     time.Duration `json:"ns"`
	Beyond bool          `json:"beyond,omitempty"`
}

// KaplanMeier returns the quantiles q, ascending and above 0 up to 1, of
// latencies some of which were cut off: the smallest latency at which the
// product-limit estimate of "still waiting" is at or below 1-q. Steps are in
// ascending order of latency; waits cut off at a latency count as longer than
// those that ended at it. Where the estimate never gets that low, the quantile
// is beyond the longest wait seen. Without a censored wait this is the
// nearest-rank percentile.
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
				// Exact as long as nothing was cut off before.
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
