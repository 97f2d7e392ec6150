package campaign

import (
	"fmt"
	"slices"

	"github.com/gpstorm/gpstorm/internal/named"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
)

// AddControls adds to a plan the controls that make its campaign valid, and the
// scenarios in which they must misbehave. It keeps existing entries, and returns
// the names that it added. A scenario with the name of a preset and other contents is an
// error: it would pass for the scenario of a control.
func (p *Plan) AddControls(controls ...world.Subject) (added []string, err error) {
	for i := range p.Scenarios {
		if sc := &p.Scenarios[i]; workload.Borrowed(sc, workload.Presets()...) {
			return nil, named.Wrong("scenarios", sc.Name, "another name, or the preset of that name as it is")
		}
	}
	for _, name := range []string{ReportStorm, longReader} {
		if slices.ContainsFunc(p.Scenarios, func(sc workload.Scenario) bool { return sc.Name == name }) {
			continue
		}
		sc, ok := workload.Preset(name)
		if !ok {
			panic("no preset " + name)
		}
		p.Scenarios = append(p.Scenarios, sc)
		added = append(added, "scenario "+name)
	}
	return append(added, p.AddSubjects(controls...)...), nil
}

// AddSubjects adds to a plan those subjects that it lacks, and returns their names.
func (p *Plan) AddSubjects(all ...world.Subject) (added []string) {
	for _, c := range all {
		if slices.ContainsFunc(p.Fixes, func(f world.Subject) bool { return f.Name == c.Name }) {
			continue
		}
		if c.Must == world.MustHang || c.Base { // the first row of a table
			p.Fixes = slices.Insert(p.Fixes, 0, c)
		} else {
			p.Fixes = append(p.Fixes, c)
		}
		added = append(added, "fix "+c.Name)
	}
	return added
}

// Invalid returns the reason why a campaign proves nothing, or nil: a control did
// not misbehave as it must, or the campaign has none.
func (s *Summary) Invalid() error {
	for _, c := range s.Checks {
		if !c.Passed {
			return fmt.Errorf("INVALID: %s %s is required; seen: %s", c.Fix, c.Required, c.Seen)
		}
	}
	if !s.Valid() {
		return fmt.Errorf("INVALID: the campaign has no controls")
	}
	return nil
}
