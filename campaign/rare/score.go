package rare

import (
	"cmp"
	"slices"
	"time"

	"github.com/gpstorm/gpstorm/trial"
)

// score measures the distance of a trial from the event. Trials are compared by their
// longest close() in steps of a hundredth: most of its time is a whole number of ticks,
// and a few microseconds more bring it no nearer to the threshold. Within a step the
// total time of all close()s decides. So levels continue where the longest close()
// does not get longer, and the event is still the last level.
type score struct {
	step  int // 0 from the threshold on, -1 for the hundredth below it, and so on
	total time.Duration
}

func (s score) compare(o score) int {
	return cmp.Or(cmp.Compare(s.step, o.step), cmp.Compare(s.total, o.total))
}

// event is the score of every trial that reaches the threshold.
var event = score{}

// scale divides the times below a threshold into steps.
type scale []time.Duration // the beginnings of steps 0, -1, -2, ...

func newScale(threshold time.Duration) scale {
	var s scale
	for at := threshold; at > 0; at -= (at + 99) / 100 {
		s = append(s, at)
	}
	return append(s, 0)
}

// of returns the score of a result. A close() that had not returned counts up to the
// horizon.
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
		return event // times beyond the threshold are equal
	}
	return score{-i, total}
}

// from returns the time at which a step begins.
func (s scale) from(step int) time.Duration { return s[-step] }
