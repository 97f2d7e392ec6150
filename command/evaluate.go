package command

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/rare"
	"github.com/gpstorm/gpstorm/report"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/boot"
	"github.com/gpstorm/gpstorm/world/live"
)

// defaultBoots is the number of runs of each scenario on each kernel in evaluate: medians
// of fewer boots differ more than kernels do.
const defaultBoots = 4

// defaultVariations is the number of variations of each scenario in evaluate. Two idle
// cores take less than two minutes for them.
const defaultVariations = 24

// defaultLive is the number of trials of each scenario and subject in evaluate in the
// world live. Two idle cores take less than a minute for them.
const defaultLive = 4

type evaluateOptions struct {
	*common
	selection
	form
	where      where
	variations int
	out, bench outFile
	resume     bool
	shard      string
	decided    bool
	rare       int // trials of a replicate at one level; 0 means no estimates
	rareMost   int // the most trials of an estimate; 0 means no limit
	failures   outDir
	boots      int
}

func newEvaluateCommand(c *common) *cobra.Command {
	o := evaluateOptions{common: c}
	cmd := &cobra.Command{
		Use:   "evaluate",
		Short: "Compare candidates: the main job",
		Long: `Runs every candidate through the same variations of every scenario and compares
them: a table for each scenario, then a verdict in words. Two controls are always
among the trials: baseline must hang in repro2, and ` + unsafeControl + ` must be
caught as unsafe. If one of them does not, the campaign is INVALID: exit 3.

--out keeps the trials, one a line in an append-only file. After Ctrl-C the file
holds the trials that have finished, and --resume continues from there. The shards
of a campaign can run on different machines; gpstorm merge joins their files. With
--nats the trials run on the workers of a server, and the results are the same bytes.

With --until-decided the trials run in rounds, and a comparison with the baseline
gets no more of them once it is decided, by tests that stay valid under repeated
looks; --variations is then the most. Which trials run depends on results alone.

--world live compares strategies to wait for grace periods instead, on the CPUs of
this machine, under interrupts: each alone and with each teardown, in scenarios of
its own. Its controls are three broken cores.

--rare estimates a hang rate for every candidate and scenario in which no trial hung,
by the simulation of rare, and shows which hangs of the baseline the candidate has too.
Where an estimate takes more than --rare-limit, the table has a bound.

--world boot compares real kernels instead: each --kernel takes a candidate's place
and is booted --boots times for each scenario, in turns. The first is the baseline.`,
		Example: `  gpstorm evaluate --fix callrcu --fix overlap --scenario heavy
  gpstorm evaluate --variations 500 --out results.jsonl --html report.html
  gpstorm evaluate --world live --fix membarrier --fix callrcu --variations 20
  gpstorm evaluate --world boot --kernel base=7.0.13 --kernel old=6.19.14`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return o.evaluate(cmd) },
	}
	c.seedFlag(cmd)
	o.selection.flags(cmd, c)
	o.form.flags(cmd)
	o.where.register(cmd, c)
	o.where.kernels.register(cmd, &o.where.in)
	flags := cmd.Flags()
	flags.IntVar(&o.variations, "variations", defaultVariations, "variations of each scenario; the first is the scenario itself")
	flags.IntVar(&o.boots, "boots", defaultBoots, "of --world boot: how often each scenario runs on each kernel")
	flags.Var(&o.out, "out", "keep the trials in this `file`, one a line")
	flags.Var(&o.bench, "benchstat", "write a line for each trial, as Go benchmarks do, to this `file` too")
	flags.BoolVar(&o.resume, "resume", false, "continue after the trials that --out already holds")
	flags.Var(&o.failures, "failures", "write a file for each cause of failure into this `directory`")
	flags.BoolVar(&o.decided, "until-decided", false, "give comparisons that are decided no more variations")
	flags.IntVar(&o.rare, "rare", 0, "estimate hang rates too, where counting shows none, with so many trials a level")
	flags.Lookup("rare").NoOptDefVal = strconv.Itoa(defaultRareTrials)
	flags.IntVar(&o.rareMost, "rare-limit", 0, "of --rare: the most trials of an estimate (default no limit)")
	flags.StringVar(&o.shard, "shard", "", "run only part `i/n` of the trials, into --out")
	return cmd
}

func (o *evaluateOptions) evaluate(cmd *cobra.Command) error {
	plan, err := o.plan(cmd)
	if err != nil {
		return badInput(err)
	}
	if o.where.in.Name() == boot.Name {
		o.where.finished = finishedBeside(o.out, o.resume)
	}
	at, err := o.where.open(cmd, o.common, plan.Fixes)
	if err != nil {
		return err
	}
	defer at.close()
	bar := newProgress(cmd.ErrOrStderr(), o.quiet)
	bar.live = at.live
	bench := report.NewBenchstat(at.Name())
	sum, err := campaign.Run(cmd.Context(), plan, at, campaign.Options{
		Out: string(o.out), Resume: o.resume, Progress: bar.update, Each: bench.Add,
	})
	bar.done()
	if kept := o.where.finished.close(err == nil && !sum.CutShort); kept != nil && err == nil {
		err = kept
	}
	if text := o.where.finished.note(); text != "" {
		o.note(cmd, "%s", text)
	}
	if errors.Is(err, fs.ErrExist) {
		err = inputf("%w, or --resume to continue this one", err)
	}
	if err != nil {
		o.consoleOf(cmd, err)
		return inputOrFailure(err)
	}
	sides := []side{o.bench.side("--benchstat", bench.Write), o.failuresSide(cmd, sum)}
	if sum.CutShort || sum.Head.Shard != nil {
		return cmp.Or(writeSides(sides...), o.unfinished(cmd, sum))
	}
	var rates []rare.Rate
	if o.rare > 0 {
		if rates, err = o.rates(cmd, plan, sum, at.wanting(world.Want{Draws: true})); err != nil {
			return cmp.Or(err, writeSides(sides...))
		}
	}
	return cmp.Or(o.form.write(cmd, o.common, sum, nil, nil, rates, sides...), verdictError(sum))
}

// failuresSide writes a file for each cause of failure.
func (o *evaluateOptions) failuresSide(cmd *cobra.Command, sum *campaign.Summary) side {
	if o.failures == "" {
		return nil
	}
	return func() error {
		paths, err := o.saveClusters(cmd.Context(), string(o.failures), sum)
		if err == nil {
			o.note(cmd, "%d failure files are in %s; %s replay and shrink take them", len(paths), o.failures, o.program)
		}
		if at, ok := errors.AsType[*fs.PathError](err); ok {
			return wrong("--failures", string(o.failures), "a directory that can be written (%v)", at.Err)
		}
		return err
	}
}

// rates estimates the rates of candidates without a hang in the campaign.
func (o *evaluateOptions) rates(cmd *cobra.Command, plan *campaign.Plan, sum *campaign.Summary, ex campaign.Executor) ([]rare.Rate, error) {
	bar := newProgress(cmd.ErrOrStderr(), o.quiet)
	defer bar.done()
	at, before, last := "", 0, 0
	bar.live = func() string { return "trials, rate of " + at }
	scenarios := len(plan.Scenarios)
	if chosen := len(unique(o.scenarios)); chosen > 0 {
		scenarios = chosen // the scenarios of the controls follow
	}
	rates, err := rare.Rates(cmd.Context(), sum, plan, scenarios, rare.Plan{
		Replicates: defaultReplicates, Trials: o.rare, MaxTrials: o.rareMost, Floor: defaultFloor, Level: campaign.Level, Seed: o.seed,
	}, ex, func(fix, scenario string, trials int) {
		if name := fix + " in " + scenario; name != at {
			at, before = name, before+last
		}
		last = trials
		bar.update(before+trials, -1)
	})
	if errors.Is(err, context.Canceled) {
		return nil, interrupted("; a simulation keeps no results, --out those of the campaign")
	}
	return rates, inputOrFailure(err)
}

// checkRare refuses --rare if it is impossible.
func (o *evaluateOptions) checkRare(cmd *cobra.Command) error {
	limited := cmd.Flags().Changed("rare-limit")
	if !cmd.Flags().Changed("rare") {
		if limited {
			return wrong("--rare-limit", o.rareMost, "--rare beside it")
		}
		return nil
	}
	switch {
	case !o.where.in.Facts().Reproducible:
		return wrong("--rare", o.rare, "a --world whose trials can be run again exactly")
	case o.shard != "":
		return wrong("--rare", o.rare, "no --shard beside it")
	}
	if rare.CheckSize(defaultReplicates, o.rare) != nil {
		return wrong("--rare", o.rare, "100 to 1000000")
	}
	if least := rare.LeastLimit(defaultReplicates, o.rare); limited && o.rareMost < least {
		return wrong("--rare-limit", o.rareMost, "%d or more, with --rare=%d", least, o.rare)
	}
	return nil
}

// bootPlan changes a plan of candidates into one of kernels.
func (o *evaluateOptions) bootPlan(cmd *cobra.Command, w *boot.World, p *campaign.Plan) error {
	if len(o.fixes) > 0 {
		return noFix(o.fixes[0])
	}
	for _, flag := range []string{"variations", "failures"} {
		if cmd.Flags().Changed(flag) {
			return wrong("--"+flag, absent("given"), "no such flag beside --world boot")
		}
	}
	if len(o.scenarios) == 0 {
		p.Scenarios = boot.Presets()
	}
	if o.boots < 1 {
		return wrong("--boots", o.boots, "1 or more")
	}
	p.Fixes, p.Variations = w.Subjects(), o.boots
	return o.ready(worldBoot, w, p.Scenarios)
}

func (o *evaluateOptions) plan(cmd *cobra.Command) (*campaign.Plan, error) {
	if err := o.where.check(); err != nil {
		return nil, err
	}
	if err := o.form.check(o.json); err != nil {
		return nil, err
	}
	if o.shard != "" {
		if err := noReport(cmd, "no --shard beside it: report makes it of all shards"); err != nil {
			return nil, err
		}
	}
	if err := o.checkRare(cmd); err != nil {
		return nil, err
	}
	if o.resume && o.out == "" {
		return nil, wrong("--resume", true, "--out, the file to continue")
	}
	p, err := o.selection.plan(o.common, o.where.in.World)
	if err != nil {
		return nil, err
	}
	if o.where.in.Name() == live.Name && !cmd.Flags().Changed("variations") {
		o.variations = defaultLive
	}
	for i := range p.Scenarios {
		if sc := &p.Scenarios[i]; o.rare > 0 && len(o.scenarios) > 0 && !rare.Possible(sc) {
			return nil, wrong("--rare", sc.Name, "a scenario with a horizon beyond its hung-task timeout, %v", sc.HungTimeout())
		}
	}
	p.Seed, p.Variations, p.UntilDecided = o.seed, o.variations, o.decided
	if o.shard != "" {
		s, err := campaign.ParseShard(o.shard)
		if err != nil {
			return nil, wrong("--shard", o.shard, "i/n with 1 <= i <= n, 2/8 say")
		}
		if o.out == "" {
			return nil, wrong("--shard", s, "--out, the file for its trials")
		}
		if o.decided {
			return nil, wrong("--shard", s, "none with --until-decided, whose trials decide together")
		}
		p.Shard = &s
	}
	real, err := o.where.world()
	if err != nil {
		return nil, err
	}
	var added []string
	if real != nil {
		if err := o.bootPlan(cmd, real, p); err != nil {
			return nil, err
		}
	} else {
		if cmd.Flags().Changed("boots") {
			return nil, wrong("--boots", o.boots, "--world boot beside it")
		}
		if added, err = o.addControls(p, o.where.in.World); err != nil {
			return nil, err
		}
	}
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if len(o.scenarios)+len(o.fixes) > 0 {
		for _, what := range added {
			o.note(cmd, "%s is added as a control", what)
		}
	}
	return p, nil
}

// unfinished says where the trials of a shard or of an interrupted campaign are. Such a
// campaign has no report.
func (o *evaluateOptions) unfinished(cmd *cobra.Command, sum *campaign.Summary) error {
	planned := sum.Head.Trials()
	if !sum.CutShort {
		o.note(cmd, "shard %s: %d trials are in %s; %s merge joins the shards", sum.Head.Shard, planned, o.out, o.program)
		return nil
	}
	if o.out == "" {
		return interrupted(" after %d of %d trials; --out would have kept them", sum.Trials, planned)
	}
	continues := "--resume"
	if o.resume {
		continues = "the same command"
	}
	return interrupted(" after %d of %d trials, which are in %s; %s continues", sum.Trials, planned, o.out, continues)
}

// verdictError makes an invalid campaign exit 3. A shard does too, since its controls are
// judged with those of the other shards.
func verdictError(sum *campaign.Summary) error {
	if s := sum.Head.Shard; s != nil {
		return undecided("shard %s: the controls are judged on the whole campaign; gpstorm merge joins its shards", s)
	}
	if err := sum.Invalid(); err != nil {
		return &exitError{exitUndecided, err}
	}
	return nil
}
