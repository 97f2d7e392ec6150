package campaign

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/gpstorm/gpstorm/trial"
)

// Cause is one thing that close() waited for, and its share of all the time
// that the closes of some trials took.
type Cause struct {
	Path  []string `json:"path"`
	Share float64  `json:"share"`
	// Storm is the part of this cause's time that samples took from what was
	// waited for.
	Storm float64 `json:"storm,omitempty"`
}

// maxCauses is how many causes a row names, the largest first.
const maxCauses = 3

// blameSum adds up what close() waited for. The number of different paths is
// bounded by the model's vocabulary and the scenario's groups of tasks.
type blameSum map[string]*trial.Share

const pathSeparator = "\x00"

func (b blameSum) add(shares []trial.Share) {
	for _, s := range shares {
		b.put(s.Path, s.Wait, s.Storm)
	}
}

func (b blameSum) put(path []string, wait, storm time.Duration) {
	key := strings.Join(path, pathSeparator)
	sum := b[key]
	if sum == nil {
		sum = &trial.Share{Path: path}
		b[key] = sum
	}
	sum.Wait += wait
	sum.Storm += storm
}

// innermost adds up by the last link of each path alone.
func (b blameSum) innermost() blameSum {
	in := blameSum{}
	for _, s := range b {
		in.put(s.Path[len(s.Path)-1:], s.Wait, s.Storm)
	}
	return in
}

// causes are the largest ones.
func (b blameSum) causes() []Cause {
	var whole time.Duration
	all := make([]*trial.Share, 0, len(b))
	for _, s := range b {
		whole += s.Wait
		all = append(all, s)
	}
	if whole == 0 {
		return nil
	}
	slices.SortFunc(all, func(a, b *trial.Share) int {
		return cmp.Or(cmp.Compare(b.Wait, a.Wait), slices.Compare(a.Path, b.Path))
	})
	var top []Cause
	for _, s := range all[:min(len(all), maxCauses)] {
		c := Cause{Path: s.Path, Share: float64(s.Wait) / float64(whole)}
		if s.Wait > 0 {
			c.Storm = float64(s.Storm) / float64(s.Wait)
		}
		top = append(top, c)
	}
	return top
}
