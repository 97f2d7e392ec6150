package campaign

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/gpstorm/gpstorm/trial"
)

// Cause is one cause of waits, with its share of the total time of some closes.
type Cause struct {
	trial.Cause
	Share float64 `json:"share"`
	// Storm is the part of this cause's time that perf samples took from the CPU or
	// task at the end of the chain.
	Storm float64 `json:"storm,omitempty"`
}

// maxCauses is the number of whole chains in a row, the largest first.
const maxCauses = 3

// Blame divides the total time of some closes in two ways. The shares of each list
// add up to 1.
type Blame struct {
	// Waited is the total time. A close that had not returned counts up to the
	// horizon.
	Waited time.Duration `json:"waited_ns"`
	Closes int           `json:"closes"`
	// Stages divides the time by the outermost links of the chains of waits.
	Stages []Cause `json:"stages"`
	// Links divides the time by the innermost links.
	Links []Cause `json:"links"`
}

// blameSum sums waits by cause. The model's mechanisms and the scenario's groups of
// tasks limit the number of different causes.
type blameSum map[trial.Cause]*trial.Share

func (b blameSum) add(shares []trial.Share) {
	for i := range shares {
		b.put(shares[i].Cause, &shares[i])
	}
}

// put adds a share to those of a cause.
func (b blameSum) put(c trial.Cause, s *trial.Share) {
	sum := b[c]
	if sum == nil {
		sum = &trial.Share{Cause: c}
		b[c] = sum
	}
	sum.Wait += s.Wait
	sum.Storm += s.Storm
}

// by sums by a part of each cause.
func (b blameSum) by(part func(trial.Cause) trial.Cause) blameSum {
	sum := blameSum{}
	for c, s := range b {
		sum.put(part(c), s)
	}
	return sum
}

func (b blameSum) blame(closes int) *Blame {
	whole := b.whole()
	if whole == 0 {
		return nil
	}
	return &Blame{
		Waited: whole, Closes: closes,
		Stages: b.by(trial.Cause.Stage).causes(),
		Links:  b.by(trial.Cause.Link).causes(),
	}
}

func (b blameSum) whole() (sum time.Duration) {
	for _, s := range b {
		sum += s.Wait
	}
	return sum
}

// causes returns all causes, the largest first.
func (b blameSum) causes() []Cause {
	whole := b.whole()
	if whole == 0 {
		return nil
	}
	all := slices.Collect(maps.Values(b))
	slices.SortFunc(all, func(a, b *trial.Share) int {
		if c := cmp.Compare(b.Wait, a.Wait); c != 0 {
			return c
		}
		return a.Cause.Compare(b.Cause)
	})
	causes := make([]Cause, len(all))
	for i, s := range all {
		causes[i] = Cause{Cause: s.Cause, Share: float64(s.Wait) / float64(whole)}
		if s.Wait > 0 {
			causes[i].Storm = float64(s.Storm) / float64(s.Wait)
		}
	}
	return causes
}
