// Package gate passes or fails a candidate according to a policy, with the few
// trials that a sequential test needs.
package gate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/margin"
	"github.com/gpstorm/gpstorm/campaign/stat"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
)

// Policy lists the requirements on a candidate.
type Policy struct {
	// MaxHangRate is the share of trials that may hang, 0 to 1; 0 means no limit.
	MaxHangRate float64
	// MaxP99 is the limit on close(): a candidate fails if its slowest close
	// exceeds the limit in one trial of a hundred. 0 means no limit.
	MaxP99 time.Duration
	// Margin is the load up to which the candidate must not hang.
	Margin margin.AtLeast
	// NoUnsafe fails a candidate after one trial with the diagnosis unsafe,
	// deadlock or lost-wakeup.
	NoUnsafe bool
	// Confidence is 1 minus the rate of wrong decisions of either kind.
	Confidence float64
	// Budget is the number of trials after which a criterion stays undecided.
	Budget int
}

// indifference is the ratio between the rate that must fail and the rate that must
// pass. Between these rates a gate may decide either way.
const indifference = 4

// Validate reports the first invalid field of the policy.
func (p *Policy) Validate() error {
	switch {
	case p.MaxHangRate < 0 || p.MaxHangRate >= 1:
		return fmt.Errorf("max hang rate: %g%%: want 0%% to below 100%%", 100*p.MaxHangRate)
	case p.MaxP99 < 0:
		return fmt.Errorf("max p99: %v: want 0s or more", p.MaxP99)
	case p.Confidence < 0.5 || p.Confidence >= 1:
		return fmt.Errorf("confidence: %g%%: want 50%% to below 100%%", 100*p.Confidence)
	case p.MaxHangRate == 0 && p.MaxP99 == 0 && p.Margin.IsZero():
		return errors.New("max hang rate: 0%: want above 0%, or another limit beside it")
	}
	if err := p.Margin.Validate(); err != nil {
		return err
	}
	switch {
	case p.Budget > world.MaxVariations:
		return fmt.Errorf("budget: %d trials: want at most %d", p.Budget, world.MaxVariations)
	case p.Budget < p.fewest():
		return fmt.Errorf("budget: %d trials: want at least %d: fewer cannot pass this policy", p.Budget, p.fewest())
	}
	return nil
}

// fewest returns the smallest number of trials that can pass the policy.
func (p *Policy) fewest() int {
	fewest := 1
	for _, c := range p.criteria() {
		fewest = max(fewest, c.test.Fewest())
	}
	return fewest
}

// criterion is an event with a limit on its rate.
type criterion struct {
	name    string
	test    stat.SPRT
	happens func(*trial.Result) bool
	// atMargin selects trials at the load of the margin instead of the scenarios.
	atMargin bool
}

func (p *Policy) criteria() []criterion {
	var all []criterion
	add := func(name string, limit float64, happens func(*trial.Result) bool) {
		all = append(all, criterion{name: name, test: stat.SPRT{Good: limit / indifference, Bad: limit}, happens: happens})
	}
	if p.MaxHangRate > 0 {
		add(fmt.Sprintf("hangs in less than %g%% of trials", 100*p.MaxHangRate), p.MaxHangRate,
			func(r *trial.Result) bool { return r.Hung() || r.Truncated })
	}
	if p.MaxP99 > 0 {
		add(fmt.Sprintf("slowest close() over %v in less than 1%% of trials", p.MaxP99), 0.01,
			func(r *trial.Result) bool { return r.Truncated || slowerThan(r, p.MaxP99) })
	}
	if m := &p.Margin; !m.IsZero() {
		add(m.String(), m.Level, func(r *trial.Result) bool { return r.Truncated || m.Hung(r) })
		all[len(all)-1].atMargin = true
	}
	// A bad candidate passes only if every criterion that it breaks misses that; a
	// good one fails if any criterion raises a false alarm. So the criteria share
	// the error.
	for i := range all {
		all[i].test.Miss, all[i].test.Alarm = 1-p.Confidence, (1-p.Confidence)/float64(len(all))
	}
	return all
}

// slowerThan counts a censored close as slower than the limit.
func slowerThan(r *trial.Result, limit time.Duration) bool {
	for _, c := range r.Closes {
		if c.Censored || c.Wait > limit {
			return true
		}
	}
	return false
}

// Result is the decision about one candidate.
type Result struct {
	Fix    string `json:"fix"`
	Passed bool   `json:"passed"`
	Failed bool   `json:"failed"` // if neither is set: undecided within the budget
	Trials int    `json:"trials"`
	Tests  []Test `json:"tests"`
}

// Test is the outcome of one criterion.
type Test struct {
	Name     string `json:"name"`
	Decision string `json:"decision"` // good, bad or undecided
	Seen     int    `json:"seen"`     // trials with the event
	Of       int    `json:"of"`
	// Rate is the exact 95 % interval of the event's rate, for a fixed number of
	// trials.
	Rate stat.Interval `json:"rate_95"`
	// Good and Bad are the rates, 0 to 1, between which the test discriminates;
	// both are 0 where one trial decides.
	Good float64 `json:"good_rate"`
	Bad  float64 `json:"bad_rate"`
	// First is the token of the first trial with the event.
	First string `json:"first,omitempty"`
}

const noUnsafe = "never unsafe, deadlocked or with a lost wakeup"

// Run runs trials of one candidate until the policy is met or broken or the budget
// is spent: first all scenarios in turn, then, unless the candidate has failed,
// trials at the load of the margin. It tests after each round of all scenarios.
// Different rates in the scenarios do not raise its error rates, since the mean
// likelihood ratio of a round is largest if all rates are equal. The decision does
// not depend on the parallelism.
func Run(ctx context.Context, scenarios []workload.Scenario, subject world.Subject, seed uint64, policy Policy, ex campaign.Executor) (*Result, error) {
	if err := policy.Validate(); err != nil {
		return nil, &campaign.InputError{Err: err}
	}
	g := newGating(subject.Name, policy)
	g.token = func(s world.Spec, r *trial.Result) string { return s.Token(ex.Name(), r.Checksum).String() }
	if policy.MaxHangRate > 0 || policy.MaxP99 > 0 {
		rounds := (policy.Budget + len(scenarios) - 1) / max(1, len(scenarios))
		plan := &campaign.Plan{Scenarios: scenarios, Variations: rounds, Fixes: []world.Subject{subject}, Seed: seed}
		if err := campaign.Each(ctx, plan, ex, func(s world.Spec, r *trial.Result) error {
			if r.LeftOut != "" {
				return nil
			}
			g.add(s, r, false)
			if g.gate.Trials%len(scenarios) == 0 && g.decided(false) {
				return campaign.ErrEnough
			}
			return nil
		}); err != nil {
			return nil, err
		}
	}
	if !policy.Margin.IsZero() && !g.gate.Failed {
		spec := policy.Margin.Trials(subject.Name, seed)
		if err := ex.Execute(ctx, policy.Budget, spec, func(i int, r trial.Result) error {
			if r.LeftOut != "" {
				return nil
			}
			g.add(spec(i), &r, true)
			if g.decided(true) {
				return campaign.ErrEnough
			}
			return nil
		}); err != nil {
			return nil, err
		}
	}
	g.conclude()
	return &g.gate, nil
}

// gating is the state of a running gate.
type gating struct {
	gate     Result
	criteria []criterion
	noUnsafe bool
	token    func(world.Spec, *trial.Result) string // the token of a trial
}

func newGating(fix string, p Policy) *gating {
	g := &gating{gate: Result{Fix: fix}, criteria: p.criteria(), noUnsafe: p.NoUnsafe}
	for _, c := range g.criteria {
		g.gate.Tests = append(g.gate.Tests, Test{Name: c.name, Decision: stat.Undecided.String(), Good: c.test.Good, Bad: c.test.Bad})
	}
	if p.NoUnsafe {
		g.gate.Tests = append(g.gate.Tests, Test{Name: noUnsafe, Decision: stat.Undecided.String()})
	}
	return g
}

// add counts a trial, in a scenario or at the load of the margin.
func (g *gating) add(s world.Spec, r *trial.Result, atMargin bool) {
	g.gate.Trials++
	for i, c := range g.criteria {
		if c.atMargin == atMargin {
			g.count(&g.gate.Tests[i], s, r, c.happens(r))
		}
	}
	if g.noUnsafe {
		t := &g.gate.Tests[len(g.criteria)]
		wrong := r.Diagnosis == trial.Unsafe || r.Diagnosis == trial.Deadlock || r.Diagnosis == trial.LostWakeup
		g.count(t, s, r, wrong)
		if wrong {
			t.Decision, g.gate.Failed = stat.Bad.String(), true
		}
	}
}

// count records a trial for a criterion.
func (g *gating) count(t *Test, s world.Spec, r *trial.Result, happened bool) {
	t.Of++
	if happened {
		t.Seen++
		if t.First == "" {
			t.First = g.token(s, r)
		}
	}
}

// decided tests the criteria of one kind of trials, and reports whether more of
// these cannot change the decision: one criterion is broken, or all are met.
func (g *gating) decided(atMargin bool) bool {
	open := false
	for i, c := range g.criteria {
		if c.atMargin != atMargin {
			continue
		}
		t := &g.gate.Tests[i]
		d := c.test.Decide(t.Seen, t.Of)
		t.Decision = d.String()
		open = open || d == stat.Undecided
		g.gate.Failed = g.gate.Failed || d == stat.Bad
	}
	return g.gate.Failed || !open
}

// conclude passes the gate if all criteria are met.
func (g *gating) conclude() {
	for i := range g.gate.Tests {
		t := &g.gate.Tests[i]
		t.Rate = stat.ClopperPearson(t.Seen, t.Of, campaign.Level)
	}
	for i := range g.criteria {
		if g.gate.Failed || g.gate.Tests[i].Decision != stat.Good.String() {
			return
		}
	}
	g.gate.Passed = true
	if g.noUnsafe {
		g.gate.Tests[len(g.criteria)].Decision = stat.Good.String()
	}
}
