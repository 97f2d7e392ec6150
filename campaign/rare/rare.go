// Package rare estimates rates of hangs that are too small to count, by subset
// simulation. The rate is the product of the shares of trials that pass from one
// level of the longest close() to the next, and each share is large enough to count.
// The trials of a level are states of Markov chains on the numbers that the trials
// draw. Each chain begins with a trial that passed the previous level.
//
// Au and Beck, Probabilistic Engineering Mechanics 16 (2001) 263-277.
package rare

import (
	"context"
	"math"
	"time"

	"github.com/gpstorm/gpstorm/campaign"
	counting "github.com/gpstorm/gpstorm/campaign/stat"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
)

// Plan is the plan of an estimate: the subject, the scenario, the event and the sizes.
type Plan struct {
	Scenario workload.Scenario
	// Varied estimates the rate over the variations of the scenario instead of the
	// rate of the scenario itself.
	Varied  bool
	Subject string
	// Threshold defines the event: a close() takes this long or longer.
	Threshold time.Duration
	// Untilted draws uniform numbers alone: it takes more trials, and is more likely to
	// find several ways to hang.
	Untilted bool
	// Replicates is the number of independent estimates, 8 or more; Trials the
	// number of trials of each at one level, 100 or more.
	Replicates, Trials int
	// MaxTrials, if set, is the most trials that the estimate may take: the simulation
	// ends at the last level that they suffice for. A larger number changes nothing.
	MaxTrials int
	// Floor ends the simulation: for a smaller rate the estimate is only a bound.
	Floor float64
	// Level is the confidence of the interval.
	Level float64
	Seed  uint64
	// Progress, if set, is called after every round of trials, with the level
	// that was reached.
	Progress func(trials int, level time.Duration)
}

// The least numbers for which the coverage of the interval was measured.
const (
	minReplicates = 8
	minTrials     = 100
)

// MinLevel is the least confidence of an interval.
const MinLevel = 0.5

// passing is the intended share of the trials of a level that pass to the next.
const passing = 0.1

// validate checks the numbers of the plan.
func (p *Plan) validate() error {
	switch {
	case p.Threshold <= 0 || p.Threshold >= p.Scenario.Horizon:
		return campaign.Inputf("threshold: %v: want more than 0 and less than the scenario's horizon, %v", p.Threshold, p.Scenario.Horizon)
	case !(p.Floor >= 1e-15 && p.Floor < 1):
		return campaign.Inputf("floor: %g: want 1e-15 or more, and less than 1", p.Floor)
	case !(p.Level >= MinLevel && p.Level < 1):
		return campaign.Inputf("confidence: %g: want %g or more, and less than 1", p.Level, MinLevel)
	}
	if err := CheckSize(p.Replicates, p.Trials); err != nil {
		return err
	}
	if least := LeastLimit(p.Replicates, p.Trials); p.MaxTrials != 0 && p.MaxTrials < least {
		return campaign.Inputf("max-trials: %d: want %d or more, or 0 for no limit", p.MaxTrials, least)
	}
	return nil
}

// CheckSize refuses sizes for which the coverage of the interval was not measured.
func CheckSize(replicates, trials int) error {
	switch {
	case replicates < minReplicates || replicates > 1000:
		return campaign.Inputf("replicates: %d: want %d to 1000", replicates, minReplicates)
	case trials < minTrials || trials > 1_000_000:
		return campaign.Inputf("trials: %d: want %d to 1000000", trials, minTrials)
	}
	return nil
}

// LeastLimit returns the least Plan.MaxTrials: the trials to learn from, and one level.
func LeastLimit(replicates, trials int) int { return (2*replicates + 1) * trials }

// levels returns how many levels the plan affords after so many trials: each has those
// of the pilot and of the replicates.
func (p *Plan) levels(after int) int {
	if p.MaxTrials == 0 {
		return math.MaxInt
	}
	return (p.MaxTrials - after) / ((p.Replicates + 1) * p.Trials)
}

// Estimate is the result of a simulation.
type Estimate struct {
	Scenario  string        `json:"scenario"`
	Varied    bool          `json:"varied"`
	Fix       string        `json:"fix"`
	Seed      uint64        `json:"seed"`
	Threshold time.Duration `json:"threshold_ns"`
	// Reached reports whether the simulation reached the threshold. If not, Rate is the
	// rate of the last level that it reached, whose longest close() is At.
	Reached bool          `json:"reached"`
	At      time.Duration `json:"at_ns"`
	// Limited reports whether it ended because the plan afforded no further level.
	Limited bool `json:"limited,omitempty"`
	// Saturated reports whether the pilot ended because no trial of a level had a higher
	// score than the others.
	Saturated bool `json:"saturated,omitempty"`
	// Rate estimates the probability that a trial passes the last level, which is
	// the threshold if it was reached. Interval holds the probability of passing the
	// threshold, with confidence Level.
	Rate     float64           `json:"rate"`
	Interval counting.Interval `json:"interval"`
	Level    float64           `json:"confidence"`
	// Counted is the exact interval from independent trials alone, as many as the
	// replicates have at a level. Hits of them passed the threshold. It does not depend on
	// the chains, nor on the tilt.
	Counted counting.Interval `json:"counted"`
	Hits    int               `json:"hits"`
	// Replicates are the independent estimates whose mean is the rate.
	Replicates []Replicate `json:"replicates"`
	Trials     int         `json:"trials"` // including those of the pilot
	// Brute is the number of independent trials whose counted rate would have the
	// same standard error; 0 if the standard error is 0.
	Brute  float64    `json:"brute_force_trials"`
	Levels []Level    `json:"levels"`
	Tilt   []Marginal `json:"tilt,omitempty"`
	// Doubts are reasons not to trust the estimate.
	Doubts []string `json:"doubts,omitempty"`
	// Unsafe counts the trials with a violation, a deadlock or a lost wakeup; Broken
	// is the token of the first.
	Unsafe int    `json:"unsafe"`
	Broken string `json:"broken,omitempty"`
	// Worst are the trials with the longest close(), of different ancestors.
	Worst []Trial `json:"worst"`
}

// Replicate is one of the independent estimates.
type Replicate struct {
	Rate float64 `json:"rate"`
	// Squares is the sum of the squares, and Largest the largest, of the parts of the rate
	// that descend from one first trial each.
	Squares float64 `json:"squares"`
	Largest float64 `json:"largest"`
	// Accepted is the least share of the moves at a level that were accepted; 1 if there
	// were no moves.
	Accepted float64 `json:"accepted"`
	// Checksum is that of its trials in order.
	Checksum trial.Checksum `json:"checksum"`
}

// Level is one level, with means over the replicates.
type Level struct {
	// A trial passes if its longest close() takes Wait or longer. If that exceeds Wait
	// by less than a hundredth, its close()s must also take Total together.
	Wait   time.Duration `json:"wait_ns"`
	Total  time.Duration `json:"total_ns"`
	Passed float64       `json:"passed"` // share of the previous level's tilted trials
	// Spread is the spread of the moves on the previous level: 0 is no move, 1 a fresh
	// number.
	Spread float64 `json:"spread"`
	// Accepted is the share of the moves on the previous level that were accepted; 1
	// if there were none.
	Accepted float64 `json:"accepted"`
	// Ancestors is the number of first trials that have descendants that passed.
	Ancestors float64 `json:"ancestors"`
	Rate      float64 `json:"rate"` // probability of passing it
}

// Trial names a trial by its token.
type Trial struct {
	Wait   time.Duration `json:"wait_ns"`
	Replay string        `json:"replay"`
}

// Run estimates the rate. The executor must keep the draws of trials
// (world.Want.Draws). The estimate is a function of the plan, and does not depend on
// the number of parallel trials.
func Run(ctx context.Context, p *Plan, ex campaign.Executor) (*Estimate, error) {
	e, _, err := run(ctx, p, ex)
	return e, err
}

// happened is a trial in which the event happened.
type happened struct {
	world.Spec
	weight float64
}

// run also returns the trials in which the event happened, of all replicates.
func run(ctx context.Context, p *Plan, ex campaign.Executor) (*Estimate, []happened, error) {
	if err := p.validate(); err != nil {
		return nil, nil, err
	}
	e := &Estimate{Scenario: p.Scenario.Name, Varied: p.Varied, Fix: p.Subject, Seed: p.Seed, Threshold: p.Threshold, Level: p.Level}
	t := newTilt(nil)
	if !p.Untilted {
		var err error
		if t, err = e.learn(ctx, p, ex); err != nil {
			return nil, nil, err
		}
	}
	e.Tilt = t.marginals
	pilot := newReplicate(p, nil, t, seed.Derive(p.Seed, "rare pilot"))
	pilot.most = p.levels(e.Trials)
	if err := e.simulate(ctx, p, ex, pilot); err != nil {
		return nil, nil, err
	}
	var all []*replicate
	for i := range p.Replicates {
		all = append(all, newReplicate(p, pilot.climbed(), t, replicateSeed(p.Seed, i)))
	}
	if err := e.simulate(ctx, p, ex, all...); err != nil {
		return nil, nil, err
	}
	e.conclude(p, pilot, all, ex.Name())
	var found []happened
	if e.Reached {
		for _, r := range all {
			for _, t := range r.trials { // the ones that passed the last level
				found = append(found, happened{t.spec, t.weight})
			}
		}
	}
	return e, found, nil
}

// simulate runs replicates to their ends, and their rounds in parallel.
func (e *Estimate) simulate(ctx context.Context, p *Plan, ex campaign.Executor, all ...*replicate) error {
	type proposal struct {
		world.Spec
		of    *replicate
		index int
	}
	for {
		var round []proposal
		counts := make([]int, len(all))
		for i, r := range all {
			for j, s := range r.proposals() {
				round = append(round, proposal{s, r, j})
				counts[i]++
			}
		}
		if len(round) == 0 {
			return nil
		}
		err := ex.Execute(ctx, len(round), func(i int) world.Spec { return round[i].Spec }, func(i int, r trial.Result) error {
			if r.Draws == nil {
				return campaign.Inputf("world: %s: want one whose trials are functions of their draws", ex.Name())
			}
			e.Trials++
			if broken(&r) {
				if e.Unsafe++; e.Unsafe == 1 {
					e.Broken = round[i].Token(ex.Name(), r.Checksum).String()
				}
			}
			round[i].of.take(round[i].index, round[i].Spec, &r)
			return nil
		})
		if err != nil {
			return err
		}
		for i, r := range all {
			r.endRound(counts[i])
		}
		if p.Progress != nil {
			p.Progress(e.Trials, all[0].scale.from(all[0].level().step))
		}
	}
}

// broken reports whether the trial shows a fault other than a slow close().
func broken(r *trial.Result) bool {
	return r.Diagnosis == trial.Unsafe || r.Diagnosis == trial.Deadlock || r.Diagnosis == trial.LostWakeup
}

// longest returns the time of the longest close() of a trial, up to the horizon.
func longest(r *trial.Result) (wait time.Duration) {
	for i := range r.Closes {
		wait = max(wait, r.Closes[i].Wait)
	}
	return wait
}

// Possible reports whether a close() of the scenario can take its timeout before the
// scenario ends.
func Possible(sc *workload.Scenario) bool { return sc.HungTimeout() < sc.Horizon }
