package rare

import (
	"context"
	"time"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

// Rate is the estimated rate of a candidate in a scenario in which none of its trials
// of a campaign hung.
type Rate struct {
	Clean int `json:"counted_trials"` // trials of the campaign; none hung
	Size  int `json:"trials_a_level"` // of the simulation
	// MaxTrials is the limit of its trials; 0 means none.
	MaxTrials int `json:"max_trials,omitempty"`
	Estimate
	// Paired compares with the baseline; nil if the baseline's estimate has no
	// hangs.
	Paired *Paired `json:"paired,omitempty"`
}

// Paired counts the hangs of the baseline's estimate that are also hangs of the
// candidate with the same draws. The count has no interval, since the hangs of one
// chain are correlated.
type Paired struct {
	Hung int `json:"hung"`
	Of   int `json:"of_baseline_hangs"`
}

// mostPaired bounds the hangs of the baseline that are run under a candidate.
const mostPaired = 200

// Rates estimates, in each of the first scenarios, the rate of every candidate without
// a trial that hung, including the baseline. It skips scenarios in which no close() can
// reach the timeout. The estimates of a scenario begin with the same draws. size is the
// plan of each estimate without scenario, subject and threshold. progress is called with
// the candidate and the scenario, and may be nil.
func Rates(ctx context.Context, sum *campaign.Summary, plan *campaign.Plan, scenarios int, size Plan, ex campaign.Executor, progress func(fix, scenario string, trials int)) (all []Rate, err error) {
	for i, class := range sum.Classes[:scenarios] {
		if !Possible(&plan.Scenarios[i]) {
			continue
		}
		var baseHangs []happened
		for j, f := range sum.Head.Fixes {
			row := &class.Rows[j]
			if f.Must == world.MustBeUnsafe || row.Hung > 0 || row.Trials == 0 {
				continue
			}
			p := size
			p.Scenario, p.Varied, p.Subject, p.Threshold = plan.Scenarios[i], true, f.Name, plan.Scenarios[i].HungTimeout()
			if progress != nil {
				p.Progress = func(trials int, _ time.Duration) { progress(f.Name, class.Name, trials) }
			}
			e, hangs, err := run(ctx, &p, ex)
			if err != nil {
				return nil, err
			}
			all = append(all, Rate{Clean: row.Trials, Size: p.Trials, MaxTrials: p.MaxTrials, Estimate: *e})
			r := &all[len(all)-1]
			switch {
			case f.Name == sum.Head.Base():
				baseHangs = hangs
			case len(baseHangs) > 0:
				if r.Paired, err = under(ctx, f.Name, baseHangs, ex); err != nil {
					return nil, err
				}
			}
		}
	}
	return all, nil
}

// under reruns hangs of the baseline under a candidate, in proportion to their weights.
func under(ctx context.Context, fix string, hangs []happened, ex campaign.Executor) (*Paired, error) {
	p := &Paired{Of: min(len(hangs), mostPaired)}
	total := 0.0
	for _, h := range hangs {
		total += h.weight
	}
	var specs []world.Spec
	sum := 0.0
	for _, h := range hangs { // of all replicates
		sum += h.weight
		for len(specs) < p.Of && sum/total*float64(p.Of) > float64(len(specs))+0.5 {
			s := h.Spec
			s.Subject = fix
			specs = append(specs, s)
		}
	}
	p.Of = len(specs)
	err := ex.Execute(ctx, p.Of, func(i int) world.Spec { return specs[i] }, func(i int, r trial.Result) error {
		if longest(&r) >= specs[i].Scenario.HungTimeout() {
			p.Hung++
		}
		return nil
	})
	return p, err
}
