package calibration

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

// Side holds the results of another world in scenarios of a campaign.
type Side struct {
	// World is the name of the world, or Recordings.
	World   string      `json:"world"`
	Classes []SideClass `json:"scenarios"`
}

// Recordings is the name of the recordings in place of a world's.
const Recordings = "recordings"

// SideClass holds the results of one scenario of a side.
type SideClass struct {
	Scenario string    `json:"scenario"`
	Rows     []SideRow `json:"rows"`
}

// SideRow holds the results of one subject.
type SideRow struct {
	campaign.Row
	// Counterpart is the candidate of the virtual kernel that stands for the subject;
	// empty if there is none.
	Counterpart string `json:"counterpart,omitempty"`
}

// SideOf returns the results of another campaign in the scenarios that it shares with s.
func SideOf(s, other *campaign.Summary) (Side, error) {
	side := Side{World: other.Head.World}
	for i := range s.Classes {
		for j := range other.Classes {
			if other.Classes[j].Content != s.Classes[i].Content {
				continue
			}
			c := SideClass{Scenario: s.Classes[i].Name}
			for k, row := range other.Classes[j].Rows {
				subject := &other.Head.Fixes[k]
				row.Fix = cmp.Or(subject.Kernel, row.Fix)
				c.Rows = append(c.Rows, SideRow{row, Counterpart(subject)})
			}
			side.Classes = append(side.Classes, c)
		}
	}
	if len(side.Classes) == 0 {
		return side, campaign.Inputf("results of the world %s: no scenario of those of the world %s: want one in both", other.Head.World, s.Head.World)
	}
	return side, nil
}

// RecordedSide returns the recordings of candidates and scenarios of s. ok is false if
// there are none.
func RecordedSide(s *campaign.Summary, all []Recording) (side Side, ok bool) {
	side.World = Recordings
	for i := range s.Classes {
		c := SideClass{Scenario: s.Classes[i].Name}
		trials := map[cell][]trial.Result{}
		var cells []cell
		for j := range all {
			if r := &all[j]; r.Content == s.Classes[i].Content {
				at := cell{r.Scenario, r.Kernel, r.Fix}
				if trials[at] == nil {
					cells = append(cells, at)
				}
				trials[at] = append(trials[at], r.result())
			}
		}
		slices.SortStableFunc(cells, func(a, b cell) int {
			switch {
			case older(a.kernel, b.kernel):
				return -1
			case older(b.kernel, a.kernel):
				return 1
			}
			return cmp.Compare(a.fix, b.fix)
		})
		for _, at := range cells {
			name := counterpart(at.kernel, at.fix)
			if slices.ContainsFunc(s.Head.Fixes, func(f world.Subject) bool { return Counterpart(&f) == name }) {
				c.Rows = append(c.Rows, SideRow{campaign.RowOf(c.Scenario, at.kernel, trials[at]), name})
			}
		}
		if len(c.Rows) > 0 {
			side.Classes = append(side.Classes, c)
		}
	}
	return side, len(side.Classes) > 0
}

// result is the trial of a recording. Recordings do not say whether a close() that took
// the hung-task timeout has returned, so such a time counts as a lower bound.
func (r *Recording) result() trial.Result {
	t := trial.Result{Scenario: r.Scenario, Fix: r.Fix, Variation: r.Boot, Overdue: r.Overdue, HungTasks: r.HungTasks, RCUStalls: r.RCUStalls}
	waits := slices.Sorted(slices.Values(r.Closes))
	for i, w := range waits {
		t.Closes = append(t.Closes, trial.Close{Wait: w, Censored: i >= len(waits)-r.Overdue})
	}
	return t
}

// kernelText is the --kernel of a stock kernel, with no option but a candidate.
var kernelText = regexp.MustCompile(`^[^=]+=([0-9]+\.[0-9][^,/]*)(?:,fix=([^,]+))?$`)

// Counterpart returns the name of the candidate of the virtual kernel that stands for a
// subject of any world: the subject itself unless it is a real kernel. It is empty for a
// kernel that no candidate stands for.
func Counterpart(s *world.Subject) string {
	if s.Kernel == "" {
		return s.Name
	}
	m := kernelText.FindStringSubmatch(s.Kernel)
	if m == nil {
		return ""
	}
	return counterpart(m[1], m[2])
}

func counterpart(kernel, fix string) string {
	switch {
	case !older(kernel, "7.0"):
		return cmp.Or(fix, campaign.Baseline)
	case fix == "":
		return realOld
	}
	return ""
}

// String names a side in a sentence.
func (s *Side) String() string {
	if s.World == Recordings {
		return "recordings of real kernels"
	}
	return fmt.Sprintf("world %s", s.World)
}
