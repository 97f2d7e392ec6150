package campaign

import (
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

// tokens makes the tokens of trials in one world. Encoding the scenario takes the
// most time, so it happens once for each scenario.
type tokens struct {
	world  string
	origin map[string]trial.Token // by scenario
}

func newTokens(world string) *tokens { return &tokens{world, map[string]trial.Token{}} }

// of returns the token of a trial and the checksum that it must reproduce.
func (ts *tokens) of(s world.Spec, sum trial.Checksum) string {
	t, ok := ts.origin[s.Scenario.Name]
	if !ok {
		t = s.Token(ts.world, 0)
		ts.origin[s.Scenario.Name] = t
	}
	t.Subject, t.Seed, t.Draws, t.Variation, t.Checksum = s.Subject, s.Seed, s.Draws, s.Variation, sum
	return t.String()
}
