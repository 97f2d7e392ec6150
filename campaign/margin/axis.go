package margin

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/gpstorm/gpstorm/internal/named"
	"github.com/gpstorm/gpstorm/workload"
)

// Axis is a parameter of a scenario along which margins are searched.
type Axis string

// The axes.
const (
	// AxisDuty is the share of a CPU's time that the samples of each storm take,
	// over all its events: the duration of the handler is computed from the period.
	// The kernel's throttle, which would limit the load, is off; so is growth.
	AxisDuty Axis = "duty"
	// AxisHandler is the duration of one sample, with the scenario's periods and
	// throttle. Growth is off.
	AxisHandler Axis = "handler"
	// AxisReaders is the number of tasks that run read-side sections.
	AxisReaders Axis = "readers"
)

// Axes lists all axes.
var Axes = []Axis{AxisDuty, AxisHandler, AxisReaders}

// axis is a grid of loads, and the scenario at each load.
type axis struct {
	name  Axis
	base  workload.Scenario
	steps int
	value func(step int) float64
}

// The grids are logarithmic, with four steps per octave: odds of being in a handler
// from 1:4, 20 %, to 8192:1, 99.988 %; handlers from 1 us to 92 ms; 1 to 215
// readers.
const (
	perOctave    = 4
	dutySteps    = 15*perOctave + 1
	handlerSteps = 66 + 1
	readerSteps  = 27
)

func newAxis(name Axis, sc *workload.Scenario) (*axis, error) {
	a := &axis{name: name, base: *sc}
	octaves := func(step int) float64 { return math.Exp2(float64(step) / perOctave) }
	switch name {
	case AxisDuty, AxisHandler:
		if len(sc.Storms) == 0 {
			return nil, fmt.Errorf("axis: %s: want a scenario with storms; %s has none", name, sc.Name)
		}
		for i := range sc.Storms {
			if name == AxisDuty && len(sc.Storms[i].At) > 0 {
				return nil, fmt.Errorf("axis: %s: want storms with a period; storms[%d] of scenario %s lists its samples", name, i, sc.Name)
			}
		}
	case AxisReaders:
		if len(readersOf(sc)) == 0 {
			return nil, fmt.Errorf("axis: %s: want a scenario with readers; %s has none", name, sc.Name)
		}
	default:
		return nil, unknownAxis(name)
	}
	switch name {
	case AxisDuty:
		a.steps, a.value = dutySteps, func(step int) float64 { odds := float64(octaves(step) / 4); return odds / (1 + odds) }
	case AxisHandler:
		a.steps, a.value = handlerSteps, func(step int) float64 { return 1000 * octaves(step) }
	default:
		a.steps, a.value = readerSteps, func(step int) float64 {
			if step < 4 { // here a quarter of an octave is less than a task
				return float64(step + 1)
			}
			return math.Round(octaves(step + 5))
		}
	}
	return a, nil
}

func unknownAxis(a Axis) error {
	var names []string
	for _, x := range Axes {
		names = append(names, string(x))
	}
	return named.Unknown("axis", string(a), "an axis", names)
}

// readersOf returns the groups of tasks that run read-side sections.
func readersOf(sc *workload.Scenario) (groups []int) {
	for i := range sc.Tasks {
		if sc.Tasks[i].Reads != workload.ReadsNothing {
			groups = append(groups, i)
		}
	}
	return groups
}

// scenario returns the base with the load of one step.
func (a *axis) scenario(step int) workload.Scenario { return a.at(a.value(step)) }

// at returns the base with any load in the axis's range.
func (a *axis) at(v float64) workload.Scenario {
	sc := a.base
	sc.Storms, sc.Tasks = slices.Clone(sc.Storms), slices.Clone(sc.Tasks)
	if a.name == AxisReaders {
		a.setReaders(&sc, int(v))
		return sc
	}
	for i := range sc.Storms {
		s := &sc.Storms[i]
		s.Growth, s.GrowthEvery, s.HandlerMax = 0, 0, 0
		if a.name == AxisHandler {
			s.Handler = time.Duration(math.Round(v))
			continue
		}
		sc.Perf = workload.Perf{NoThrottle: true}
		setDuty(s, v)
	}
	return sc
}

// leastHandler is the shortest sample on the duty axis: rounding to nanoseconds
// would change shorter ones too much.
const leastHandler = time.Microsecond

// setDuty computes the handler from the period, or, if the handler would be too
// short, the period from a handler of leastHandler. The period of NMI events is
// execution time; that of hrtimer events includes the handler.
func setDuty(s *workload.Storm, duty float64) {
	share := duty // of the period
	if s.Source == workload.NMI {
		share = duty / (1 - duty)
	}
	events := float64(max(1, s.Events))
	h := float64(s.Period) / events * share
	if h < float64(leastHandler) {
		h = float64(leastHandler)
		s.Period = time.Duration(math.Round(h / share * events))
	}
	s.Handler = min(time.Duration(math.Round(h)), workload.MaxHandler)
}

// setReaders shares n readers among the groups in proportion to their counts.
func (a *axis) setReaders(sc *workload.Scenario, n int) {
	groups := readersOf(sc)
	total, others := 0, 0
	for i := range sc.Tasks {
		if slices.Contains(groups, i) {
			total += sc.Tasks[i].Count
		} else {
			others += sc.Tasks[i].Count
		}
	}
	n = min(n, workload.MaxTasks-others)
	before, given := 0, 0
	keep := sc.Tasks[:0]
	for i, t := range sc.Tasks {
		if slices.Contains(groups, i) {
			before += t.Count
			upTo := (n*before + total/2) / total
			t.Count, given = upTo-given, upTo
		}
		if t.Count > 0 {
			keep = append(keep, t)
		}
	}
	sc.Tasks = keep
}

// threshold converts a bracket of steps to loads.
func (a *axis) threshold(b bracket) (t Threshold) {
	if b.lo >= 0 {
		t.Lo = a.value(b.lo)
	}
	if b.hi < a.steps {
		t.Hi = a.value(b.hi)
	}
	t.Beyond, t.Below = b.hi >= a.steps, b.lo < 0
	return t
}

// Scenario returns the default scenario for searches: busy readers on two CPUs of a
// kernel with debugging, an NMI storm on both, and one close(). The hung-task
// timeout is 10 s, for short trials.
func Scenario() workload.Scenario {
	sc := workload.Default()
	sc.Name = "margin"
	sc.About = "NMI storms on two CPUs, 16 busy readers, one close(), which hangs from 10 s on"
	sc.Machine.MIPS = 200
	sc.Storms = []workload.Storm{{Source: workload.NMI, Events: 8, Period: 160 * time.Microsecond, Handler: 336 * time.Microsecond}}
	sc.Tasks = []workload.Tasks{
		{Name: "reader", Count: 14, Reads: workload.ReadsRCU, Section: time.Millisecond, Gap: time.Millisecond},
		{Name: "traced", Count: 2, Reads: workload.ReadsTracepoint, Section: 50 * time.Microsecond, Gap: time.Millisecond},
	}
	sc.Closers = []workload.Closers{{Name: "closer", Count: 1, Start: 500 * time.Millisecond, Jitter: 500 * time.Millisecond}}
	sc.Watchdog = workload.Watchdog{HungTask: 10 * time.Second}
	sc.Horizon, sc.Drain = 15*time.Second, 0
	return sc
}
