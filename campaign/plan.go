package campaign

import (
	"fmt"

	"github.com/gpstorm/gpstorm/internal/named"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
)

// Plan describes the trials of a campaign: every candidate in every variation of
// every scenario.
type Plan struct {
	Scenarios []workload.Scenario
	// Variations is the number of variations of each scenario; the first is the
	// scenario itself.
	Variations int
	Fixes      []world.Subject
	Seed       uint64
	// Shard restricts the plan to a part of whole blocks; nil is the whole plan.
	Shard *Shard
	// UntilDecided runs the plan in rounds, and leaves out the trials of
	// comparisons with the baseline that were decided before a round. Variations is
	// then the maximum. It excludes shards, whose results would have to decide
	// together.
	UntilDecided bool
}

// Validate reports the first invalid field of the plan.
func (p *Plan) Validate() error {
	if len(p.Scenarios) == 0 {
		return fmt.Errorf("scenarios: none: want at least one")
	}
	if len(p.Fixes) == 0 {
		return fmt.Errorf("fixes: none: want at least one")
	}
	if p.Variations < 1 || p.Variations > world.MaxVariations {
		return fmt.Errorf("variations: %d: want 1 to %d", p.Variations, world.MaxVariations)
	}
	if s := p.Shard; s != nil && (s.Of < 1 || s.Index < 1 || s.Index > s.Of) {
		return fmt.Errorf("shard: %s: want i/n with 1 <= i <= n", s)
	}
	if p.UntilDecided && p.Shard != nil {
		return fmt.Errorf("shard: %s: want none in a campaign until it is decided", p.Shard)
	}
	if h := (Head{Fixes: p.Fixes}); p.UntilDecided && h.baseline() < 0 {
		return fmt.Errorf("fixes: no baseline: want one in a campaign until it is decided")
	}
	names := map[string]bool{}
	for i := range p.Scenarios {
		if n := p.Scenarios[i].Name; names["scenario "+n] {
			return named.Wrong("scenarios", n, "it once")
		} else {
			names["scenario "+n] = true
		}
	}
	for i := range p.Fixes {
		if n := p.Fixes[i].Name; names["fix "+n] {
			return named.Wrong("fixes", n, "it once")
		} else {
			names["fix "+n] = true
		}
	}
	return nil
}

// head returns the results file's description of the plan in a world.
func (p *Plan) head(name string, facts world.Facts) Head {
	h := Head{
		Format: format, World: name, Model: facts.Model, Build: Build(), Facts: facts,
		Seed: p.Seed, Variations: p.Variations, Fixes: p.Fixes, Shard: p.Shard, UntilDecided: p.UntilDecided,
	}
	for i := range p.Scenarios {
		h.Scenarios = append(h.Scenarios, ClassOf(&p.Scenarios[i]))
	}
	return h
}

// spec returns the trial at a position of the plan's head.
func (p *Plan) spec(c cell) world.Spec {
	return world.Spec{Scenario: p.Scenarios[c.scenario], Variation: c.variation, Subject: p.Fixes[c.fix].Name, Seed: c.seed}
}
