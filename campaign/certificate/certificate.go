// Package certificate shows or refutes the claim that a candidate hangs less often than
// a stated rate. A certificate contains the evidence, so that others can rerun all of it
// or a sample.
package certificate

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/rare"
	"github.com/gpstorm/gpstorm/campaign/stat"
	"github.com/gpstorm/gpstorm/internal/named"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
)

// format names the layout of certificates.
const format = "certificate/3"

// Claim is the statement of a certificate: with the stated confidence, the candidate
// hangs at less than the rate in every one of the scenarios.
type Claim struct {
	Fix         string  `json:"fix"`
	MaxHangRate float64 `json:"max_hang_rate"` // of trials
	Confidence  float64 `json:"confidence"`
	// Replicates and Trials are the sizes of each estimate (rare.Plan).
	Replicates int    `json:"replicates"`
	Trials     int    `json:"trials"`
	Seed       uint64 `json:"seed"`
}

// Outcome is the outcome of a claim, or of its part about one scenario.
type Outcome string

// The outcomes, from good to bad.
const (
	Shown    Outcome = "shown"
	NotShown Outcome = "not shown"
	Refuted  Outcome = "refuted"
	Refused  Outcome = "refused" // a control or a planted bug was not caught: nothing was tried
)

// Certificate is a claim and the evidence for it or against it.
type Certificate struct {
	Format  string  `json:"gpstorm"`
	Outcome Outcome `json:"outcome"`
	Claim   Claim   `json:"claim"`
	World   string  `json:"world"`
	Model   string  `json:"model,omitempty"`
	Build   string  `json:"build,omitempty"`
	// Controls and Planted show that faults are detected.
	Controls []campaign.Check `json:"controls"`
	Planted  []Planted        `json:"planted_bugs"`
	// Parts has one part for each scenario.
	Parts []Part  `json:"scenarios"`
	Order []Order `json:"order_world"`
	Boots []Boot  `json:"real_kernels"`
	// NotCovered lists the limits of the claim, in sentences.
	NotCovered []string `json:"not_covered"`
	Again      string   `json:"again"` // the command line
}

// Planted is a planted bug of the order world.
type Planted struct {
	Name   string `json:"name"`
	Of     string `json:"of"` // the candidate that it breaks
	Caught bool   `json:"caught"`
	States int    `json:"states"` // visited by the search
}

// Order is the result of a case of the order world for the candidate.
type Order struct {
	Case      string `json:"case"`
	States    int    `json:"states"`
	Complete  bool   `json:"complete"`
	Violation string `json:"violation,omitempty"`
	Replay    string `json:"replay,omitempty"`
}

// Boot counts trials of a real kernel.
type Boot struct {
	Kernel   string        `json:"kernel"`
	About    string        `json:"about,omitempty"` // which Linux it is
	Scenario string        `json:"scenario"`
	Hung     int           `json:"hung"`
	Trials   int           `json:"trials"`
	HangRate stat.Interval `json:"hang_rate_95"`
}

// Part is the claim about one scenario.
type Part struct {
	Scenario  campaign.Class `json:"scenario"`
	YAML      string         `json:"yaml"`
	Threshold time.Duration  `json:"threshold_ns"`
	Outcome   Outcome        `json:"outcome"`
	Why       string         `json:"why"`
	// Hung of Counted independent trials hung before the simulation.
	Hung    int    `json:"hung"`
	Counted int    `json:"counted"`
	First   string `json:"first,omitempty"` // token of the first of them
	// Estimate is the result of the simulation; nil if counting decided.
	Estimate *rare.Estimate `json:"estimate,omitempty"`
}

// counted is the number of trials that are counted before a simulation. They refute the
// claim for a candidate that hangs often.
const counted = 200

// below is the factor between the claimed rate and the floor of a simulation.
const below = 30

// Plan returns the plan of the simulation for one scenario of so many. Either of two
// upper ends, that of the simulation and that of its independent trials, can show the
// claim, so each has half of a scenario's share of the error (Bonferroni).
func (c *Claim) Plan(sc workload.Scenario, scenarios int) *rare.Plan {
	return &rare.Plan{
		Scenario: sc, Varied: true, Subject: c.Fix, Threshold: sc.HungTimeout(),
		Replicates: c.Replicates, Trials: c.Trials, Floor: max(c.MaxHangRate/below, 1e-15),
		Level: c.level(scenarios), Seed: c.Seed,
	}
}

// level returns the confidence of the intervals for each of so many scenarios.
func (c *Claim) level(scenarios int) float64 { return 1 - (1-c.Confidence)/float64(scenarios) }

// The least rate and confidence of a claim.
const (
	MinRate       = 1e-12
	MinConfidence = 0.75
)

// Validate checks the numbers of the claim.
func (c *Claim) Validate() error {
	switch {
	case !(c.MaxHangRate >= MinRate && c.MaxHangRate < 1):
		return campaign.Inputf("max hang rate: %g: want %g or more, and less than 1", c.MaxHangRate, MinRate)
	case !(c.Confidence >= MinConfidence && c.Confidence < 1):
		return campaign.Inputf("confidence: %g: want %g or more, and less than 1", c.Confidence, MinConfidence)
	}
	return rare.CheckSize(c.Replicates, c.Trials)
}

// Examine tests the claim in one scenario of so many. progress may be nil.
func (c *Claim) Examine(ctx context.Context, sc workload.Scenario, scenarios int, ex campaign.Executor, progress func(trials int, level time.Duration)) (*Part, error) {
	p := c.Plan(sc, scenarios)
	p.Progress = progress
	part := &Part{Scenario: campaign.ClassOf(&sc), YAML: string(workload.Encode(sc)), Threshold: p.Threshold}
	spec := c.counting(sc)
	if err := ex.Execute(ctx, counted, spec, func(i int, r trial.Result) error {
		part.Counted++
		if r.Hung() {
			if part.Hung++; part.First == "" {
				part.First = spec(i).Token(ex.Name(), r.Checksum).String()
			}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	if why := c.refutes(part, p.Level); why != "" {
		part.Outcome, part.Why = Refuted, why
		return part, nil
	}
	e, err := rare.Run(ctx, p, ex)
	if err != nil {
		return nil, err
	}
	part.Estimate = e
	part.Outcome, part.Why = c.judge(e)
	return part, nil
}

// refutes returns the reason for which the counted trials of a part refute the claim; ""
// if they do not.
func (c *Claim) refutes(p *Part, level float64) string {
	if rate := stat.ClopperPearson(p.Hung, p.Counted, level); rate.Lo > c.MaxHangRate {
		return fmt.Sprintf("%d of %d independent trials hung: the rate is %.2g or more", p.Hung, p.Counted, rate.Lo)
	}
	return ""
}

// counting returns the trials that are counted before the simulation.
func (c *Claim) counting(sc workload.Scenario) func(i int) world.Spec {
	return func(i int) world.Spec {
		return world.Spec{Scenario: sc, Variation: 1, Subject: c.Fix, Seed: seed.Derive(c.Seed, fmt.Sprintf("certify %d", i))}
	}
}

// judge returns the outcome of the claim by an estimate, and the reason.
func (c *Claim) judge(e *rare.Estimate) (Outcome, string) {
	switch {
	case e.Unsafe > 0:
		return Refuted, fmt.Sprintf("%d trials were unsafe, deadlocked or lost a wakeup: replay %s", e.Unsafe, e.Broken)
	case e.Counted.Lo > c.MaxHangRate:
		return Refuted, fmt.Sprintf("by independent trials alone the rate is %.2g or more", e.Counted.Lo)
	case e.Counted.Hi <= c.MaxHangRate:
		return Shown, fmt.Sprintf("by independent trials alone the rate is %.2g or less", e.Counted.Hi)
	case len(e.Doubts) > 0:
		return NotShown, "the estimate is not to be trusted: " + e.Doubts[0]
	case e.Interval.Lo > c.MaxHangRate:
		return Refuted, fmt.Sprintf("the rate is %.2g, and %.2g or more", e.Rate, e.Interval.Lo)
	case e.Interval.Hi > c.MaxHangRate:
		return NotShown, fmt.Sprintf("the rate may be up to %.2g: more trials, or a higher rate, may be shown", e.Interval.Hi)
	}
	return Shown, fmt.Sprintf("the rate is %.2g or less", e.Interval.Hi)
}

// Conclude sets the outcome of the certificate from those of its parts.
func (c *Certificate) Conclude() {
	c.Format = format
	c.Outcome = Shown
	for _, p := range c.Parts {
		c.worsen(p.Outcome)
	}
	for _, o := range c.Order {
		if o.Violation != "" {
			c.worsen(Refuted)
		}
	}
	for _, check := range c.Controls {
		if !check.Passed {
			c.worsen(Refused)
		}
	}
	for _, p := range c.Planted {
		if !p.Caught {
			c.worsen(Refused)
		}
	}
	if c.Outcome != Refused && len(c.Parts) == 0 {
		c.worsen(NotShown)
	}
}

func (c *Certificate) worsen(o Outcome) {
	order := []Outcome{Shown, NotShown, Refuted, Refused}
	if slices.Index(order, o) > slices.Index(order, c.Outcome) {
		c.Outcome = o
	}
}

// Check returns an error for the first field that does not follow from the evidence in the
// certificate, as one that was edited.
func (c *Certificate) Check() error {
	for i := range c.Parts {
		p := &c.Parts[i]
		if err := c.Claim.check(p, c.Claim.level(len(c.Parts))); err != nil {
			return campaign.Inputf("scenarios: %s: %w", p.Scenario.Name, err)
		}
	}
	again := *c
	if again.Conclude(); again.Outcome != c.Outcome {
		return campaign.Inputf("outcome: %s: want %s, by the evidence", c.Outcome, again.Outcome)
	}
	return nil
}

// check is Check for one part.
func (c *Claim) check(p *Part, level float64) error {
	outcome, why := Refuted, c.refutes(p, level)
	if e := p.Estimate; e != nil {
		if len(e.Replicates) != c.Replicates {
			return campaign.Inputf("replicates: %d: want %d, as in the claim", len(e.Replicates), c.Replicates)
		}
		if err := e.Check(c.Trials, level); err != nil {
			return err
		}
		outcome, why = c.judge(e)
	}
	switch {
	case why == "":
		return campaign.Inputf("estimate: none: want one, as counting decides nothing")
	case p.Outcome != outcome:
		return campaign.Inputf("outcome: %s: want %s, by the evidence", p.Outcome, outcome)
	case p.Why != why:
		return campaign.Inputf("why: %q: want %q, by the evidence", p.Why, why)
	}
	return nil
}

// Write writes the certificate as JSON.
func (c *Certificate) Write() ([]byte, error) {
	b, err := json.MarshalIndent(c, "", "  ")
	return append(b, '\n'), err
}

// Read reads a certificate in the form of Write.
func Read(b []byte) (*Certificate, error) {
	c := &Certificate{}
	if err := campaign.DecodeLine(b, c); err != nil {
		return nil, &campaign.InputError{Err: err}
	}
	if c.Format != format {
		return nil, &campaign.InputError{Err: named.Wrong("gpstorm", c.Format, format)}
	}
	return c, c.Claim.Validate()
}

// Sample reruns one replicate of a part and reports whether all of its trials have the
// certified results; what describes the run in words. If counting decided the part,
// Sample reruns the counted trials and compares the number of hangs.
func (c *Certificate) Sample(ctx context.Context, i, replicate int, ex campaign.Executor) (same bool, what string, err error) {
	part := &c.Parts[i]
	sc, err := workload.Decode([]byte(part.YAML))
	if err != nil {
		return false, "", campaign.Inputf("scenarios: %s: yaml: %w", part.Scenario.Name, err)
	}
	p := c.Claim.Plan(sc, len(c.Parts))
	if e := part.Estimate; e != nil {
		replicate %= max(1, len(e.Replicates))
		now, err := rare.Again(ctx, p, e, replicate, ex)
		if err != nil {
			return false, "", err
		}
		same = now == e.Replicates[replicate]
		return same, fmt.Sprintf("%s: replicate %d of %d, %.3g", sc.Name, replicate+1, len(e.Replicates), now.Rate), nil
	}
	hung := 0
	err = ex.Execute(ctx, part.Counted, c.Claim.counting(sc), func(_ int, r trial.Result) error {
		if r.Hung() {
			hung++
		}
		return nil
	})
	return hung == part.Hung, fmt.Sprintf("%s: hung in %d of %d trials", sc.Name, hung, part.Counted), err
}
