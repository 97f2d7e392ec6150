package command

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/gate"
	"github.com/gpstorm/gpstorm/report"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/live"
)

// readerScenarios are the scenarios that must catch the unsafe control: they
// interrupt and preempt the readers of tracepoints most.
var readerScenarios = []string{"medium", "extreme", "many-closers"}

type gateOptions struct {
	*common
	file     string
	policy   policyFlags
	markdown bool
	junit    outFile
	ktap     outFile
	step     stepSummary
	exec     execGate
	where    where
}

func newGateCommand(c *common) *cobra.Command {
	o := gateOptions{common: c}
	cmd := &cobra.Command{
		Use:   "gate",
		Short: "Pass or fail a candidate, for CI",
		Long: `Runs trials of a candidate until a sequential probability ratio test decides
whether it meets a policy. A candidate that hangs at the maximum rate or more
passes with a probability of at most 1 - confidence; one that hangs at a quarter
of that rate or less fails with at most the same probability; in between the test
may decide either way. The rate is over all scenarios, which take turns. Trials at
the load of --min-margin decide about the margin: it is at least that load if the
candidate hangs there less often than --margin-level. This holds as far as a higher
load never makes the candidate hang less often. A YAML file can hold scenarios and
policy; flags override it. The gate tests the controls first; --world boot has none,
and judges the given kernels instead of candidates.

--exec gates any shell command instead: exit code 0 passes, 125 is no run, and any other
is a failure, whose share --max-hang-rate limits. With --max-p99 it prints a line
"latency: 12.3ms". One that cannot be run, or tests nothing, is bad input. It finds
GPSTORM_RUN, the number of the run, and GPSTORM_SEED in its environment. The command
of --control must fail at least once in twelve runs. A policy may hold the rate, the
time, the confidence and the budget.

Exit codes: 0 passes; 1 fails; 2 bad input; 3 undecided within the budget, or a
control did not misbehave; 130 interrupted.`,
		Example: `  gpstorm gate --fix throttle --max-hang-rate 1% --confidence 99%
  gpstorm gate --fix membarrier --max-hang-rate 0% --min-margin 99%
  gpstorm gate --world boot --kernel mine=./bzImage --max-hang-rate 10% \
      --confidence 90%
  gpstorm gate --exec 'timeout 60 ./stress' \
      --control 'timeout 60 ./stress --broken' --max-hang-rate 2%
  gpstorm gate --policy gate.yaml --junit gate.xml --ktap gate.ktap \
      --step-summary`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.gate(cmd) },
	}
	c.seedFlag(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.file, "policy", "", "read the policy from this YAML `file`")
	o.policy.register(flags)
	o.where.register(cmd, c)
	o.where.kernels.register(cmd, &o.where.in)
	flags.BoolVar(&o.markdown, "markdown", false, "write Markdown")
	flags.Var(&o.junit, "junit", "write JUnit XML to this `file` too")
	flags.Var(&o.ktap, "ktap", "write KTAP, which kselftest and KernelCI read, to this `file` too")
	o.step.register(cmd)
	o.exec.register(cmd)
	reads(flags, inputFile, "policy")
	reads(flags, inputScenario, "scenario", "margin-scenario")
	mustComplete(cmd, "fix", c.names.completeFixes)
	mustComplete(cmd, "scenario", c.names.completeScenarios)
	return cmd
}

func (o *gateOptions) gate(cmd *cobra.Command) error {
	if err := o.where.check(); err != nil {
		return err
	}
	if err := oneForm(choice{"--json", o.json}, choice{"--markdown", o.markdown}); err != nil {
		return err
	}
	if err := o.step.check(); err != nil {
		return err
	}
	if o.file != "" {
		if err := readPolicy(o.file, cmd.Flags()); err != nil {
			return badInput(err)
		}
		if err := o.distinct(cmd, nil); err != nil { // scenarios of the policy
			return err
		}
	}
	if err := o.exec.check(cmd); err != nil {
		return err
	}
	if o.exec.command != "" {
		r, err := o.exec.run(cmd, o)
		return o.conclude(cmd, r, err)
	}
	if err := checkMargin(cmd.Flags()); err != nil {
		return err
	}
	real, err := o.where.world()
	if err != nil {
		return err
	}
	candidates, scenarios, policy, err := o.policy.resolve(o.common, o.where.in.World, real)
	if err != nil {
		return badInput(err)
	}
	if policy.Margin.Axis != "" {
		if err := o.where.in.checkLoad(policy.Margin.Axis); err != nil {
			return err
		}
	}
	r, err := o.run(cmd, candidates, scenarios, policy)
	return o.conclude(cmd, r, err)
}

// conclude writes the report, and turns its outcome into an exit code.
func (o *gateOptions) conclude(cmd *cobra.Command, r *report.GateReport, err error) error {
	if errors.Is(err, context.Canceled) {
		return interrupted("; a gate keeps no results")
	}
	if err != nil {
		o.consoleOf(cmd, err)
		return inputOrFailure(err)
	}
	return cmp.Or(
		o.show(cmd.OutOrStdout(), r),
		writeSides(o.junit.side("--junit", r.JUnit), o.ktap.side("--ktap", r.KTAP), o.step.side(r.Markdown)),
		gateError(r),
	)
}

// run tests the controls and then, if they misbehave, the candidates.
func (o *gateOptions) run(cmd *cobra.Command, candidates []world.Subject, scenarios []workload.Scenario, policy gate.Policy) (*report.GateReport, error) {
	at, err := o.where.open(cmd, o.common, candidates)
	if err != nil {
		return nil, err
	}
	defer at.close()
	bar := newProgress(cmd.ErrOrStderr(), o.quiet)
	bar.live = at.live
	defer bar.done()
	ex := bar.follow(at)
	var checks []campaign.Check
	if !at.Facts().Uncontrolled {
		checks, err = o.runControls(cmd.Context(), ex, o.where.in.World)
	}
	if err = cmp.Or(err, cmd.Context().Err()); err != nil {
		return nil, err
	}
	r := &report.GateReport{Program: o.program, Confidence: policy.Confidence, Budget: policy.Budget, Checks: checks, Valid: !slices.ContainsFunc(checks, func(c campaign.Check) bool { return !c.Passed })}
	if !r.Valid {
		return r, nil
	}
	for _, f := range candidates {
		g, err := gate.Run(cmd.Context(), scenarios, f, o.seed, policy, ex)
		if err = cmp.Or(err, cmd.Context().Err()); err != nil {
			return nil, err
		}
		r.Gates = append(r.Gates, *g)
	}
	return r, nil
}

// runControls judges the controls of a world in as few trials as it can.
func (c *common) runControls(ctx context.Context, ex campaign.Executor, in world.World) ([]campaign.Check, error) {
	if w, ok := in.(*live.World); ok {
		var must gate.Controls
		for _, s := range w.Controls() {
			switch s.Must {
			case world.MustAlwaysHang:
				must.Hangs = s
			case world.MustBeUnsafe:
				must.Unsafe = append(must.Unsafe, s)
			}
		}
		must.Readers = live.Presets()
		must.Storm = must.Readers[0]
		return gate.RunControls(ctx, must, c.seed, ex)
	}
	p, err := (&selection{
		scenarios: append([]string{campaign.ReportStorm, campaign.Calm}, readerScenarios...),
		fixes:     []string{campaign.Baseline, unsafeControl},
	}).plan(c, in)
	if err != nil {
		return nil, err
	}
	return gate.RunControls(ctx, gate.Controls{
		Hangs: p.Fixes[0], Storm: p.Scenarios[0], Calm: &p.Scenarios[1],
		Unsafe: p.Fixes[1:], Readers: p.Scenarios[2:],
	}, c.seed, ex)
}

func (o *gateOptions) show(w io.Writer, r *report.GateReport) error {
	switch {
	case o.json:
		return r.JSON(w)
	case o.markdown:
		return r.Markdown(w)
	}
	return r.Text(w, screenOf(w))
}

// gateError turns the outcome into an exit code. One candidate that fails fails
// the whole gate.
func gateError(r *report.GateReport) error {
	passed := 0
	for _, g := range r.Gates {
		if g.Failed {
			return &exitError{code: exitFailure}
		}
		if g.Passed {
			passed++
		}
	}
	if !r.Valid || passed < len(r.Gates) {
		return &exitError{code: exitUndecided}
	}
	return nil
}
