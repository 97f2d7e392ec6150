package command

import (
	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/world"
)

// unsafeControl is the control that must be caught as unsafe.
const unsafeControl = "busted-scan"

// selection is which scenarios and candidates take part.
type selection struct {
	scenarios, fixes []string
}

func (s *selection) flags(cmd *cobra.Command, c *common) {
	cmd.Flags().StringArrayVar(&s.scenarios, "scenario", nil, "a preset's `name` or a YAML file; may be repeated (default all presets)")
	cmd.Flags().StringArrayVar(&s.fixes, "fix", nil, "a candidate's `name`; may be repeated (default all candidates)")
	mustComplete(cmd, "scenario", c.names.completeScenarios)
	mustComplete(cmd, "fix", c.names.completeFixes)
}

// plan looks the names up.
func (s *selection) plan(c *common) (*campaign.Plan, error) {
	p := &campaign.Plan{Scenarios: c.names.scenarios.All(), Fixes: subjects(c.names.fixes.All(fixes.Candidate))}
	if len(s.scenarios) > 0 {
		p.Scenarios = nil
		for _, name := range unique(s.scenarios) {
			sc, err := c.names.scenario(name)
			if err != nil {
				return nil, err
			}
			p.Scenarios = append(p.Scenarios, sc)
		}
	}
	if len(s.fixes) > 0 {
		p.Fixes = nil
		for _, name := range unique(s.fixes) {
			f, err := c.names.fixes.Find(name)
			if err != nil {
				return nil, err
			}
			p.Fixes = append(p.Fixes, world.Candidate(f))
		}
	}
	return p, nil
}

// controls are the candidates and planted bugs that must misbehave.
func (c *common) controls() (controls []world.Subject) {
	for _, f := range c.names.fixes.All() {
		if f.Control != fixes.NoControl {
			controls = append(controls, world.Candidate(f))
		}
	}
	return controls
}
