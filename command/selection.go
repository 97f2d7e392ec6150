package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/live"
)

// unsafeControl is the control that must be caught as unsafe.
const unsafeControl = "busted-scan"

// selection holds the flags for the scenarios and candidates of a campaign.
type selection struct {
	scenarios, fixes []string
}

func (s *selection) flags(cmd *cobra.Command, c *common) {
	cmd.Flags().StringArrayVar(&s.scenarios, "scenario", nil, "a preset's `name` or a YAML file; may be repeated (default all presets)")
	cmd.Flags().StringArrayVar(&s.fixes, "fix", nil, "a candidate's `name`; may be repeated (default all candidates)")
	reads(cmd.Flags(), inputScenario, "scenario")
	mustComplete(cmd, "scenario", c.names.completeScenarios)
	mustComplete(cmd, "fix", c.names.completeFixes)
}

// plan looks up the names of scenarios, and those of subjects in the world of the
// campaign.
func (s *selection) plan(c *common, in world.World) (*campaign.Plan, error) {
	p := &campaign.Plan{Scenarios: c.names.scenarios.All(), Fixes: subjects(c.names.fixes.All(fixes.Candidate))}
	find := func(name string) (world.Subject, error) {
		f, err := c.names.fixes.Find(name)
		return world.Candidate(f), err
	}
	if w, ok := in.(*live.World); ok {
		p.Scenarios, p.Fixes, find = live.Quick(), w.Subjects(), w.Subject
	}
	if len(s.scenarios) > 0 {
		p.Scenarios = nil
		for _, name := range unique(s.scenarios) {
			sc, _, err := c.names.scenarioIn(in, name)
			if err != nil {
				return nil, err
			}
			if workload.Borrowed(&sc, c.names.presets()...) {
				return nil, wrong("--scenario", name, "another name in the file than %s, which is a preset's: reports tell scenarios apart by name", sc.Name)
			}
			p.Scenarios = append(p.Scenarios, sc)
		}
	}
	if len(s.fixes) > 0 {
		p.Fixes = nil
		for _, name := range unique(s.fixes) {
			f, err := find(name)
			if err != nil {
				return nil, err
			}
			p.Fixes = append(p.Fixes, f)
		}
	}
	return p, checkScenarios(in, p.Scenarios)
}

// checkScenarios refuses scenarios that a world cannot run.
func checkScenarios(in world.World, all []workload.Scenario) error {
	for i := range all {
		if in.Name() == live.Name {
			if err := live.Check(&all[i]); err != nil {
				return err
			}
			continue
		}
		if gc := all[i].Go.GC; gc != 0 {
			return fmt.Errorf("scenario %s: go.gc: %v: want none outside of the world %s", all[i].Name, gc, live.Name)
		}
	}
	return nil
}

// addControls adds the controls that a valid campaign in a world needs to a plan, and
// returns the names of the added subjects.
func (c *common) addControls(p *campaign.Plan, in world.World) (added []string, err error) {
	if w, ok := in.(*live.World); ok {
		return p.AddSubjects(w.Controls()...), nil
	}
	return p.AddControls(c.controls()...)
}

// controls are the candidates and planted bugs that must misbehave in the virtual
// kernel.
func (c *common) controls() (controls []world.Subject) {
	for _, f := range c.names.fixes.All() {
		if f.Control != fixes.NoControl {
			controls = append(controls, world.Candidate(f))
		}
	}
	return controls
}
