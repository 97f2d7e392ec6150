package rare

import (
	"cmp"
	"slices"
	"time"

	"github.com/gpstorm/gpstorm/trial"
)

// score says how near a trial is to the event. Trials are compared by their longest
// close() in steps of a hundredth, since most of it is a whole number of ticks, and
// a few microseconds more are no nearer to the threshold. Within a step the time of
// all close()s together decides. So the levels go on where the longest close() does
// not get longer, and the event is still the last of them.
type score struct {
	step  int // 0 from the threshold on, -1 for the hundredth below it, and so on
	total time.Duration
}

func (s score) compare(o score) int {
	return cmp.Or(cmp.Compare(s.step, o.step), cmp.Compare(s.total, o.total))
}

// event is the score of the event: no trial that reaches the threshold has less.
var event = score{}

// scale tells the steps below a threshold.
type scale []time.Duration // where steps 0, -1, -2, ... begin

func newScale(threshold time.Duration) scale {
	var s scale
	for at := threshold; at > 0; at -= (at + 99) / 100 {
		s = append(s, at)
	}
	return append(s, 0)
}

// of is the score of a result. A close() that had not returned at the horizon
// counts as far as it had come.
func (s scale) of(r *trial.Result) score {
	var total time.Duration
	for i := range r.Closes {
		total += r.Closes[i].Wait
	}
	i, _ := slices.BinarySearchFunc(s, longest(r), func(edge, wait time.Duration) int {
		if edge <= wait {
			return 0
		}
		return -1
	})
	if i == 0 {
		return event // how far beyond does not matter
	}
	return score{-i, total}
}

// from is the time at which a step begins.
func (s scale) from(step int) time.Duration { return s[-step] }
