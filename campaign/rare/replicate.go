package rare

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

// sample is one trial of a replicate.
type sample struct {
	score    score
	wait     time.Duration // the longest close()
	spec     world.Spec
	draws    []seed.Draw // all its draws
	weight   float64     // by the tilt
	sum      trial.Checksum
	ancestor int // the index of the first trial of its chain of ancestors
}

// ladder holds the levels, which all replicates share, and the spread of the moves at
// each. The last level is the event.
type ladder struct {
	levels  []score
	spreads []float64
}

// replicate is one running subset simulation. The pilot, which has no ladder, chooses
// the levels and the spreads. The replicates do not change them, so they have no bias
// from levels that depend on the counted trials (Au and Beck, section 5.1): the
// expectation of each is the rate, however its chains mix.
//
// The trials that pass a level are kept, and each begins a chain. So every trial of a
// level has the conditional distribution from the first step of its chain on, and no
// burn-in is needed.
type replicate struct {
	plan   *Plan
	scale  scale
	ladder *ladder
	tilt   *tilt
	once   bool // it ends with the first trials
	most   int  // levels of the pilot
	seed   uint64
	rng    *rand.Rand

	past    []stage
	rate    float64 // of reaching the current level
	trials  []sample
	heads   []int // by chain: its latest trial, an index of trials
	started int   // trials that were proposed so far

	spread             float64 // of a move: 0 is no move, 1 a fresh number
	accepted, proposed int     // at the current level
	before             int     // accepted moves before the current round
	done               bool
	end                ending
	sum                trial.Checksum // of all of its trials
}

// ending is the reason for which a replicate ended.
type ending int

const (
	reached   ending = iota // it reached the last level
	belowRate               // its rate fell below the floor
	saturated               // all trials of a level have the same score
	extinct                 // no trial passed a level
	limited                 // the plan affords no further level
)

// stage is a passed level, with the scores of the previous level's trials.
type stage struct {
	Level
	at     score
	scores []weighted // in ascending order
}

// weighted is the score of a trial with its weight.
type weighted struct {
	score
	weight float64
}

func (w weighted) to(at score) int { return w.compare(at) }

func newReplicate(p *Plan, l *ladder, t *tilt, s uint64) *replicate {
	return &replicate{plan: p, scale: newScale(p.Threshold), ladder: l, tilt: t, seed: s, rng: seed.Stream(s, "moves"), rate: 1, spread: 0.6}
}

// level returns the least score of the current level.
func (r *replicate) level() score {
	if len(r.past) == 0 {
		return score{step: 1 - len(r.scale)}
	}
	return r.past[len(r.past)-1].at
}

// proposals returns the trials of the next round: at most one for each chain, until the
// level is full. It returns none if the replicate is done.
func (r *replicate) proposals() (specs []world.Spec) {
	if r.done {
		return nil
	}
	room := r.plan.Trials - len(r.trials)
	if len(r.past) > 0 {
		room = min(room, len(r.heads))
	}
	for i := range room {
		s := world.Spec{Scenario: r.plan.Scenario, Subject: r.plan.Subject, Seed: seed.Derive(r.seed, fmt.Sprintf("trial %d", r.started))}
		if r.plan.Varied {
			s.Variation = 1 // all but 0 have the same distribution
		}
		if len(r.past) == 0 {
			s.Draws = r.tilt.trial(r.tilt.uniform(nil, r.rng.Uint64))
		} else {
			s.Draws = r.move(r.trials[r.heads[i]].draws)
		}
		specs = append(specs, s)
		r.started++
	}
	return specs
}

// move proposes a step of a chain. Every number of the trial moves, by a step that
// preserves the distribution of the numbers. Numbers that the current trial did not
// draw come from the new trial's own seed. They are independent of all others, so a
// step and its reverse are equally likely.
//
// Papaioannou, Betz, Zwirglmaier and Straub, Probabilistic Engineering Mechanics
// 41 (2015) 89-103: conditional sampling in the standard normal space.
func (r *replicate) move(draws []seed.Draw) []seed.Draw {
	moved := r.tilt.uniform(draws, r.rng.Uint64)
	keep := math.Sqrt(1 - float64(r.spread*r.spread))
	for i := range moved {
		moved[i].Value = uniform(float64(keep*normal(moved[i].Value)) + float64(r.spread*r.rng.NormFloat64()))
	}
	return r.tilt.trial(moved)
}

// take receives the result of a proposal: trial i of the round.
func (r *replicate) take(i int, s world.Spec, res *trial.Result) {
	got := sample{score: r.scale.of(res), wait: longest(res), spec: s, draws: res.Draws, weight: r.tilt.weight(res.Draws), sum: res.Checksum, ancestor: len(r.trials)}
	r.sum.Add(uint64(res.Checksum))
	r.sum.Add(uint64(got.wait))
	if len(r.past) == 0 {
		r.trials = append(r.trials, got)
		return
	}
	head := r.trials[r.heads[i]]
	r.proposed++
	if got.score.compare(r.level()) >= 0 {
		r.accepted++
		got.ancestor = head.ancestor
		head = got
	}
	r.heads[i] = len(r.trials)
	r.trials = append(r.trials, head)
}

// endRound ends a round of n trials. It adapts the pilot's spread, so that about 0.44
// of the moves are accepted, and moves to the next level if the current one is full.
func (r *replicate) endRound(n int) {
	if r.done {
		return
	}
	if r.ladder == nil && len(r.past) > 0 && n > 0 {
		share := float64(r.accepted-r.before) / float64(n)
		r.spread = min(max(r.spread*math.Exp((share-0.44)/2), 0.02), 1)
	}
	r.before = r.accepted
	if len(r.trials) < r.plan.Trials {
		return
	}
	if r.once {
		r.done = true
		return
	}
	scores := r.scores()
	if r.ladder != nil {
		r.pass(r.ladder.levels[len(r.past)], scores)
		if len(r.trials) == 0 {
			r.done, r.end = true, extinct
		} else if len(r.past) == len(r.ladder.levels) {
			r.done, r.end = true, reached
		}
		return
	}
	next, ok := choose(scores, passed(len(scores)))
	r.done, r.end = !ok, saturated
	if ok || len(r.past) == 0 {
		r.pass(next, scores)
	}
	switch {
	case next == event:
		r.done, r.end = true, reached
	case !r.done && r.exceeds(next) < r.plan.Floor:
		r.done, r.end = true, belowRate
	case !r.done && len(r.past) == r.most:
		r.done, r.end = true, limited
	}
}

// choose returns the level that so many of the trials pass, or false if all trials have
// the same score.
func choose(scores []weighted, pass int) (score, bool) {
	next := scores[len(scores)-pass].score
	if next == scores[0].score && next != event {
		// So many trials have the lowest score that all would pass.
		above := slices.IndexFunc(scores, func(s weighted) bool { return s.compare(next) > 0 })
		if above < 0 {
			return next, false
		}
		next = scores[above].score
	}
	return next, true
}

// pass keeps the trials that reach the next level, in a random order, so that the
// lengths of the chains do not depend on the trials.
func (r *replicate) pass(next score, scores []weighted) {
	var kept []sample
	ancestors := map[int]bool{}
	for _, t := range r.trials {
		if t.score.compare(next) >= 0 {
			kept = append(kept, t)
			ancestors[t.ancestor] = true
		}
	}
	share := float64(len(kept)) / float64(len(r.trials))
	r.rate *= share
	l := Level{Wait: r.scale.from(next.step), Total: next.total, Passed: share, Spread: r.spread, Accepted: r.acceptance(), Ancestors: float64(len(ancestors))}
	r.past = append(r.past, stage{l, next, scores})
	r.rng.Shuffle(len(kept), func(i, j int) { kept[i], kept[j] = kept[j], kept[i] })
	r.trials, r.heads = kept, make([]int, len(kept))
	for i := range r.heads {
		r.heads[i] = i
	}
	r.accepted, r.proposed, r.before = 0, 0, 0
	if r.ladder != nil && len(r.past) < len(r.ladder.levels) {
		r.spread = r.ladder.spreads[len(r.past)]
	}
}

// climbed returns the ladder of a finished pilot.
func (r *replicate) climbed() *ladder {
	l := &ladder{}
	for _, s := range r.past {
		l.levels = append(l.levels, s.at)
		l.spreads = append(l.spreads, s.Spread)
	}
	return l
}

// acceptance returns the share of accepted moves at the current level; 1 if there were
// no moves.
func (r *replicate) acceptance() float64 {
	if r.proposed == 0 {
		return 1
	}
	return float64(r.accepted) / float64(r.proposed)
}

// scores returns the scores of the current level's trials in ascending order.
func (r *replicate) scores() []weighted {
	scores := make([]weighted, len(r.trials))
	for i, t := range r.trials {
		scores[i] = weighted{t.score, t.weight}
	}
	slices.SortStableFunc(scores, func(a, b weighted) int { return a.to(b.score) })
	return scores
}

// passes returns the share of trials that reach a score, by their weights.
func passes(scores []weighted, at score) (share float64) {
	below, _ := slices.BinarySearchFunc(scores, at, weighted.to)
	for _, s := range scores[below:] {
		share += s.weight
	}
	return share / float64(len(scores))
}

// exceeds estimates the probability of a score at least as high as at, up to the last
// level.
func (r *replicate) exceeds(at score) float64 {
	rate := 1.0
	for _, s := range r.past {
		if s.at.compare(at) >= 0 {
			return rate * passes(s.scores, at)
		}
		rate *= s.Passed
	}
	return 0 // extinct
}

// result returns the estimate of the replicate, for the last level.
func (r *replicate) result(at score) Replicate {
	result := Replicate{Rate: r.exceeds(at), Accepted: 1, Checksum: r.sum}
	for _, s := range r.past {
		result.Accepted = min(result.Accepted, s.Accepted)
	}
	if r.end == extinct {
		return result
	}
	byAncestor := map[int]int{}
	var parts []float64
	for _, t := range r.trials {
		i, ok := byAncestor[t.ancestor]
		if !ok {
			i = len(parts)
			byAncestor[t.ancestor] = i
			parts = append(parts, 0)
		}
		parts[i] += t.weight
	}
	for _, weight := range parts {
		part := r.rate * weight / float64(len(r.trials))
		result.Squares += float64(part * part)
		result.Largest = max(result.Largest, part)
	}
	return result
}
