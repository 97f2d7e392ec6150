package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/certificate"
	"github.com/gpstorm/gpstorm/campaign/rare"
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/fixes/mutant"
	"github.com/gpstorm/gpstorm/report"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/boot"
	"github.com/gpstorm/gpstorm/world/order"
)

type certifyOptions struct {
	*common
	claim               certificate.Claim
	maxRate, confidence percent
	scenarios           []string
	short               []string // presets that end before a close() can hang
	boots               string
	markdown            bool
	where               where
}

func newCertifyCommand(c *common) *cobra.Command {
	o := certifyOptions{common: c, confidence: 0.99}
	cmd := &cobra.Command{
		Use:   "certify",
		Short: "Show that a candidate hangs less often than a rate",
		Long: `Tries to show that a candidate hangs at less than a rate in each of the scenarios,
over what they draw and over their variations, and writes down what that rests on:
the estimates (see rare) with their levels and seeds, what the order world found,
trials of real kernels if --boots has any, and what was not covered. It refuses to
certify anything unless the controls misbehave, and unless the order world finds
the planted bugs of the candidate and of baseline. verify runs a sample again.

Exit codes: 0 shown; 1 refuted; 2 bad input; 3 not shown, or refused.`,
		Example: `  gpstorm certify --fix callrcu --max-hang-rate 1e-3 --scenario calm --json \
      > certificate.json
  gpstorm certify --fix poll --max-hang-rate 1e-4 --confidence 95% \
      --scenario crowded --markdown`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.certify(cmd) },
	}
	c.seedFlag(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.claim.Fix, "fix", "", "the candidate's `name`")
	flags.Var(&o.maxRate, "max-hang-rate", "the rate of trials to stay below, 1e-6 or 0.1% say")
	flags.Var(&o.confidence, "confidence", "that of the claim, over all scenarios together")
	flags.StringArrayVar(&o.scenarios, "scenario", nil, "a preset's `name` or a YAML file; may be repeated (default all presets)")
	flags.IntVar(&o.claim.Trials, "trials", defaultRareTrials, "trials of a replicate at one level")
	flags.IntVar(&o.claim.Replicates, "replicates", defaultReplicates, "independent estimates")
	flags.StringVar(&o.boots, "boots", "", "count the hangs of real kernels in this results `file` of --world boot too")
	flags.BoolVar(&o.markdown, "markdown", false, "write Markdown")
	o.where.register(cmd, c)
	mustComplete(cmd, "fix", c.names.completeFixes)
	reads(flags, inputScenario, "scenario")
	reads(flags, inputFile, "boots")
	mustComplete(cmd, "scenario", c.names.completeScenarios)
	return cmd
}

func (o *certifyOptions) certify(cmd *cobra.Command) error {
	scenarios, err := o.check(cmd.Flags().Changed("max-hang-rate"))
	if err != nil {
		return err
	}
	c := &certificate.Certificate{
		Claim: o.claim, World: o.where.in.Name(), Model: o.where.in.Facts().Model, Build: campaign.Build(), Again: o.again(),
	}
	if c.Boots, err = o.bootsOf(); err != nil {
		return err
	}
	if err := o.fill(cmd, c, scenarios); err != nil {
		if errors.Is(err, context.Canceled) {
			return interrupted("; a certificate has all of its parts or none")
		}
		return inputOrFailure(err)
	}
	c.NotCovered = o.notCovered(c)
	c.Conclude()
	if err := o.show(cmd, c); err != nil {
		return err
	}
	switch c.Outcome {
	case certificate.Shown:
		return nil
	case certificate.Refuted:
		return &exitError{code: exitFailure}
	}
	return &exitError{code: exitUndecided}
}

// check validates the flags and looks up the names. rated reports whether a rate is given.
func (o *certifyOptions) check(rated bool) (scenarios []workload.Scenario, err error) {
	if err := o.where.check(); err != nil {
		return nil, err
	}
	if err := oneForm(choice{"--json", o.json}, choice{"--markdown", o.markdown}); err != nil {
		return nil, err
	}
	if !o.where.in.Facts().Reproducible {
		return nil, wrong("--world", o.where.in.Name(), "a world whose trials can be run again exactly")
	}
	if o.claim.Fix == "" {
		return nil, wrong("--fix", absent("none"), "a candidate")
	}
	if !rated {
		return nil, wrong("--max-hang-rate", absent("none"), "%s", o.maxRate.want())
	}
	if _, err := o.where.in.Subject(o.claim.Fix); err != nil {
		return nil, badInput(err)
	}
	if err := cmp.Or(o.maxRate.from(certificate.MinRate, "--max-hang-rate"), o.confidence.from(certificate.MinConfidence, "--confidence")); err != nil {
		return nil, err
	}
	o.claim.MaxHangRate, o.claim.Confidence, o.claim.Seed = float64(o.maxRate), float64(o.confidence), o.seed
	if err := o.claim.Validate(); err != nil {
		return nil, badInput(err)
	}
	p, err := (&selection{scenarios: o.scenarios}).plan(o.common, o.where.in.World)
	if err != nil {
		return nil, badInput(err)
	}
	for _, sc := range p.Scenarios {
		switch {
		case rare.Possible(&sc):
			scenarios = append(scenarios, sc)
		case len(o.scenarios) > 0:
			return nil, wrong("--scenario", sc.Name, "a horizon beyond its hung-task timeout, %v", sc.HungTimeout())
		default:
			o.short = append(o.short, sc.Name)
		}
	}
	return scenarios, nil
}

// fill gathers the evidence. It stops if a planted bug is not caught.
func (o *certifyOptions) fill(cmd *cobra.Command, c *certificate.Certificate, scenarios []workload.Scenario) (err error) {
	ctx := cmd.Context()
	subject, err := o.where.in.Subject(o.claim.Fix)
	if err != nil {
		return badInput(err)
	}
	at, err := o.where.open(cmd, o.common, []world.Subject{subject})
	if err != nil {
		return err
	}
	defer at.close()
	if c.Controls, err = o.runControls(ctx, at, o.where.in.World); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.Planted, err = o.planted(ctx); err != nil {
		return err
	}
	c.Conclude()
	if c.Outcome == certificate.Refused {
		return nil
	}
	c.Order = o.explored(ctx)
	ex := at.wanting(world.Want{Draws: true})
	bar := newProgress(cmd.ErrOrStderr(), o.quiet)
	defer bar.done()
	done := 0
	for _, sc := range scenarios {
		level := time.Duration(0)
		bar.live = func() string { return fmt.Sprintf("trials, %s at %v", sc.Name, level.Round(time.Millisecond)) }
		trials := 0
		part, err := o.claim.Examine(ctx, sc, len(scenarios), ex, func(n int, at time.Duration) {
			trials, level = n, at
			bar.update(done+n, -1)
		})
		if err != nil {
			return err
		}
		done += trials
		c.Parts = append(c.Parts, *part)
	}
	return nil
}

// states bounds the search of one case of the order world.
const states = 200_000

// planted tries the planted bugs of the order world that break the candidate, or a
// part of it, or baseline, each in the case in which it shows.
func (o *certifyOptions) planted(ctx context.Context) (all []certificate.Planted, err error) {
	of := append(strings.Split(o.claim.Fix, "+"), campaign.Baseline)
	for _, m := range mutant.All() {
		for _, name := range unique(of) {
			if m.Order == nil || m.Of != name {
				continue
			}
			found, coverage, err := order.Explore(ctx, m.Order.Case, order.Options{States: states})
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return nil, err
			}
			all = append(all, certificate.Planted{Name: m.Name, Of: m.Of, Caught: found != nil && found.Violation.Kind == m.Order.Kind, States: coverage.States})
		}
	}
	return all, nil
}

// explored searches the candidate in the order world: one reader under the weakest
// memory model, and two under that of x86.
func (o *certifyOptions) explored(ctx context.Context) (all []certificate.Order) {
	f, err := fixes.In(order.World, o.names.fixes.Find)(o.claim.Fix)
	if err != nil {
		return nil // notCovered reports it
	}
	for _, c := range []order.Case{mutant.CaseOf(f, 1, 1, order.Weak), mutant.CaseOf(f, 2, 1, order.TSO)} {
		found, coverage, err := order.Explore(ctx, c, order.Options{States: states})
		if err != nil {
			continue
		}
		r := certificate.Order{Case: c.String(), States: coverage.States, Complete: coverage.Complete && coverage.Bounded == 0}
		if found != nil {
			found = order.Minimise(ctx, found)
			r.Violation, r.Replay = string(found.Violation.Kind), found.Token().String()
		}
		all = append(all, r)
	}
	return all
}

// bootsOf counts the hangs of real kernels.
func (o *certifyOptions) bootsOf() (boots []certificate.Boot, err error) {
	if o.boots == "" {
		return nil, nil
	}
	if err := checkFiles("--boots", []string{o.boots}); err != nil {
		return nil, err
	}
	s, err := campaign.Summarize([]string{o.boots})
	if err != nil {
		return nil, inputOrFailure(err)
	}
	if s.Head.World != boot.Name {
		return nil, wrong("--boots", o.boots, "results of --world boot, not of %s", s.Head.World)
	}
	for _, class := range s.Classes {
		for i, r := range class.Rows {
			boots = append(boots, certificate.Boot{Kernel: r.Fix, About: s.Head.Fixes[i].Claim, Scenario: r.Class, Hung: r.Hung, Trials: r.Trials, HangRate: r.HangRate})
		}
	}
	return boots, nil
}

// notCovered lists the limits of the certificate.
func (o *certifyOptions) notCovered(c *certificate.Certificate) []string {
	lines := []string{
		"Other scenarios, and loads beyond an octave around these.",
		fmt.Sprintf("What model %s of the world %s leaves out (docs/model.md).", c.Model, c.World),
		"A way to hang of which no replicate found the beginning: the estimates cannot notice one that is missing in all of them.",
	}
	if len(o.short) > 0 {
		lines = append(lines, "The presets "+strings.Join(o.short, ", ")+", which end before a close() can take the hung-task timeout.")
	}
	if len(c.Order) == 0 {
		lines = append(lines, "Memory ordering: the order world examined no case of this candidate.")
	} else {
		lines = append(lines, "Memory ordering beyond the cases listed, which have one grace period and few readers (docs/order.md).")
	}
	for _, r := range c.Order {
		if !r.Complete && r.Violation == "" {
			lines = append(lines, fmt.Sprintf("Part of the case %q of the order world: its search ended after %d states.", r.Case, r.States))
		}
	}
	if len(c.Boots) == 0 {
		lines = append(lines, "Real kernels: none was booted.")
	} else {
		lines = append(lines, "Real kernels show rates of one in some number of boots: their counts do not reach the claimed rate.")
	}
	return lines
}

// again returns the command line that reproduces the certificate.
func (o *certifyOptions) again() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s certify --fix %s --max-hang-rate %s --confidence %s --seed %d --trials %d --replicates %d",
		o.program, quote(o.claim.Fix), &o.maxRate, &o.confidence, o.seed, o.claim.Trials, o.claim.Replicates)
	for _, s := range o.scenarios {
		fmt.Fprintf(&b, " --scenario %s", quote(s))
	}
	if o.boots != "" {
		fmt.Fprintf(&b, " --boots %s", quote(o.boots))
	}
	return b.String()
}

func (o *certifyOptions) show(cmd *cobra.Command, c *certificate.Certificate) error {
	out := cmd.OutOrStdout()
	r := &report.CertificateReport{Certificate: c, Program: o.program}
	switch {
	case o.json:
		b, err := c.Write()
		if err == nil {
			_, err = out.Write(b)
		}
		return err
	case o.markdown:
		return r.Markdown(out)
	}
	return r.Text(out, screenOf(out))
}
