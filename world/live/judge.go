package live

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/gpstorm/gpstorm/internal/interrupt"
	"github.com/gpstorm/gpstorm/trial"
)

// aim is one storm at the thread of one reader.
type aim struct {
	reader int
	asked  interrupt.Storm
	got    interrupt.Achieved
	err    error // of the source, which did not begin
}

// A storm is as asked if the number of interrupts of each thread, and the time that
// they took, are those of the thread's CPU time to within one part in tolerance.
// Interrupts are a period apart, but where the first and the last period of the thread
// are cut is chance, so a storm that is exactly as asked has up to one interrupt more
// or less than there are periods. That is no more than the tolerance from so many
// periods on, and in fewer nobody can tell.
const tolerance = 5

// periods returns the CPU time of the thread in periods of the storm: the number of
// interrupts that were due.
func (a *aim) periods() float64 { return float64(a.got.CPU) / float64(a.asked.Period) }

// wrong returns why the storm at this thread was not the one that was asked for, or "".
func (a *aim) wrong() string {
	thread := fmt.Sprintf("the thread of reader %d ", a.reader)
	due := a.periods()
	took, asked := float64(a.got.Took), float64(due*float64(a.asked.Weight))
	switch {
	case a.err != nil:
		return thread + "was not interrupted: " + a.err.Error()
	case due < tolerance:
		return thread + fmt.Sprintf("had a CPU for %.1f periods of %v: want %d or more to judge the storm", due, a.asked.Period, tolerance)
	case off(float64(a.got.Interrupts), due):
		return thread + fmt.Sprintf("had %d interrupts in %.1f periods of %v: want as many, to within a fifth", a.got.Interrupts, due, a.asked.Period)
	case a.asked.Weight > 0 && off(took, asked):
		return thread + fmt.Sprintf("lost %.0f %% of its CPU time to interrupts: want %.0f %%, to within a fifth of that", percentOf(took, a.got.CPU), percentOf(asked, a.got.CPU))
	}
	return ""
}

// off reports whether a figure differs from the requested one by more than the tolerance.
func off(got, want float64) bool { return math.Abs(got-want)*tolerance > want*(1+1e-9) }

func percentOf(part float64, of time.Duration) float64 { return 100 * part / float64(of) }

// judge sums the storms by thread, and says why they were not all as asked, if so. The
// figures are those of the CPU time in which a storm was aimed at the thread: where there
// were two at once, what was asked for is the sum of both.
func judge(storms [][]aim) (s trial.Storm) {
	var readers [][]aim
	for _, aims := range storms {
		if len(aims) == 0 && s.Wrong == "" {
			s.Wrong = "a storm has no thread to interrupt"
		}
		for _, a := range aims {
			for len(readers) <= a.reader {
				readers = append(readers, nil)
			}
			readers[a.reader] = append(readers[a.reader], a)
			if s.Wrong == "" {
				s.Wrong = a.wrong()
			}
		}
	}
	var time, due, asked, got, took float64
	for _, aims := range readers {
		stormy, lost := float64(covered(aims)), 0.0
		time += stormy
		for i := range aims {
			a := &aims[i]
			due += a.periods()
			asked += float64(a.periods() * float64(a.asked.Weight))
			got += float64(a.got.Interrupts)
			lost += float64(a.got.Took)
		}
		took += lost
		if stormy > 0 {
			s.Most = max(s.Most, lost/stormy)
		}
	}
	if time > 0 {
		s.AskedRate, s.Rate, s.AskedShare, s.Share = due/time*1e9, got/time*1e9, asked/time, took/time
	}
	return s
}

// covered returns the CPU time of a thread in which at least one of the storms at it went
// on.
func covered(aims []aim) (sum time.Duration) {
	slices.SortFunc(aims, func(a, b aim) int { return cmp.Compare(a.got.From, b.got.From) })
	var end time.Duration
	for i := range aims {
		from, until := aims[i].got.From, aims[i].got.From+aims[i].got.CPU
		sum += max(until-max(from, end), 0)
		end = max(end, until)
	}
	return sum
}
