package command

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/workload"
)

// defaultVariations is how many situations evaluate makes of each scenario:
// what two idle cores run in half a minute.
const defaultVariations = 24

// unsafeControl is the control that must be caught as unsafe.
const unsafeControl = "busted-scan"

type evaluateOptions struct {
	*common
	selection
	form
	parallel   int
	variations int
	out        outFile
	resume     bool
	shard      string
	failures   string
}

func newEvaluateCommand(c *common) *cobra.Command {
	o := evaluateOptions{common: c}
	cmd := &cobra.Command{
		Use:   "evaluate",
		Short: "Compare candidates: the main job",
		Long: `Runs every candidate through the same variations of every scenario and compares
them: a table for each scenario, then a verdict in words. The candidate baseline
must hang in repro2 and the control ` + unsafeControl + ` must be caught as unsafe; both are
always among the trials. If they behave, the campaign is INVALID: exit 3.

With --out the trials are kept, one a line in an append-only file. Ctrl-C keeps
what has finished, and --resume goes on from there. Shards of a campaign can run
anywhere; gpstorm merge makes one file of theirs.`,
		Example: `  gpstorm evaluate --fix callrcu --fix overlap --scenario heavy
  gpstorm evaluate --variations 500 --out results.jsonl --html report.html`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.evaluate(cmd) },
	}
	o.selection.flags(cmd)
	o.form.flags(cmd)
	flags := cmd.Flags()
	flags.IntVar(&o.variations, "variations", defaultVariations, "situations made of each scenario, the first being the scenario itself")
	flags.IntVar(&o.parallel, "parallel", 0, "trials at once; 0 is one for each CPU")
	flags.Var(&o.out, "out", "keep the trials in this `file`, one a line")
	flags.BoolVar(&o.resume, "resume", false, "go on after the trials that --out already holds")
	flags.StringVar(&o.failures, "failures", "", "write a file for each cause of failure into this `directory`")
	flags.StringVar(&o.shard, "shard", "", "run only part `i/n` of the trials, into --out")
	return cmd
}

func (o *evaluateOptions) evaluate(cmd *cobra.Command) error {
	plan, err := o.plan(cmd.ErrOrStderr())
	if err != nil {
		return badInput(err)
	}
	bar := newProgress(cmd.ErrOrStderr(), o.quiet)
	sum, err := campaign.Run(cmd.Context(), plan, inKernel(false), campaign.Options{
		Parallel: o.parallel, Out: string(o.out), Resume: o.resume, Progress: bar.update,
	})
	bar.done()
	if err != nil {
		return inputOrFailure(err)
	}
	if o.failures != "" {
		paths, err := saveClusters(o.failures, sum)
		if err != nil {
			return err
		}
		if !o.quiet {
			fmt.Fprintf(cmd.ErrOrStderr(), "gpstorm: %d failure files are in %s; gpstorm replay and gpstorm shrink take them\n", len(paths), o.failures)
		}
	}
	return o.conclude(cmd, sum)
}

func (o *evaluateOptions) plan(notes io.Writer) (*campaign.Plan, error) {
	if o.parallel < 0 {
		return nil, fmt.Errorf("--parallel: %d, want 0 or more", o.parallel)
	}
	if err := o.form.check(o.json); err != nil {
		return nil, err
	}
	if o.resume && o.out == "" {
		return nil, fmt.Errorf("--resume: no --out to go on with")
	}
	p, err := o.selection.plan()
	if err != nil {
		return nil, err
	}
	p.Seed, p.Variations = o.seed, o.variations
	if o.shard != "" {
		s, err := campaign.ParseShard(o.shard)
		if err != nil {
			return nil, fmt.Errorf("--%w", err)
		}
		if o.out == "" {
			return nil, fmt.Errorf("--shard: %s needs --out to put its trials", s)
		}
		p.Shard = &s
	}
	added := withControls(p)
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if !o.quiet && len(o.scenarios)+len(o.fixes) > 0 {
		for _, what := range added {
			fmt.Fprintf(notes, "gpstorm: %s is added: it controls the rest\n", what)
		}
	}
	return p, nil
}

// conclude reports a finished campaign and turns what it is worth into an exit
// code.
func (o *evaluateOptions) conclude(cmd *cobra.Command, sum *campaign.Summary) error {
	planned := sum.Head.Trials()
	if sum.Head.Shard != nil && sum.Trials == planned {
		if !o.quiet {
			fmt.Fprintf(cmd.ErrOrStderr(), "gpstorm: shard %s: %d trials are in %s; gpstorm merge joins it with the others\n", sum.Head.Shard, planned, o.out)
		}
		return nil
	}
	if sum.Trials == planned {
		if err := o.form.write(cmd, sum, o.json); err != nil {
			return err
		}
		return verdictError(sum)
	}
	if o.out == "" {
		return undecided("interrupted after %d of %d trials; with --out they would have been kept", sum.Trials, planned)
	}
	return undecided("interrupted after %d of %d trials, which are in %s; --resume goes on", sum.Trials, planned, o.out)
}

// verdictError makes an invalid campaign exit 3.
func verdictError(sum *campaign.Summary) error {
	for _, c := range sum.Checks {
		if !c.Passed {
			return undecided("INVALID: %s %s is required; seen: %s", c.Fix, c.Duty, c.Seen)
		}
	}
	if !sum.Valid() {
		return undecided("INVALID: no controls")
	}
	return nil
}

// selection is which scenarios and candidates take part.
type selection struct {
	scenarios, fixes []string
}

func (s *selection) flags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&s.scenarios, "scenario", nil, "a preset's `name` or a YAML file; may be repeated (default all presets)")
	cmd.Flags().StringArrayVar(&s.fixes, "fix", nil, "a candidate's `name`; may be repeated (default all candidates)")
	mustComplete(cmd, "scenario", completeScenarios)
	mustComplete(cmd, "fix", completeFixes)
}

func (s *selection) plan() (*campaign.Plan, error) {
	p := &campaign.Plan{Scenarios: workload.Presets(), Fixes: fixes.All()}
	if len(s.scenarios) > 0 {
		p.Scenarios = nil
		for _, name := range unique(s.scenarios) {
			sc, err := lookupScenario(name)
			if err != nil {
				return nil, err
			}
			p.Scenarios = append(p.Scenarios, sc)
		}
	}
	if len(s.fixes) > 0 {
		p.Fixes = nil
		for _, name := range unique(s.fixes) {
			f, err := lookupFix(name)
			if err != nil {
				return nil, err
			}
			p.Fixes = append(p.Fixes, f)
		}
	}
	return p, nil
}

// withControls adds what a campaign needs to be valid and says what it added.
func withControls(p *campaign.Plan) (added []string) {
	for _, name := range []string{campaign.ReportStorm, campaign.LongReader} {
		if slices.ContainsFunc(p.Scenarios, func(sc workload.Scenario) bool { return sc.Name == name }) {
			continue
		}
		sc, err := lookupScenario(name)
		if err != nil {
			panic(err) // a preset
		}
		p.Scenarios = append(p.Scenarios, sc)
		added = append(added, "scenario "+name)
	}
	for i, name := range []string{campaign.Baseline, unsafeControl} {
		if slices.ContainsFunc(p.Fixes, func(f fixes.Fix) bool { return f.Name == name }) {
			continue
		}
		f, err := lookupFix(name)
		if err != nil {
			panic(err) // in the registries
		}
		if i == 0 {
			p.Fixes = slices.Insert(p.Fixes, 0, f)
		} else {
			p.Fixes = append(p.Fixes, f)
		}
		added = append(added, "fix "+name)
	}
	return added
}
