package campaign

import (
	"fmt"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// Runner runs one trial in some world. It is a pure function of its arguments
// and may be called from many goroutines at once.
type Runner func(sc workload.Scenario, fix fixes.Fix, seed uint64) trial.Result

// Plan says which trials a campaign consists of: every candidate in every
// variation of every scenario.
type Plan struct {
	Scenarios []workload.Scenario
	// Variations is how many situations are made of each scenario; the
	// first is the scenario as it stands.
	Variations int
	Fixes      []fixes.Fix
	Seed       uint64
	// Shard restricts the plan to a part of it; nil is the whole. A shard
	// has whole blocks.
	Shard *Shard
}

// Validate reports the first thing wrong with the plan.
func (p *Plan) Validate() error {
	if len(p.Scenarios) == 0 {
		return fmt.Errorf("scenarios: none given, want at least one")
	}
	if len(p.Fixes) == 0 {
		return fmt.Errorf("fixes: none given, want at least one")
	}
	if p.Variations < 1 || p.Variations > MaxVariations {
		return fmt.Errorf("variations: %d, want 1 to %d", p.Variations, MaxVariations)
	}
	if s := p.Shard; s != nil && (s.Of < 1 || s.Index < 1 || s.Index > s.Of) {
		return fmt.Errorf("shard: %s, want i/n with 1 <= i <= n", s)
	}
	names := map[string]bool{}
	for i := range p.Scenarios {
		if n := p.Scenarios[i].Name; names["scenario "+n] {
			return fmt.Errorf("scenarios: %q given twice", n)
		} else {
			names["scenario "+n] = true
		}
	}
	for i := range p.Fixes {
		if n := p.Fixes[i].Name; names["fix "+n] {
			return fmt.Errorf("fixes: %q given twice", n)
		} else {
			names["fix "+n] = true
		}
	}
	return nil
}

// MaxVariations bounds a plan to what any machine could hope to finish.
const MaxVariations = 10_000_000

// Head describes the plan as its results file does.
func (p *Plan) Head() Head {
	h := Head{Format: Format, Seed: p.Seed, Variations: p.Variations, Shard: p.Shard}
	for i := range p.Scenarios {
		h.Scenarios = append(h.Scenarios, classOf(&p.Scenarios[i]))
	}
	for i := range p.Fixes {
		f := &p.Fixes[i]
		h.Fixes = append(h.Fixes, Candidate{Name: f.Name, Claim: f.Claim, Loses: f.Loses, Must: mustOf(f.Control)})
	}
	return h
}
