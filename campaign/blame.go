package campaign

import (
	"cmp"
	"maps"
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

// maxCauses is how many whole paths a row names, the largest first.
const maxCauses = 3

// Blame divides all the time that some closes took, one way and another. The
// shares of each list add up to 1.
type Blame struct {
	// Waited is that time. A close that had not returned counts for as long
	// as it was seen.
	Waited time.Duration `json:"waited_ns"`
	Closes int           `json:"closes"`
	// Stages tells what close() itself waited for: the outermost links of the
	// chains of waits.
	Stages []Cause `json:"stages"`
	// Links tells what held it up in the end: the innermost links.
	Links []Cause `json:"links"`
}

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

// by adds up by a part of each path.
func (b blameSum) by(part func(path []string) []string) blameSum {
	sum := blameSum{}
	for _, s := range b {
		sum.put(part(s.Path), s.Wait, s.Storm)
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
		Stages: b.by(func(path []string) []string { return path[:1] }).causes(),
		Links:  b.by(func(path []string) []string { return path[len(path)-1:] }).causes(),
	}
}

func (b blameSum) whole() (sum time.Duration) {
	for _, s := range b {
		sum += s.Wait
	}
	return sum
}

// causes are all of them, the largest first.
func (b blameSum) causes() []Cause {
	whole := b.whole()
	if whole == 0 {
		return nil
	}
	all := slices.Collect(maps.Values(b))
	slices.SortFunc(all, func(a, b *trial.Share) int {
		return cmp.Or(cmp.Compare(b.Wait, a.Wait), slices.Compare(a.Path, b.Path))
	})
	causes := make([]Cause, len(all))
	for i, s := range all {
		causes[i] = Cause{Path: s.Path, Share: float64(s.Wait) / float64(whole)}
		if s.Wait > 0 {
			causes[i].Storm = float64(s.Storm) / float64(s.Wait)
		}
	}
	return causes
}
