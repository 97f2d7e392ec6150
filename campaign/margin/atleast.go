package margin

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/gpstorm/gpstorm/internal/named"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
)

// AtLeast requires a margin: the load at which a candidate's hang probability
// exceeds Level must be at least Load. Trials at Load alone decide that: if the
// hang probability never falls with rising load, the margin is at least Load
// exactly if the probability at Load is below Level. The zero value requires
// nothing.
type AtLeast struct {
	Scenario workload.Scenario
	Axis     Axis
	Load     float64 // in the units of Point.Value
	Level    float64 // the hang probability, 0 to 1
}

// IsZero reports whether nothing is required.
func (m *AtLeast) IsZero() bool { return m.Load == 0 }

// Validate reports the first invalid field.
func (m *AtLeast) Validate() error {
	if m.IsZero() {
		return nil
	}
	a, err := newAxis(m.Axis, &m.Scenario)
	if err != nil {
		return fmt.Errorf("min margin: %w", err)
	}
	least, most := a.value(0), a.value(a.steps-1)
	if !(m.Load >= least && m.Load <= most) {
		return fmt.Errorf("min margin: %s: want %s to %s", m.Axis.text(m.Load), m.Axis.text(least), m.Axis.text(most))
	}
	if !(m.Level > 0 && m.Level < 1) {
		return fmt.Errorf("margin level: %g%%: want above 0%% and below 100%%", 100*m.Level)
	}
	sc := a.at(m.Load)
	if n := countReaders(&sc); m.Axis == AxisReaders && n != int(m.Load) {
		return fmt.Errorf("min margin: %s: want at most %d: scenario %s has no room for more tasks", m.Axis.text(m.Load), n, m.Scenario.Name)
	}
	if err := sc.Validate(); err != nil {
		return fmt.Errorf("min margin: the scenario at %s: %w", m.Axis.text(m.Load), err)
	}
	return nil
}

// String returns the requirement in words.
func (m *AtLeast) String() string {
	return fmt.Sprintf("margin of %s at least %s: hangs in less than %g%% of trials there", m.Axis, m.Axis.text(m.Load), 100*m.Level)
}

// Trials returns the trials at the load. Trial i has the same seed as in a search
// for the margin. The requirement must be valid.
func (m *AtLeast) Trials(subject string, seed uint64) func(i int) world.Spec {
	a, err := newAxis(m.Axis, &m.Scenario)
	if err != nil {
		panic("margin: " + err.Error())
	}
	sc := a.at(m.Load)
	return func(i int) world.Spec { return world.Spec{Scenario: sc, Subject: subject, Seed: trialSeed(seed, i)} }
}

// Hung reports whether a trial at the load counts as hung, as in a search.
func (m *AtLeast) Hung(r *trial.Result) bool { return stuck(r, closersOf(&m.Scenario)) }

// ParseLoad reads a load in the units of the axis: a share of time, 95%; the time
// of one sample, 2ms; a number of readers, 64.
func (a Axis) ParseLoad(s string) (v float64, err error) {
	want := ""
	switch a {
	case AxisDuty:
		want = "a share of CPU time, 95% say"
		number, isPercent := strings.CutSuffix(s, "%")
		if v, err = strconv.ParseFloat(number, 64); isPercent {
			v /= 100
		}
	case AxisHandler:
		want = "the time of a sample, 2ms say"
		var d time.Duration
		d, err = time.ParseDuration(s)
		v = float64(d)
	case AxisReaders:
		want = "a number of readers, 64 say"
		var n int
		n, err = strconv.Atoi(s)
		v = float64(n)
	default:
		return 0, unknownAxis(a)
	}
	if err != nil || math.IsNaN(v) || v == 0 {
		return 0, named.Wrong("load", s, "%s, on axis %s", want, a)
	}
	return v, nil
}

func countReaders(sc *workload.Scenario) (n int) {
	for _, i := range readersOf(sc) {
		n += sc.Tasks[i].Count
	}
	return n
}

// text writes a load in the form of ParseLoad.
func (a Axis) text(v float64) string {
	switch a {
	case AxisHandler:
		return time.Duration(math.Round(v)).String()
	case AxisReaders:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(100*v, 'g', 7, 64) + "%"
}
