// Package rare estimates rates of hangs that are too small to count, by subset
// simulation: the rate is the product of the shares of trials that pass from one
// level of the longest close() to the next, and each share is large enough to be
// counted. The trials of a level begin with those of the level before that passed
// it, and go on by Markov chains on the numbers that the trials draw.
//
// Au and Beck, Probabilistic Engineering Mechanics 16 (2001) 263-277.
package rare

import (
	"context"
	"time"

	"github.com/gpstorm/gpstorm/campaign"
	counting "github.com/gpstorm/gpstorm/campaign/stat"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
)

// Plan says whose rate of which event to estimate.
type Plan struct {
	Scenario workload.Scenario
	// Varied: the rate is that over the variations of the scenario, and not
	// that of the scenario itself.
	Varied  bool
	Subject string
	// Threshold: the event is that a close() takes so long or longer.
	Threshold time.Duration
	// Replicates is the number of independent estimates, 8 or more; Trials the
	// number of trials of each at one level, 100 or more.
	Replicates, Trials int
	// Floor ends the search: below it the estimate is only a bound.
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

// passing is the share of the trials of a level that the next level is to keep.
const passing = 0.1

// validate checks the numbers.
func (p *Plan) validate() error {
	switch {
	case p.Threshold <= 0 || p.Threshold >= p.Scenario.Horizon:
		return campaign.Inputf("threshold: %v: want more than 0 and less than the scenario's horizon, %v", p.Threshold, p.Scenario.Horizon)
	case !(p.Floor >= 1e-15 && p.Floor < 1):
		return campaign.Inputf("floor: %g: want 1e-15 or more, and less than 1", p.Floor)
	case !(p.Level >= 0.5 && p.Level < 1):
		return campaign.Inputf("confidence: %g: want 0.5 or more, and less than 1", p.Level)
	}
	return CheckSize(p.Replicates, p.Trials)
}

// CheckSize refuses sizes of an estimate for which its interval was not measured.
func CheckSize(replicates, trials int) error {
	switch {
	case replicates < minReplicates || replicates > 1000:
		return campaign.Inputf("replicates: %d: want %d to 1000", replicates, minReplicates)
	case trials < minTrials || trials > 1_000_000:
		return campaign.Inputf("trials: %d: want %d to 1000000", trials, minTrials)
	}
	return nil
}

// Estimate is what a simulation found.
type Estimate struct {
	Scenario  string        `json:"scenario"`
	Varied    bool          `json:"varied"`
	Fix       string        `json:"fix"`
	Seed      uint64        `json:"seed"`
	Threshold time.Duration `json:"threshold_ns"`
	// Reached reports whether the simulation reached the threshold. If not, Rate is
	// that of the last level that it reached, whose longest close() is At.
	Reached bool          `json:"reached"`
	At      time.Duration `json:"at_ns"`
	// Rate estimates the probability that a trial passes the last level, which is
	// the threshold if it was reached. Interval holds the probability of passing the
	// threshold, with confidence Level.
	Rate     float64           `json:"rate"`
	Interval counting.Interval `json:"interval"`
	Level    float64           `json:"confidence"`
	// Counted is the exact interval from the independent first trials alone. It
	// holds whatever the chains did. Hits of them passed the threshold.
	Counted counting.Interval `json:"counted"`
	Hits    int               `json:"hits"`
	// Replicates are the independent estimates whose mean is the rate.
	Replicates []float64 `json:"replicates"`
	// Checksums are of all trials of each replicate, in their order.
	Checksums []trial.Checksum `json:"checksums"`
	Trials    int              `json:"trials"` // those of the pilot included
	// Brute is how many trials would count the rate with the same standard
	// error; 0 if there is none.
	Brute  float64 `json:"brute_force_trials"`
	Levels []Level `json:"levels"`
	// Doubts are reasons not to trust the estimate.
	Doubts []string `json:"doubts,omitempty"`
	// Unsafe counts the trials in which an oracle saw a violation, or that
	// ended in a deadlock or a lost wakeup; Broken is the token of the first.
	Unsafe int    `json:"unsafe"`
	Broken string `json:"broken,omitempty"`
	// Worst are the trials with the longest close(), of different ancestors.
	Worst []Trial `json:"worst"`
}

// Level is one level, as the mean of the replicates saw it.
type Level struct {
	// A trial passes whose longest close() takes Wait or longer, and among those
	// that differ by less than a hundredth the ones whose close()s take Total
	// together.
	Wait   time.Duration `json:"wait_ns"`
	Total  time.Duration `json:"total_ns"`
	Passed float64       `json:"passed"` // share of the trials before it
	// Spread is that of the moves before it: 0 is none, 1 a fresh number.
	Spread float64 `json:"spread"`
	// Accepted is the share of the moves before it that were accepted; 1 if
	// there were none.
	Accepted float64 `json:"accepted"`
	// Ancestors is how many of the first trials have descendants that passed.
	Ancestors float64 `json:"ancestors"`
	Rate      float64 `json:"rate"` // of passing it
}

// Trial is a trial by its token.
type Trial struct {
	Wait   time.Duration `json:"wait_ns"`
	Replay string        `json:"replay"`
}

// Run estimates the rate. The executor must keep the draws of trials
// (world.Want.Draws). The same plan gives the same estimate, however many trials
// run at once.
func Run(ctx context.Context, p *Plan, ex campaign.Executor) (*Estimate, error) {
	e, _, err := run(ctx, p, ex)
	return e, err
}

// run also returns the trials in which the event happened, of all replicates.
func run(ctx context.Context, p *Plan, ex campaign.Executor) (*Estimate, []world.Spec, error) {
	if err := p.validate(); err != nil {
		return nil, nil, err
	}
	e := &Estimate{Scenario: p.Scenario.Name, Varied: p.Varied, Fix: p.Subject, Seed: p.Seed, Threshold: p.Threshold, Level: p.Level}
	pilot := newReplicate(p, nil, seed.Derive(p.Seed, "rare pilot"))
	if err := e.simulate(ctx, p, ex, pilot); err != nil {
		return nil, nil, err
	}
	var all []*replicate
	for i := range p.Replicates {
		all = append(all, newReplicate(p, pilot.climbed(), replicateSeed(p.Seed, i)))
	}
	if err := e.simulate(ctx, p, ex, all...); err != nil {
		return nil, nil, err
	}
	e.conclude(p, pilot, all, ex.Name())
	var happened []world.Spec
	if e.Reached {
		for _, r := range all {
			for _, t := range r.trials { // those that passed the last level
				happened = append(happened, t.spec)
			}
		}
	}
	return e, happened, nil
}

// simulate runs replicates to their ends, each round of all of them at once.
func (e *Estimate) simulate(ctx context.Context, p *Plan, ex campaign.Executor, all ...*replicate) error {
	type proposal struct {
		world.Spec
		of    *replicate
		index int
	}
	for {
		var round []proposal
		for _, r := range all {
			for j, s := range r.proposals() {
				round = append(round, proposal{s, r, j})
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
		for _, r := range all {
			r.endRound()
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

// longest is how long the longest close() of a trial took, or had taken at the
// horizon.
func longest(r *trial.Result) (wait time.Duration) {
	for i := range r.Closes {
		wait = max(wait, r.Closes[i].Wait)
	}
	return wait
}

// Possible reports whether a close() of the scenario can take its timeout before the
// scenario ends.
func Possible(sc *workload.Scenario) bool { return sc.HungTimeout() < sc.Horizon }
