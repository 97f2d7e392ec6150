package workload

import (
	"fmt"
	"math/bits"
	"time"

	"github.com/gpstorm/gpstorm/seed"
)

// quarters are factors from 1/2 to 2 in steps of a quarter of an octave, in
// thousandths: the grid of variations.
var quarters = [...]int64{500, 595, 707, 841, 1000, 1189, 1414, 1682, 2000}

// Vary returns a neighbour of a valid scenario: the same machine, the same groups,
// with rates, costs, counts, phases and start times changed by up to an octave
// either way. Variation 0 is the scenario itself.
//
// Of every storm it changes the odds of being in a handler, the length of samples
// and of the time between them, the number of events (up to half an octave) and the
// phase; of tasks their number (unless they are real-time) and the lengths of their
// sections, gaps and sleeps; of closers their number (if it is more than one),
// start, jitter, pause and gap; of RCU load its period. Each draw has its own
// stream, so that changing one field does not change the draws of others. The
// result is valid and keeps its name.
func Vary(sc Scenario, variation int, trialSeed uint64) Scenario {
	return VaryBy(sc, variation, seed.NewDraws(trialSeed))
}

// VaryBy is Vary with the numbers of a trial. All variations except 0 have the same
// distribution.
func VaryBy(sc Scenario, variation int, draws *seed.Draws) Scenario {
	sc = sc.clone()
	if variation <= 0 {
		return sc
	}
	v := varier{draws: draws, prefix: fmt.Sprintf("vary %d ", variation)}
	for i := range sc.Storms {
		v.storm(fmt.Sprintf("storm %d ", i), &sc.Storms[i], sc.Horizon)
	}
	spare := MaxTasks
	for i := range sc.Tasks {
		spare -= sc.Tasks[i].Count
	}
	for i := range sc.Tasks {
		name := fmt.Sprintf("tasks %d ", i)
		t := &sc.Tasks[i]
		if t.Sched != FIFO { // another real-time loop may starve all other tasks
			t.Count = v.count(name+"count", t.Count, &spare)
		}
		least := 100 * time.Nanosecond
		if t.Gap == 0 {
			least = time.Microsecond // for a whole round
		}
		t.Section = v.span(name+"section", t.Section, least, maxWait)
		t.Gap = v.span(name+"gap", t.Gap, time.Microsecond, maxWait)
		t.Sleep = v.span(name+"sleep", t.Sleep, time.Microsecond, maxWait)
	}
	v.closers(sc.Closers, sc.Horizon)
	for i := range sc.RCULoad {
		l := &sc.RCULoad[i]
		l.Period = v.span(fmt.Sprintf("load %d period", i), l.Period, 10*time.Microsecond, maxWait)
	}
	return sc
}

// varier draws the values of one variation.
type varier struct {
	draws  *seed.Draws
	prefix string // of stream names
}

func (v varier) stream(name string) *seed.Uniforms { return v.draws.Stream(v.prefix + name) }

// factor draws a factor within reach quarter octaves of 1, in thousandths.
func (v varier) factor(name string, reach int) int64 {
	middle := len(quarters) / 2
	return quarters[middle-reach+v.stream(name).IntN(2*reach+1)]
}

// span changes a duration by up to an octave; 0 stays 0.
func (v varier) span(name string, d, low, high time.Duration) time.Duration {
	if d == 0 {
		return 0
	}
	return min(max(rounded(scale(d, v.factor(name, 4))), low), high)
}

// count changes a number by up to an octave. An increase is taken from spare.
func (v varier) count(name string, n int, spare *int) int {
	m := min(times(n, v.factor(name, 4)), n+*spare)
	*spare += n - m
	return m
}

func (v varier) storm(name string, s *Storm, horizon time.Duration) {
	if len(s.At) > 0 {
		return // single samples do not vary
	}
	handler := s.Handler
	coarse := v.factor(name+"grain", 4)
	s.Period, s.Handler = scale(s.Period, coarse), scale(s.Handler, coarse)

	odds := v.factor(name+"odds", 4)
	if s.onGrid() && s.Handler < s.Period {
		// The samples take h/p of the time, so the odds are h/(p-h).
		in, out := uint64(s.Handler)*uint64(odds), uint64(s.Period-s.Handler)*1000
		s.Handler = muldiv(s.Period, in, in+out)
	} else {
		// The period is execution time between samples, so the odds are h/p.
		s.Handler = scale(s.Handler, odds)
	}
	least := minNMIPeriod
	if s.Source != NMI {
		least = minHRTimerPeriod
	}
	s.Period = min(max(rounded(s.Period), least), maxWait)
	s.Handler = min(max(rounded(s.Handler), MinHandler), MaxHandler)
	if s.Growth != 0 {
		s.HandlerMax = rounded(muldiv(s.HandlerMax, uint64(s.Handler), uint64(handler)))
		s.HandlerMax = min(max(s.HandlerMax, s.Handler), MaxHandler)
	}
	if s.Events > 1 {
		s.Events = min(times(s.Events, v.factor(name+"events", 2)), maxEvents)
	}

	end := s.Until
	if end == 0 {
		end = horizon
	}
	if phase := time.Duration(v.stream(name + "phase").Int64N(int64(s.Period))); s.From+phase < end {
		s.From += phase
	}
}

// onGrid reports whether the period is the time from one interrupt to the next,
// which includes the handler.
func (s *Storm) onGrid() bool {
	return s.Source == HRTimer && s.Rearm == RearmDefault || s.Source == IRQ && s.Rearm != RearmEnd || s.Rearm == RearmPeriod
}

func (v varier) closers(groups []Closers, horizon time.Duration) {
	spare, closes := maxClosers, maxCloses
	for i := range groups {
		spare -= groups[i].Count
		closes -= groups[i].Count * max(1, groups[i].Repeat)
	}
	for i := range groups {
		g, name := &groups[i], fmt.Sprintf("closers %d ", i)
		if g.Count > 1 {
			most := min(spare, closes/max(1, g.Repeat))
			before := g.Count
			g.Count = v.count(name+"count", g.Count, &most)
			spare -= g.Count - before
			closes -= (g.Count - before) * max(1, g.Repeat)
		}
		g.Start = v.span(name+"start", g.Start, 0, horizon)
		g.Jitter = v.span(name+"jitter", g.Jitter, 0, horizon-g.Start)
		g.Pause = v.span(name+"pause", g.Pause, 0, maxWait)
		g.PauseJitter = v.span(name+"pause jitter", g.PauseJitter, 0, maxWait)
		g.Gap = v.span(name+"gap", g.Gap, 0, maxWait)
		g.GapJitter = v.span(name+"gap jitter", g.GapJitter, 0, maxWait)
	}
}

// scale multiplies by thousandths.
func scale(d time.Duration, thousandths int64) time.Duration {
	return muldiv(d, uint64(thousandths), 1000)
}

// times multiplies by thousandths and rounds to the nearest integer, at least 1.
func times(n int, thousandths int64) int {
	return max(1, (n*int(thousandths)+500)/1000)
}

// muldiv returns d*a/b without intermediate overflow; the largest Duration if the
// result is larger.
func muldiv(d time.Duration, a, b uint64) time.Duration {
	hi, lo := bits.Mul64(uint64(d), a)
	if hi >= b {
		return 1<<63 - 1
	}
	q, _ := bits.Div64(hi, lo, b)
	return time.Duration(min(q, 1<<63-1))
}

// rounded keeps three significant digits, for readable variations.
func rounded(d time.Duration) time.Duration {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return (d + unit/2) / unit * unit
}
