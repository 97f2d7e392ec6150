package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/rare"
	"github.com/gpstorm/gpstorm/world"
)

type rareOptions struct {
	*common
	plan       rare.Plan
	confidence percent
	unvaried   bool
	where      where
}

// The size of an estimate.
const (
	defaultRareTrials = 1000
	defaultReplicates = 10
	defaultFloor      = 1e-9
)

func newRareCommand(c *common) *cobra.Command {
	o := rareOptions{common: c, confidence: 0.95}
	cmd := &cobra.Command{
		Use:   "rare SCENARIO",
		Short: "Estimate a rate of hangs that is too small to count",
		Long: `Estimates by subset simulation how often a close() takes the threshold or longer,
over what a scenario draws (phases, offsets, starts) and over its variations. It
first learns which of these numbers matter, and from then on draws more trials where
close() takes long, and weights them. A pilot chooses levels of the longest close()
between none and the threshold. Independent replicates then estimate the share of
trials that pass from each level to the next; a rate is the mean of their products.
Trials of a level are made by Markov chains on the numbers that trials draw.

Exit codes: 0 done; 2 bad input; 3 the estimate is not to be trusted, and why.`,
		Example: `  gpstorm rare heavy --fix callrcu
  gpstorm rare crowded --fix poll --threshold 60s --json`,
		Args:              exactly("a scenario: a preset's name or a YAML file"),
		ValidArgsFunction: c.names.completeScenarios,
		RunE:              func(cmd *cobra.Command, args []string) error { return o.rare(cmd, args[0]) },
	}
	cmd.Annotations = argumentsAre(inputScenario)
	c.seedFlag(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.plan.Subject, "fix", campaign.Baseline, "the candidate's `name`")
	flags.DurationVar(&o.plan.Threshold, "threshold", 0, "how long a close() takes that counts (default the scenario's hung-task timeout)")
	flags.BoolVar(&o.unvaried, "unvaried", false, "the rate of the scenario itself, without its variations")
	flags.BoolVar(&o.plan.Untilted, "untilted", false, "learn nothing before: more trials, and more likely to find several ways to hang")
	flags.IntVar(&o.plan.Trials, "trials", defaultRareTrials, "trials of a replicate at one level")
	flags.IntVar(&o.plan.Replicates, "replicates", defaultReplicates, "independent estimates")
	flags.IntVar(&o.plan.MaxTrials, "max-trials", 0, "the most trials of the estimate: at the last level that they suffice for it ends, with a bound (default no limit)")
	flags.Float64Var(&o.plan.Floor, "floor", defaultFloor, "the rate at which the search ends")
	flags.Var(&o.confidence, "confidence", "that of the interval")
	o.where.register(cmd, c)
	mustComplete(cmd, "fix", c.names.completeFixes)
	return cmd
}

func (o *rareOptions) rare(cmd *cobra.Command, scenario string) (err error) {
	if err := o.where.check(); err != nil {
		return err
	}
	in := o.where.in.World
	if !in.Facts().Reproducible {
		return wrong("--world", in.Name(), "a world whose trials can be run again exactly")
	}
	if err := o.confidence.from(rare.MinLevel, "--confidence"); err != nil {
		return err
	}
	p := &o.plan
	if p.Scenario, err = o.names.scenario(scenario); err != nil {
		return badInput(err)
	}
	subject, err := in.Subject(p.Subject)
	if err != nil {
		return badInput(err)
	}
	if !cmd.Flags().Changed("threshold") {
		p.Threshold = p.Scenario.HungTimeout()
	}
	p.Varied, p.Level, p.Seed = !o.unvaried, float64(o.confidence), o.seed
	at, err := o.where.open(cmd, o.common, []world.Subject{subject})
	if err != nil {
		return err
	}
	defer at.close()

	level := time.Duration(0)
	bar := newProgress(cmd.ErrOrStderr(), o.quiet)
	bar.live = func() string { return "trials, level " + level.Round(time.Millisecond).String() }
	p.Progress = func(trials int, at time.Duration) {
		level = at
		bar.update(trials, -1)
	}
	e, err := rare.Run(cmd.Context(), p, at.wanting(world.Want{Draws: true}))
	bar.done()
	if errors.Is(err, context.Canceled) {
		return interrupted("; a simulation keeps no results")
	}
	if err != nil {
		return inputOrFailure(err)
	}
	if o.json {
		err = json.NewEncoder(cmd.OutOrStdout()).Encode(e)
	} else {
		err = o.text(cmd.OutOrStdout(), e)
	}
	if err == nil && len(e.Doubts) > 0 {
		err = &exitError{code: exitUndecided}
	}
	return err
}

// text writes the estimate as text.
func (o *rareOptions) text(w io.Writer, e *rare.Estimate) error {
	screen := screenOf(w)
	line := func(first, text string, args ...any) {
		fmt.Fprint(w, screen.Hang(first, fmt.Sprintf(text, args...), max(2, len(first))))
	}
	over := "over its variations"
	if !e.Varied {
		over = "as it is"
	}
	line("", "%s, %s, under %s: how often a close() takes %v or longer", e.Scenario, over, e.Fix, e.Threshold)
	switch {
	case e.Reached:
		line("  rate     ", "%.2g, %s interval %.2g to %.2g", e.Rate, &o.confidence, e.Interval.Lo, e.Interval.Hi)
	case e.Hits > 0:
		line("  rate     ", "%.2g to %.2g, with a confidence of %s: %d of the first trials took it; the last level, at %v, has %.2g", e.Interval.Lo, e.Interval.Hi, &o.confidence, e.Hits, e.At, e.Rate)
	default:
		line("  rate     ", "below %.2g, with a confidence of %s: the last level, at %v, has %.2g", e.Interval.Hi, &o.confidence, e.At, e.Rate)
	}
	trials := fmt.Sprint(e.Trials)
	if e.Limited {
		trials += fmt.Sprintf("; another level takes more than the %d of --max-trials", o.plan.MaxTrials)
	}
	if e.Brute > 0 {
		trials += fmt.Sprintf("; counting takes %.2g for the same standard error", e.Brute)
	}
	line("  trials   ", "%s", trials)
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "\tlongest close()\tall close()s\trate\tpassed\tmoves accepted\tancestors\t")
	for _, l := range e.Levels {
		fmt.Fprintf(out, "\t%v\t%v\t%.2g\t%.0f %%\t%.0f %%\t%.1f\t\n", l.Wait.Round(time.Microsecond), l.Total.Round(time.Microsecond), l.Rate, 100*l.Passed, 100*l.Accepted, l.Ancestors)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if len(e.Worst) > 0 {
		fmt.Fprintf(w, "  longest  %v: %s replay %s\n", e.Worst[0].Wait.Round(time.Microsecond), o.program, e.Worst[0].Replay)
	}
	if e.Unsafe > 0 {
		fmt.Fprintf(w, "  UNSAFE, deadlocked or with a lost wakeup in %d trials: %s replay %s\n", e.Unsafe, o.program, e.Broken)
	}
	for i, doubt := range e.Doubts {
		first := "NOT TO BE TRUSTED: "
		if i > 0 {
			first = "  "
		}
		if i < len(e.Doubts)-1 {
			doubt += ";"
		}
		fmt.Fprint(w, screen.Hang(first, doubt, 2))
	}
	return nil
}
