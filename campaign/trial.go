package campaign

import (
	"fmt"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
)

// World is the world a campaign's tokens name.
const World = "kernel"

// Trial is one cell of a plan: one candidate in one situation.
type Trial struct {
	Scenario  workload.Scenario // as it stands; the variation is made from it
	Variation int
	Fix       fixes.Fix
	Seed      uint64

	origin *trial.Token // see originOf; nil until it is known
}

// Run runs the trial and labels what it found. A failure gets the token that
// reproduces it.
func (t *Trial) Run(run Runner) trial.Result {
	r := run(workload.Vary(t.Scenario, t.Variation, t.Seed), t.Fix, t.Seed)
	r.Scenario, r.Variation, r.Fix, r.Seed = t.Scenario.Name, t.Variation, t.Fix.Name, t.Seed
	if r.Failed() {
		r.Replay = t.Token(r.Checksum).String()
	}
	return r
}

// Token names the trial and the checksum it must reproduce.
func (t *Trial) Token(sum trial.Checksum) trial.Token {
	if t.origin == nil {
		t.origin = originOf(&t.Scenario)
	}
	token := *t.origin
	token.Fix, token.Seed, token.Variation, token.Checksum = t.Fix.Name, t.Seed, t.Variation, sum
	return token
}

// originOf is the part of a token that tells where the scenario comes from,
// and costs the most. A scenario that is not a preset travels in the token.
func originOf(sc *workload.Scenario) *trial.Token {
	token := &trial.Token{World: World, Scenario: sc.Name, Digest: workload.Digest(*sc)}
	if preset, ok := workload.Preset(sc.Name); !ok || workload.Digest(preset) != token.Digest {
		token.Body = workload.Encode(*sc)
	}
	return token
}

// FromToken returns the trial a token names. Candidates are looked up by name.
func FromToken(token trial.Token, lookup func(string) (fixes.Fix, error)) (Trial, error) {
	if token.World != World {
		return Trial{}, fmt.Errorf("token: world %q, want %q", token.World, World)
	}
	if token.Variation < 0 || token.Variation >= MaxVariations {
		return Trial{}, fmt.Errorf("token: variation %d, want 0 to %d", token.Variation, MaxVariations-1)
	}
	fix, err := lookup(token.Fix)
	if err != nil {
		return Trial{}, fmt.Errorf("token: %w", err)
	}
	t := Trial{Variation: token.Variation, Fix: fix, Seed: token.Seed}
	if len(token.Body) > 0 {
		t.Scenario, err = workload.Decode(token.Body)
	} else {
		t.Scenario, err = workload.Find(token.Scenario, 0, token.Seed, token.Digest)
	}
	if err != nil {
		return Trial{}, fmt.Errorf("token: %w", err)
	}
	return t, nil
}
