package rare

import (
	"context"
	"fmt"
	"slices"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/seed"
)

// Again reruns one replicate of an estimate of the plan, on the levels of the estimate,
// and returns its result. It equals that in the estimate unless the build, the model or
// the estimate differs.
func Again(ctx context.Context, p *Plan, e *Estimate, i int, ex campaign.Executor) (Replicate, error) {
	if err := p.validate(); err != nil {
		return Replicate{}, err
	}
	if i < 0 || i >= len(e.Replicates) {
		return Replicate{}, campaign.Inputf("replicate: %d: want 0 to %d", i, len(e.Replicates)-1)
	}
	l, err := ladderOf(p, e.Levels)
	if err != nil {
		return Replicate{}, err
	}
	for i := range e.Tilt {
		if err := e.Tilt[i].validate(); err != nil {
			return Replicate{}, err
		}
	}
	r := newReplicate(p, l, newTilt(e.Tilt), replicateSeed(p.Seed, i))
	again := &Estimate{}
	if err := again.simulate(ctx, p, ex, r); err != nil {
		return Replicate{}, err
	}
	return r.result(l.levels[len(l.levels)-1]), nil
}

// ladderOf returns the ladder of an estimate.
func ladderOf(p *Plan, levels []Level) (*ladder, error) {
	l, s := &ladder{}, newScale(p.Threshold)
	for i, level := range levels {
		step := slices.Index(s, level.Wait)
		if step < 0 || level.Spread < 0 || level.Spread > 1 {
			return nil, campaign.Inputf("levels: %d: %v with a spread of %g: want a hundredth of the threshold and a spread of 0 to 1", i+1, level.Wait, level.Spread)
		}
		at := score{-step, level.Total}
		if i > 0 && at.compare(l.levels[i-1]) < 0 {
			return nil, campaign.Inputf("levels: %d: %v: want them in ascending order", i+1, level.Wait)
		}
		l.levels, l.spreads = append(l.levels, at), append(l.spreads, level.Spread)
	}
	if len(l.levels) == 0 {
		return nil, campaign.Inputf("levels: none: want at least one")
	}
	return l, nil
}

func replicateSeed(plan uint64, i int) uint64 { return seed.Derive(plan, fmt.Sprintf("rare %d", i)) }
