// Package margin searches for each candidate's margin: the load at which it begins
// to hang.
package margin

import (
	"context"
	"fmt"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/stat"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
)

// Plan describes a search for margins along one axis.
type Plan struct {
	Scenario workload.Scenario
	Fixes    []world.Subject
	Axis     Axis
	Seed     uint64
	// Progress, if set, is called after each candidate.
	Progress func(done, total int)
}

// Margin contains the thresholds of one candidate.
type Margin struct {
	Fix  string `json:"fix"`
	Axis Axis   `json:"axis"`
	// At10 and At50 are the loads at which the hang probability passes 10 and 50 %.
	At10 Threshold `json:"at_10"`
	At50 Threshold `json:"at_50"`
	// Points are all tested loads, in ascending order, for charts.
	Points []Point `json:"points"`
	Trials int     `json:"trials"`
}

// Point is one load with the number of its trials that hung.
type Point struct {
	Value  float64       `json:"value"` // share of time, nanoseconds, or tasks
	Trials int           `json:"trials"`
	Hung   int           `json:"hung"`
	Rate   stat.Interval `json:"rate_95"`
}

// Threshold is the load at which the hang probability passes a target: above Lo,
// and at Hi or below. It is wrong in at most Error of all searches.
type Threshold struct {
	Lo float64 `json:"lo"`
	Hi float64 `json:"hi"`
	// Beyond means that the threshold is not within the range of the axis, which
	// ends at Lo.
	Beyond bool `json:"beyond,omitempty"`
	// Below means that it is passed already at the beginning of the range, Hi.
	Below bool `json:"below,omitempty"`
}

// Apart reports whether the two intervals are disjoint, so that one threshold is
// above the other.
func (t Threshold) Apart(o Threshold) bool {
	over := func(a, b Threshold) bool { return !a.Below && !b.Beyond && a.Lo >= b.Hi }
	return over(t, o) || over(o, t)
}

// Error is the probability that a threshold lies outside its interval, if the hang
// probability never falls with rising load.
const Error = 0.05

// looks are the numbers of trials at which a decision about one load is tried;
// after the last the load stays undecided.
var looks = [...]int{12, 24, 48, 96, 192}

// decisions limits the number of loads that one search decides: both ends of the
// axis and two bisections of it.
const decisions = 24

// tail is the error of one look at one load.
const tail = Error / (decisions * float64(len(looks)))

// Run searches for the thresholds of all candidates, one after another. Trial i of
// every candidate and load has the same seed.
func Run(ctx context.Context, p *Plan, ex campaign.Executor) ([]Margin, error) {
	axis, err := newAxis(p.Axis, &p.Scenario)
	if err != nil {
		return nil, &campaign.InputError{Err: err}
	}
	if len(p.Fixes) == 0 {
		return nil, campaign.Inputf("fixes: none: want at least one")
	}
	var found []Margin
	for i, f := range p.Fixes {
		m, err := searchFor(ctx, axis, p, f.Name, ex)
		if err != nil {
			return nil, err
		}
		found = append(found, m)
		if p.Progress != nil {
			p.Progress(i+1, len(p.Fixes))
		}
	}
	return found, nil
}

// searchFor searches for the thresholds of one candidate.
func searchFor(ctx context.Context, axis *axis, p *Plan, subject string, ex campaign.Executor) (m Margin, err error) {
	closers := closersOf(&p.Scenario)
	s := &search{axis: axis, tried: make([]tally, axis.steps)}
	s.try = func(step, from, to int) (hung int, err error) {
		spec := func(i int) world.Spec {
			return world.Spec{Scenario: axis.scenario(step), Subject: subject, Seed: trialSeed(p.Seed, from+i)}
		}
		err = ex.Execute(ctx, to-from, spec, func(_ int, r trial.Result) error {
			if stuck(&r, closers) {
				hung++
			}
			return nil
		})
		return hung, err
	}
	half := s.find(0.5, bracket{-1, axis.steps})
	// A load at which half of the trials hang has also passed 10 %.
	tenth := s.find(0.1, bracket{-1, half.hi})
	if s.err != nil {
		return m, s.err
	}
	m = Margin{Fix: subject, Axis: p.Axis, At50: axis.threshold(half), At10: axis.threshold(tenth)}
	for i, t := range s.tried {
		if t.trials > 0 {
			m.Points = append(m.Points, Point{axis.value(i), t.trials, t.hung, stat.ClopperPearson(t.hung, t.trials, 0.95)})
			m.Trials += t.trials
		}
	}
	return m, nil
}

// trialSeed returns the seed of trial i at every load.
func trialSeed(s uint64, i int) uint64 { return seed.Derive(s, fmt.Sprintf("margin %d", i)) }

func closersOf(sc *workload.Scenario) (n int) {
	for i := range sc.Closers {
		n += sc.Closers[i].Count
	}
	return n
}

// stuck reports whether a trial counts as hung in a search: a close() took at least
// the hung-task timeout, or had not returned at the horizon, or its task had not
// even begun it for lack of CPU time.
func stuck(r *trial.Result, closers int) bool {
	if r.Hung() || len(r.Closes) < closers {
		return true
	}
	for _, c := range r.Closes {
		if c.Censored {
			return true
		}
	}
	return false
}

// tally counts the trials of one load.
type tally struct{ trials, hung int }

// bracket encloses a threshold: not passed at step lo, passed at step hi. The steps
// before the first and after the last stand for loads beyond the axis.
type bracket struct{ lo, hi int }

type search struct {
	axis  *axis
	tried []tally // by step
	// try runs the trials of a range at a step and counts those that hung.
	try func(step, from, to int) (hung int, err error)
	err error // the error that ended the search
}

// side is the position of a load's hang probability relative to the target.
type side int

const (
	near side = iota // too close to the target to decide
	below
	above
)

// find narrows the bracket of one target by bisection. A load that stays undecided
// splits the bracket into two parts, and find searches both.
func (s *search) find(target float64, b bracket) bracket {
	if b.hi == s.axis.steps && s.decide(b.hi-1, target) == below {
		return bracket{b.hi - 1, b.hi}
	}
	// Thresholds are close to each other: try steps just below first.
	for step := 1; b.hi < s.axis.steps && b.hi-step > b.lo; step *= 2 {
		v := s.decide(b.hi-step, target)
		if v == below {
			b.lo = b.hi - step
		}
		if v != above {
			break
		}
		b.hi -= step
	}
	first, last := b.hi, b.lo // of the undecided loads
	for b.hi-b.lo > 1 && s.err == nil {
		m := (b.lo + b.hi) / 2
		switch {
		case first > last: // none so far
		case first-b.lo > 1:
			m = (b.lo + first) / 2
		case b.hi-last > 1:
			m = (last + b.hi) / 2
		default:
			return b
		}
		switch s.decide(m, target) {
		case below:
			b.lo = m
			if last < b.lo {
				first, last = b.hi, b.lo
			} else {
				first = max(first, b.lo+1)
			}
		case above:
			b.hi = m
			if first > b.hi {
				first, last = b.hi, b.lo
			} else {
				last = min(last, b.hi-1)
			}
		default:
			if first > last {
				first, last = m, m
			} else {
				first, last = min(first, m), max(last, m)
			}
		}
	}
	return b
}

// decide runs trials at a load until they show the side of its hang probability.
func (s *search) decide(step int, target float64) side {
	if s.err != nil {
		return near
	}
	t := &s.tried[step]
	for _, look := range looks {
		if t.trials < look {
			hung, err := s.try(step, t.trials, look)
			if err != nil {
				s.err = err
				return near
			}
			t.hung += hung
			t.trials = look
		}
		switch {
		case stat.AtLeast(t.hung, t.trials, target) <= tail:
			return above
		case 1-stat.AtLeast(t.hung+1, t.trials, target) <= tail:
			return below
		}
	}
	return near
}
