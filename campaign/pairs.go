package campaign

import (
	"cmp"
	"math/rand/v2"

	"github.com/gpstorm/gpstorm/campaign/stat"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
)

// maxPairs limits the pairs in the bootstrap of a class. With more pairs it uses a
// uniform sample of them, which makes the interval wider.
const maxPairs = 2048

// pairSample keeps the waits of whole blocks: all of them up to maxPairs, then
// a uniform sample (Vitter's algorithm R, ACM TOMS 11 (1985) 37-57).
type pairSample struct {
	seed  uint64
	class string
	rng   *rand.Rand
	seen  int
	kept  [][][]stat.Wait // by block and fix; nil for a fix without a trial in the block
}

func newPairSample(campaign uint64, class string) pairSample {
	return pairSample{seed: campaign, class: class, rng: seed.Stream(campaign, "pairs kept of "+class)}
}

func (p *pairSample) add(block []*trial.Result) {
	p.seen++
	if len(p.kept) < maxPairs {
		p.kept = append(p.kept, waitsOf(block))
		return
	}
	if i := p.rng.IntN(p.seen); i < maxPairs {
		p.kept[i] = waitsOf(block)
	}
}

func waitsOf(block []*trial.Result) [][]stat.Wait {
	waits := make([][]stat.Wait, len(block))
	for i, r := range block {
		if r == nil {
			continue
		}
		waits[i] = []stat.Wait{}
		for _, cl := range r.Closes {
			waits[i] = append(waits[i], stat.Wait{For: cl.Wait, Censored: cl.Censored})
		}
	}
	return waits
}

// medianClose returns the median close() of a trial.
func medianClose(r *trial.Result) stat.Quantile {
	var l latencies
	for _, cl := range r.Closes {
		l.add(cl.Wait, cl.Censored)
	}
	return l.quantiles().P50
}

// longer compares two medians. It returns 0 if they are equal, or if a censored
// close() hides the order.
func longer(a, b stat.Quantile) int {
	switch {
	case a.Beyond && b.Beyond:
		return 0
	case a.Beyond && a.At < b.At, b.Beyond && b.At < a.At:
		return 0
	case a.Beyond:
		return 1
	case b.Beyond:
		return -1
	}
	return cmp.Compare(a.At, b.At)
}

// medianRatio compares the blocks of both candidates.
func (p *pairSample) medianRatio(fix, base int) stat.Ratio {
	rng := seed.Stream(p.seed, "bootstrap of "+p.class)
	var of, with []stat.Wait
	pairs := 0
	for _, block := range p.kept {
		if block[fix] != nil && block[base] != nil {
			of, with = appendWaits(of, pairs, block[fix]), appendWaits(with, pairs, block[base])
			pairs++
		}
	}
	return stat.MedianRatio(of, with, pairs, Level, rng)
}

func appendWaits(all []stat.Wait, pair int, waits []stat.Wait) []stat.Wait {
	for _, w := range waits {
		w.Pair = pair
		all = append(all, w)
	}
	return all
}
