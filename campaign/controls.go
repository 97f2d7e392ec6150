package campaign

import (
	"fmt"

	"github.com/gpstorm/gpstorm/world"
)

// ReportStorm is the scenario of the bug report, in which a control with MustHang
// hangs; in Calm, which has no storm, it does not. In longReader, a control that
// must be unsafe can hardly miss a reader.
const (
	ReportStorm = "repro2"
	Calm        = "calm"
	longReader  = "long-reader"
)

// Check is a condition without which a campaign proves nothing.
type Check struct {
	Fix      string `json:"fix"`
	Required string `json:"required"` // the required behaviour of the control
	Passed   bool   `json:"passed"`
	Seen     string `json:"seen"` // the observed behaviour
}

// Valid reports whether the controls misbehaved as they must. Without controls,
// nothing shows that the campaign can detect a failure, so it is not valid. Neither
// is a single shard, whose controls are not checked. A world without controls needs
// none.
func (s *Summary) Valid() bool {
	none := s.Head.Facts.Uncontrolled && s.Head.Shard == nil
	hang, unsafe := none, none
	for _, c := range s.Checks {
		if !c.Passed {
			return false
		}
		hang = hang || c.Required == mustHang || c.Required == mustAlwaysHang
		unsafe = unsafe || c.Required == mustBeUnsafe
	}
	return hang && unsafe
}

const (
	mustHang       = "hangs in " + ReportStorm
	mustNotHang    = "does not hang in " + Calm
	mustAlwaysHang = "hangs in every trial"
	mustBeUnsafe   = "is caught as unsafe"
	nothingSeen    = "no trial of it"
)

// checkControls checks the controls, unless the summary covers a single shard: the
// trials in which they misbehave may be in another.
func (s *Summary) checkControls() []Check {
	if s.Head.Shard != nil {
		return nil
	}
	var checks []Check
	has := map[world.Must]bool{}
	for _, f := range s.Head.Fixes {
		has[f.Must] = true
		switch f.Must {
		case world.MustHang:
			storm := s.row(ReportStorm, f.Name)
			checks = append(checks, Check{f.Name, mustHang, storm.Hung > 0, hungOf(storm)})
			if calm := s.row(Calm, f.Name); calm.Trials > 0 {
				checks = append(checks, Check{f.Name, mustNotHang, calm.Hung == 0, hungOf(calm)})
			}
		case world.MustAlwaysHang:
			all := s.over(f.Name)
			checks = append(checks, Check{f.Name, mustAlwaysHang, all.Trials > 0 && all.Hung == all.Trials, hungOf(all)})
		case world.MustBeUnsafe:
			all := s.over(f.Name)
			trials, unsafe := all.Trials, all.unsafe()
			seen := nothingSeen
			if trials > 0 {
				seen = fmt.Sprintf("unsafe in %d of %d trials", unsafe, trials)
			}
			checks = append(checks, Check{f.Name, mustBeUnsafe, unsafe > 0, seen})
		}
	}
	for _, missing := range []struct {
		has      bool
		required string
	}{{has[world.MustHang] || has[world.MustAlwaysHang], mustHang}, {has[world.MustBeUnsafe], mustBeUnsafe}} {
		if !missing.has && !s.Head.Facts.Uncontrolled {
			checks = append(checks, Check{"(no such control)", missing.required, false, nothingSeen})
		}
	}
	return checks
}

func (s *Summary) row(class, fix string) Row {
	for _, c := range s.Classes {
		for _, r := range c.Rows {
			if c.Name == class && r.Fix == fix {
				return r
			}
		}
	}
	return Row{}
}

// over sums a subject's trials, hangs and diagnoses over all scenarios.
func (s *Summary) over(fix string) Row {
	all := Row{Fix: fix, Diagnoses: Diagnoses{}}
	for _, class := range s.Classes {
		r := s.row(class.Name, fix)
		all.Trials += r.Trials
		all.Hung += r.Hung
		for d, n := range r.Diagnoses {
			all.Diagnoses[d] += n
		}
	}
	return all
}

func hungOf(r Row) string {
	if r.Trials == 0 {
		return nothingSeen
	}
	return fmt.Sprintf("hung in %d of %d trials", r.Hung, r.Trials)
}
