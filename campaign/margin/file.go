package margin

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/internal/named"
	"github.com/gpstorm/gpstorm/world"
)

// format names the layout of a file of margins: JSON Lines that are each complete,
// so that files of several searches can be concatenated.
const format = "margin/1"

// line is one candidate's margin with the parameters of its search.
type line struct {
	Format   string         `json:"gpstorm"`
	Scenario campaign.Class `json:"scenario"`
	Seed     uint64         `json:"seed"`
	Margin
}

// Set contains the margins of one search, which are comparable.
type Set struct {
	Axis     Axis           `json:"axis"`
	Scenario campaign.Class `json:"scenario"`
	Seed     uint64         `json:"seed"`
	Margins  []Margin       `json:"margins"`
}

// Set returns the results of a search with this plan.
func (p *Plan) Set(found []Margin) Set {
	return Set{Axis: p.Axis, Scenario: campaign.ClassOf(&p.Scenario), Seed: p.Seed, Margins: found}
}

// Of returns the margin of a candidate, or nil.
func (s *Set) Of(fix string) *Margin {
	for i := range s.Margins {
		if s.Margins[i].Fix == fix {
			return &s.Margins[i]
		}
	}
	return nil
}

// Write writes a line for each candidate.
func (s *Set) Write(w io.Writer) error {
	enc := json.NewEncoder(w)
	for _, m := range s.Margins {
		if err := enc.Encode(line{format, s.Scenario, s.Seed, m}); err != nil {
			return err
		}
	}
	return nil
}

// Read reads files of margins: one set for each axis, in the order of Axes. It
// returns an error if two searches along one axis have different scenarios or
// seeds, which makes them incomparable, or if a candidate occurs twice.
func Read(paths []string) ([]Set, error) {
	byAxis := map[Axis]*Set{}
	for _, path := range paths {
		if err := read(path, byAxis); err != nil {
			return nil, err
		}
	}
	var sets []Set
	for _, a := range Axes {
		if s := byAxis[a]; s != nil {
			sets = append(sets, *s)
		}
	}
	return sets, nil
}

// Of returns the margins of the candidates from each search, in their order. A
// search without any of them is an error.
func Of(sets []Set, candidates []world.Subject) (kept []Set, err error) {
	for _, set := range sets {
		all := set
		set.Margins = nil
		for _, c := range candidates {
			if m := all.Of(c.Name); m != nil {
				set.Margins = append(set.Margins, *m)
			}
		}
		if len(set.Margins) == 0 {
			return nil, campaign.Inputf("margins along %s: %s: want candidates that the results have", set.Axis, namesOf(all.Margins))
		}
		kept = append(kept, set)
	}
	return kept, nil
}

func namesOf(margins []Margin) string {
	names := make([]string, len(margins))
	for i := range margins {
		names[i] = margins[i].Fix
	}
	return strings.Join(names, ", ")
}

// maxFile far exceeds the length of a file of margins.
const maxFile = 64 << 20

func read(path string, byAxis map[Axis]*Set) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return err
	}
	if len(b) > maxFile {
		return campaign.Inputf("%s: length: more than %d MiB: want a file of margins", path, maxFile>>20)
	}
	if len(b) == 0 {
		return campaign.Inputf("%s: empty: want a file of margins", path)
	}
	n := 0
	for line := range bytes.Lines(b) {
		n++
		l, err := parse(line)
		if err != nil {
			return campaign.Inputf("%s: line %d: %w", path, n, err)
		}
		s := byAxis[l.Axis]
		if s == nil {
			s = &Set{Axis: l.Axis, Scenario: l.Scenario, Seed: l.Seed}
			byAxis[l.Axis] = s
		}
		switch {
		case l.Scenario != s.Scenario || l.Seed != s.Seed:
			return campaign.Inputf("%s: line %d: axis %s: scenario %s (%s), seed %d: want those of the lines before, scenario %s (%s), seed %d",
				path, n, l.Axis, l.Scenario.Name, l.Scenario.Content, l.Seed, s.Scenario.Name, s.Scenario.Content, s.Seed)
		case s.Of(l.Fix) != nil:
			return campaign.Inputf("%s: line %d: fix %s, axis %s: want it once", path, n, l.Fix, l.Axis)
		}
		s.Margins = append(s.Margins, l.Margin)
	}
	return nil
}

func parse(line []byte) (l line, err error) {
	// An error about a file of another format must name the format, not a field.
	if err := json.Unmarshal(line, &struct {
		Format *string `json:"gpstorm"`
	}{&l.Format}); err != nil || l.Format == "" {
		return l, fmt.Errorf(`not a margin: want {"gpstorm":%q,...}`, format)
	}
	if l.Format != format {
		return l, named.Wrong("gpstorm", l.Format, format)
	}
	err = cmp.Or(campaign.DecodeLine(line, &l), l.check())
	return l, err
}

// check refuses values that no search can have found.
func (m *Margin) check() error {
	if !slices.Contains(Axes, m.Axis) {
		return unknownAxis(m.Axis)
	}
	if m.Fix == "" {
		return fmt.Errorf("fix: none: want a candidate's name")
	}
	for _, t := range []struct {
		name string
		Threshold
	}{{"at_10", m.At10}, {"at_50", m.At50}} {
		if !t.Below && !m.Axis.holds(t.Lo) || !t.Beyond && !m.Axis.holds(t.Hi) || !t.Below && !t.Beyond && t.Lo >= t.Hi {
			return fmt.Errorf("%s: from %g to %g: want two loads of axis %s, the second higher", t.name, t.Lo, t.Hi, m.Axis)
		}
	}
	for i, p := range m.Points {
		if !m.Axis.holds(p.Value) || p.Trials < 1 || p.Hung < 0 || p.Hung > p.Trials {
			return fmt.Errorf("points: number %d: %d of %d trials hung at %g: want at least one trial, and not more hangs than trials", i+1, p.Hung, p.Trials, p.Value)
		}
	}
	return nil
}

// holds reports whether a load is valid on the axis: a share, or a positive number
// of nanoseconds or tasks.
func (a Axis) holds(load float64) bool {
	if a == AxisDuty {
		return load > 0 && load < 1
	}
	return load > 0 && load <= math.MaxInt64
}
