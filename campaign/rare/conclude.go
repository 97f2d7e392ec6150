package rare

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats/scalar"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/gpstorm/gpstorm/campaign"
	counting "github.com/gpstorm/gpstorm/campaign/stat"
)

// conclude computes the estimate from the replicates.
func (e *Estimate) conclude(p *Plan, pilot *replicate, all []*replicate, world string) {
	at := pilot.level()
	e.At, e.Reached = pilot.scale.from(at.step), at == event
	e.Limited, e.Saturated = pilot.end == limited, pilot.end == saturated
	for _, r := range all {
		e.Replicates = append(e.Replicates, r.result(at))
	}
	rates := e.rates()
	e.Rate = stat.Mean(rates, nil)
	if v := stat.Variance(rates, nil) / float64(len(all)); v > 0 {
		e.Brute = e.Rate * (1 - e.Rate) / v
	}
	if len(e.Tilt) == 0 {
		e.Hits = firstTrials(all)
	}
	for i, s := range pilot.past {
		e.Levels = append(e.Levels, levelOf(all, i, s))
	}
	e.Interval, e.Counted = e.intervals(p.Trials, p.Level)
	e.Doubts = e.doubts()
	e.worst(all, world)
}

// intervals returns the interval from the replicates, which have so many trials at a
// level each, and the interval from their independent first trials.
func (e *Estimate) intervals(trials int, level float64) (simulated, counted counting.Interval) {
	counted = counting.ClopperPearson(e.Hits, trials*len(e.Replicates), level)
	simulated = e.simulated(level)
	switch {
	case !e.Reached && e.Hits > 0:
		simulated = counted // the levels end below what was counted
	case stat.Mean(e.rates(), nil) == 0:
		simulated = counting.Interval{Lo: 0, Hi: counted.Hi} // all replicates died out
	case !e.Reached:
		// A longer wait is not more frequent, and the first trials, which are
		// independent, bound its rate too.
		simulated = counting.Interval{Lo: 0, Hi: min(simulated.Hi, counted.Hi)}
	case len(e.Levels) == 1 && len(e.Tilt) == 0:
		simulated = counted // no chains: all trials are independent
	}
	return simulated, counted
}

// simulated returns the interval from the replicates: the lower and the upper end of two.
// One rests on how much replicates differ, the other on the first trials that have
// descendants in the last level, all of which are independent. Few replicates may be
// equal by chance, and of few such trials the replicates' logarithms are not normal.
func (e *Estimate) simulated(level float64) counting.Interval {
	rates := e.rates()
	cox := interval(rates, level)
	squares, largest := e.parts()
	weighted := counting.Weighted(stat.Mean(rates, nil), squares, largest, level)
	return counting.Interval{Lo: min(cox.Lo, weighted.Lo), Hi: min(max(cox.Hi, weighted.Hi), 1)}
}

func (e *Estimate) rates() (rates []float64) {
	for _, r := range e.Replicates {
		rates = append(rates, r.Rate)
	}
	return rates
}

// parts returns the sum of the squares and the largest of the parts of the rate that
// descend from one first trial each.
func (e *Estimate) parts() (squares, largest float64) {
	n := float64(len(e.Replicates))
	for _, r := range e.Replicates {
		squares += r.Squares / (n * n)
		largest = max(largest, r.Largest/n)
	}
	return squares, largest
}

// families returns the effective number of first trials on which the rate rests (Kish).
func (e *Estimate) families() float64 {
	squares, _ := e.parts()
	if squares == 0 {
		return 0
	}
	return e.Rate * e.Rate / squares
}

// Check returns an error for the first field of the estimate that does not follow from its
// replicates of so many trials at a level each, with this confidence.
func (e *Estimate) Check(trials int, level float64) error {
	rate := stat.Mean(e.rates(), nil)
	simulated, counted := e.intervals(trials, level)
	doubts := e.doubts()
	switch {
	case e.Level != level:
		return campaign.Inputf("confidence: %g: want %g", e.Level, level)
	case !near(e.Rate, rate):
		return campaign.Inputf("rate: %g: want %g, by the replicates", e.Rate, rate)
	case !near(e.Counted.Lo, counted.Lo) || !near(e.Counted.Hi, counted.Hi):
		return campaign.Inputf("counted: %g to %g: want %g to %g, by the hits", e.Counted.Lo, e.Counted.Hi, counted.Lo, counted.Hi)
	case !near(e.Interval.Lo, simulated.Lo) || !near(e.Interval.Hi, simulated.Hi):
		return campaign.Inputf("interval: %g to %g: want %g to %g, by the replicates", e.Interval.Lo, e.Interval.Hi, simulated.Lo, simulated.Hi)
	case !slices.Equal(e.Doubts, doubts):
		return campaign.Inputf("doubts: %q: want %q, by the replicates", e.Doubts, doubts)
	}
	return nil
}

// near allows for the last bits, which may differ between machines.
func near(a, b float64) bool { return scalar.EqualWithinRel(a, b, 1e-9) }

// firstTrials counts the independent trials in which the event happened.
func firstTrials(all []*replicate) (n int) {
	for _, r := range all {
		n += hits(r.past[0].scores)
	}
	return n
}

// levelOf returns the mean of a level over the replicates that reached it.
func levelOf(all []*replicate, i int, of stage) Level {
	l, n := Level{Wait: of.Wait, Total: of.Total, Spread: of.Spread}, 0.0
	for _, r := range all {
		if i < len(r.past) {
			s := r.past[i]
			n++
			l.Passed, l.Accepted, l.Ancestors = l.Passed+s.Passed, l.Accepted+s.Accepted, l.Ancestors+s.Ancestors
		}
		l.Rate += r.exceeds(of.at) / float64(len(all))
	}
	n = max(n, 1)
	l.Passed, l.Accepted, l.Ancestors = l.Passed/n, l.Accepted/n, l.Ancestors/n
	return l
}

// interval returns Cox's interval for the mean of a lognormal distribution, with
// Student's quantiles: the replicates are products of many shares, so their
// logarithms are about normal. If a replicate is 0, it returns Student's interval of
// the mean.
//
// Olsson, Journal of Statistics Education 13 (2005) number 1.
func interval(replicates []float64, level float64) counting.Interval {
	n := float64(len(replicates))
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Quantile((1 + level) / 2)
	if slices.Min(replicates) == 0 {
		mean, v := stat.MeanVariance(replicates, nil)
		half := float64(t * math.Sqrt(v/n))
		return counting.Interval{Lo: max(mean-half, 0), Hi: min(mean+half, 1)}
	}
	mean, v := stat.MeanVariance(logs(replicates), nil)
	half := float64(t * math.Sqrt(v/n+float64(v*v)/(2*(n-1))))
	middle := mean + float64(v/2)
	return counting.Interval{Lo: min(math.Exp(middle-half), 1), Hi: min(math.Exp(middle+half), 1)}
}

func logs(values []float64) (logs []float64) {
	for _, v := range values {
		logs = append(logs, math.Log(v))
	}
	return logs
}

// Beyond these limits an estimate has doubts.
const (
	leastAccepted = 0.05
	leastFamilies = 5
)

// doubts returns the reasons not to trust the estimate. All of them follow from its other
// fields.
func (e *Estimate) doubts() (found []string) {
	doubt := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	stuck, dead := 0, 0
	for _, r := range e.Replicates {
		if r.Accepted < leastAccepted {
			stuck++
		}
		if r.Rate == 0 {
			dead++
		}
	}
	if stuck > 0 {
		doubt("chains are stuck: in %d of %d replicates fewer than %g %% of the moves at a level were accepted", stuck, len(e.Replicates), 100*leastAccepted)
	}
	if e.Saturated {
		doubt("the longest close() saturates at %v: no trial of the pilot at that level took longer, so it found no path to %v", e.At, e.Threshold)
	}
	if len(e.Tilt) > 0 {
		doubt("tilted: trials were drawn near the hangs that were found first, and show little of other ways to hang; compare with an estimate without a tilt, or with a count of trials at a lower threshold")
	}
	if n := e.families(); n < leastFamilies {
		doubt("few ancestors: by their weights, the rate rests on %.1f independent first trials, want %d", n, leastFamilies)
	}
	if dead > 0 {
		doubt("%d of %d replicates died out: none of their trials passed a level", dead, len(e.Replicates))
	}
	return found
}

// worstTrials is the number of trials in Estimate.Worst.
const worstTrials = 5

// worst returns the trials with the longest close(), at most one of each ancestor.
func (e *Estimate) worst(all []*replicate, world string) {
	var best []sample
	for _, r := range all {
		byAncestor := map[int]int{}
		for _, t := range r.trials {
			if at, ok := byAncestor[t.ancestor]; !ok {
				byAncestor[t.ancestor] = len(best)
				best = append(best, t)
			} else if t.wait > best[at].wait {
				best[at] = t
			}
		}
	}
	slices.SortStableFunc(best, func(a, b sample) int { return cmp.Compare(b.wait, a.wait) })
	for _, b := range best[:min(worstTrials, len(best))] {
		e.Worst = append(e.Worst, Trial{b.wait, b.spec.Token(world, b.sum).String()})
	}
}
