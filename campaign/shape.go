package campaign

import (
	"math"
	"slices"
	"time"

	"github.com/gpstorm/gpstorm/campaign/stat"
	"github.com/gpstorm/gpstorm/trial"
)

// loadBins is the number of equal steps of storm load in a summary.
const loadBins = 10

// LoadBin counts a candidate's trials, in all scenarios, with a storm duty within
// one step.
type LoadBin struct {
	From     float64       `json:"from"` // storm duty, 0 to 1
	To       float64       `json:"to"`
	Trials   int           `json:"trials"`
	Hung     int           `json:"hung"`
	HangRate stat.Interval `json:"hang_rate"`
}

// Load is one candidate's hang rate as a function of storm load.
type Load struct {
	Fix  string    `json:"fix"`
	Bins []LoadBin `json:"bins"`
}

// loadSum counts trials and hangs by load.
type loadSum [loadBins]struct{ trials, hung int }

func (l *loadSum) add(r *trial.Result) {
	bin := &l[min(max(int(r.StormDuty*loadBins), 0), loadBins-1)]
	bin.trials++
	if r.Hung() {
		bin.hung++
	}
}

func (l *loadSum) load(h *Head, fix string) Load {
	out := Load{Fix: fix}
	for i, b := range l {
		out.Bins = append(out.Bins, LoadBin{
			From: float64(i) / loadBins, To: float64(i+1) / loadBins,
			Trials: b.trials, Hung: b.hung,
			HangRate: h.Interval(b.hung, b.trials),
		})
	}
	return out
}

// A distribution has four steps to a decade, from 1 us to 1000 s.
const (
	perDecade = 4
	decades   = 9
)

// Distribution counts completed waits by length on a log scale. The first step
// includes shorter waits, the last one longer waits.
type Distribution []int

// edges are the lower bounds of the steps.
var edges = func() (e [perDecade * decades]time.Duration) {
	for i := range e {
		e[i] = time.Duration(math.Round(1000 * math.Pow(10, float64(i)/perDecade)))
	}
	return e
}()

// Edge returns the lower bound of the i-th step of a distribution.
func Edge(i int) time.Duration { return edges[i] }

func (l *latencies) distribution() Distribution {
	d := make(Distribution, len(edges))
	for _, s := range l.steps() {
		if s.Ended > 0 {
			d[distributionStep(s.At)] += s.Ended
		}
	}
	return d
}

func distributionStep(wait time.Duration) int {
	i, _ := slices.BinarySearch(edges[:], wait+1)
	return max(i-1, 0)
}
