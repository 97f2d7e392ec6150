package rare

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/seed"
)

const (
	// learning is the share of a level's trials, over all replicates, in a round of
	// learning after the first.
	learning = 0.25
	// mostRounds bounds the rounds after the first.
	mostRounds = 12
	// leastGain is the least factor by which a tilt has to make a level more frequent: as
	// much as a level.
	leastGain = 1 / passing
	// leastEffective is the least effective number of trials to learn from.
	leastEffective = 20
)

// learn chooses the tilt by the cross-entropy method. Each round draws trials from the
// tilt so far, and learns from those with the highest scores of all rounds. It ends when
// they reach the threshold, or get no further.
//
// The trials of the first round are independent and not tilted, as many as all replicates
// have at a level. learn counts those that passed the threshold. If these are so many that
// one level is enough, there is no tilt.
//
// De Boer, Kroese, Mannor and Rubinstein, Annals of Operations Research 134 (2005) 19-67.
func (e *Estimate) learn(ctx context.Context, p *Plan, ex campaign.Executor) (*tilt, error) {
	none := newTilt(nil)
	best, gain := none, 1.0
	var reached score
	var drawn rounds
	var top []sample
	size := *p
	size.Trials = p.Replicates * p.Trials
	few := int(math.Ceil(learning * float64(size.Trials)))
	for i := 0; ; i++ {
		r := newReplicate(&size, nil, best, seed.Derive(p.Seed, fmt.Sprintf("rare round %d", i)))
		r.once = true
		if err := e.simulate(ctx, p, ex, r); err != nil {
			return nil, err
		}
		scores := r.scores()
		if i == 0 {
			e.Hits = hits(scores)
			if next, _ := choose(scores, passed(len(scores))); next == event {
				return none, nil
			}
		}
		next, ok := choose(scores, passed(few))
		if !ok || i > 0 && next.compare(reached) <= 0 {
			break
		}
		drawn = append(drawn, round{best, size.Trials})
		top = slices.DeleteFunc(append(top, r.trials...), func(s sample) bool { return s.score.compare(next) < 0 })
		for j := range top {
			top[j].weight = drawn.weight(top[j].draws)
		}
		learnt, effective := marginals(top)
		if effective < leastEffective {
			break
		}
		rate := passes(scores, next)
		best, reached, gain = newTilt(learnt), next, passing/rate
		if next == event || rate < p.Floor || i == mostRounds || p.levels(e.Trials+few) < 1 {
			break
		}
		size.Trials = few
	}
	if gain < leastGain {
		return none, nil
	}
	return best, nil
}

// passed returns the intended number of the n trials of a level that pass to the next.
func passed(n int) int { return int(math.Ceil(passing * float64(n))) }

// hits counts the trials that passed the threshold.
func hits(scores []weighted) int {
	below, _ := slices.BinarySearchFunc(scores, event, weighted.to)
	return len(scores) - below
}

// rounds are the tilts of trials, and their numbers.
type rounds []round

type round struct {
	*tilt
	trials int
}

// weight returns the density of a trial with all numbers uniform, relative to all rounds
// together, up to a factor (the balance heuristic of Veach and Guibas, SIGGRAPH 1995).
func (all rounds) weight(draws []seed.Draw) float64 {
	density := 0.0
	for _, r := range all {
		density += float64(r.trials) / r.weight(draws)
	}
	return 1 / density
}

// marginals returns the marginals of the numbers that are not uniform in the weighted
// trials, and the effective number of the trials (Kish).
func marginals(trials []sample) (found []Marginal, effective float64) {
	at := map[place]int{}
	var all []count
	var both count
	for _, t := range trials {
		both.add(0, t.weight)
		for _, d := range t.draws {
			p := place{d.Stream, d.Index}
			i, ok := at[p]
			if !ok {
				i = len(all)
				at[p] = i
				all = append(all, count{place: p})
			}
			all[i].add(ninth(d.Value), t.weight)
		}
	}
	for _, c := range all {
		if m, ok := c.marginal(); ok {
			found = append(found, m)
		}
	}
	return found, both.effective()
}
