package campaign

import (
	"cmp"
	"fmt"
	"iter"
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
// not misbehave as it must, or the campaign has none, or no row is decided.
func (s *Summary) Invalid() error {
	for _, c := range s.Checks {
		if !c.Passed {
			return fmt.Errorf("INVALID: %s %s is required; seen: %s", c.Fix, c.Required, c.Seen)
		}
	}
	if !s.Valid() {
		return fmt.Errorf("INVALID: the campaign has no controls")
	}
	if why := s.Undecided(); why != "" {
		return fmt.Errorf("UNDECIDED: %s", why)
	}
	return nil
}

// Undecided returns the reason why nothing follows about any candidate, or an empty
// string: each of their rows is undecided.
func (s *Summary) Undecided() string {
	if rows, undecided := s.Decided(); rows == 0 || undecided < rows {
		return ""
	}
	counted, out, why := 0, 0, ""
	for r := range s.candidateRows() {
		counted, out = counted+r.Trials, out+r.LeftOut
		why = cmp.Or(why, r.Undecided())
	}
	switch {
	case out == 0:
		return fmt.Sprintf("no row is decided, the first for this: %s", why)
	case counted == 0:
		return fmt.Sprintf("no trial of a candidate counts: %d of %d are left out, the first because %s", out, out, s.WhyLeftOut)
	}
	return fmt.Sprintf("no row is decided: %d of %d trials of candidates are left out, the first because %s", out, out+counted, s.WhyLeftOut)
}

// Decided returns the number of rows of candidates that have trials, and how many of them
// are undecided.
func (s *Summary) Decided() (rows, undecided int) {
	for r := range s.candidateRows() {
		if r.Trials+r.LeftOut == 0 {
			continue
		}
		rows++
		if r.Undecided() != "" {
			undecided++
		}
	}
	return rows, undecided
}

// candidateRows goes through the rows of all subjects but those that must misbehave
// anyway, and but the base, unless nothing is compared with it.
func (s *Summary) candidateRows() iter.Seq[*Row] {
	compared := slices.ContainsFunc(s.Head.Fixes, func(f world.Subject) bool { return !f.Planted() && !f.Base })
	return func(yield func(*Row) bool) {
		for i := range s.Classes {
			for j, f := range s.Head.Fixes {
				if !f.Planted() && (!f.Base || !compared) && !yield(&s.Classes[i].Rows[j]) {
					return
				}
			}
		}
	}
}
