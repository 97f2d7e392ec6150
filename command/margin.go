package command

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign/margin"
	"github.com/gpstorm/gpstorm/report"
)

type marginOptions struct {
	*common
	axis, scenario string
	fixes          []string
	where          where
}

func newMarginCommand(c *common) *cobra.Command {
	o := marginOptions{common: c}
	cmd := &cobra.Command{
		Use:   "margin",
		Short: "Find the load at which each candidate begins to hang",
		Long: `Searches, for each candidate, the loads at which the hang probability passes 10 %
and 50 %. The load is the share of a CPU's time that storms take (duty), the time
of one sample (handler), or the number of reader tasks (readers). The search runs
most trials near the thresholds; every candidate gets the same seeds. An interval
misses its threshold in at most 5 % of searches.`,
		Example: `  gpstorm margin --fix baseline --fix overlap
  gpstorm margin --axis readers --json > margin.jsonl`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.margin(cmd) },
	}
	c.seedFlag(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.axis, "axis", string(margin.AxisDuty), "what to vary: duty, handler or readers")
	flags.StringVar(&o.scenario, "scenario", "", "a preset's `name` or a YAML file (default a scenario made for this search)")
	flags.StringArrayVar(&o.fixes, "fix", nil, "a candidate's `name`; may be repeated (default all candidates)")
	o.where.register(cmd, c)
	mustComplete(cmd, "fix", c.names.completeFixes)
	reads(flags, inputScenario, "scenario")
	mustComplete(cmd, "scenario", c.names.completeScenarios)
	return cmd
}

func (o *marginOptions) margin(cmd *cobra.Command) error {
	if err := o.where.check(); err != nil {
		return err
	}
	if err := o.where.in.checkLoad(margin.Axis(o.axis)); err != nil {
		return err
	}
	s := selection{fixes: o.fixes}
	selected, err := s.plan(o.common, o.where.in.World)
	if err != nil {
		return badInput(err)
	}
	p := &margin.Plan{
		Scenario: margin.Scenario(), Fixes: selected.Fixes, Axis: margin.Axis(o.axis), Seed: o.seed,
	}
	if o.scenario != "" {
		if p.Scenario, err = o.names.scenario(o.scenario); err != nil {
			return badInput(err)
		}
	}
	at, err := o.where.open(cmd, o.common, p.Fixes)
	if err != nil {
		return err
	}
	bar := newProgress(cmd.ErrOrStderr(), o.quiet)
	bar.live = at.live
	p.Progress = bar.update
	found, err := margin.Run(cmd.Context(), p, at)
	bar.done()
	at.close()
	if errors.Is(err, context.Canceled) {
		return interrupted("; a search keeps no results")
	}
	if err != nil {
		return inputOrFailure(err)
	}
	set := p.Set(found)
	if o.json {
		return set.Write(cmd.OutOrStdout())
	}
	return report.MarginText(cmd.OutOrStdout(), screenOf(cmd.OutOrStdout()), &set)
}
