package command

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/report"
	"github.com/gpstorm/gpstorm/repro"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/kernel"
	"github.com/gpstorm/gpstorm/world/live"
	"github.com/gpstorm/gpstorm/world/order"
)

func newRunCommand(c *common) *cobra.Command {
	var (
		fix       string
		variation int
		in        worldFlag
		log       bool
		how       traceOptions
		kernels   kernelFlags
	)
	cmd := &cobra.Command{
		Use:   "run SCENARIO",
		Short: "Run one scenario under one candidate",
		Long: `Runs one trial and reports what happened: the outcome, each close(), and with
--log what the kernel's console printed. SCENARIO is a preset's name or a YAML
file. Where read --scenario made the file, the run is compared with the log. The
last line reproduces the trial. --trace writes a timeline of it, --dmesg prints
the console alone. In --world boot a --kernel takes the candidate's place.`,
		Example: `  gpstorm run repro2 --fix baseline --log
  gpstorm run boot-hrtimer-95 --world boot --kernel base=7.0.13
  gpstorm run heavy --fix callrcu --variation 17 --seed 4 --json`,
		Args:              exactly("a scenario: a preset's name or a YAML file"),
		ValidArgsFunction: c.names.completeScenarios,
		RunE: func(cmd *cobra.Command, args []string) error {
			real, err := kernels.world(&in)
			if err != nil {
				return err
			}
			if err := how.check(c, in.World, log); err != nil {
				return err
			}
			sc, text, err := c.names.scenarioIn(in.World, args[0])
			if err != nil {
				return badInput(err)
			}
			if real != nil {
				all := real.Subjects()
				switch {
				case cmd.Flags().Changed("fix"):
					return noFix(fix)
				case len(all) > 1:
					return wrong("--kernel", all[1].Kernel, "one kernel alone")
				}
				if err := c.ready(worldBoot, real, []workload.Scenario{sc}); err != nil {
					return err
				}
				fix = all[0].Name
			}
			if in.Name() == live.Name && !cmd.Flags().Changed("fix") {
				fix = live.Base
			}
			if err := checkScenarios(in.World, []workload.Scenario{sc}); err != nil {
				return badInput(err)
			}
			if _, err := in.Subject(fix); err != nil {
				return badInput(err)
			}
			if variation < 0 || variation >= world.MaxVariations {
				return wrong("--variation", variation, "0 to %d", world.MaxVariations-1)
			}
			t := world.Spec{Scenario: sc, Variation: variation, Subject: fix, Seed: c.seed}
			r, err := how.run(cmd.Context(), c, in.World, t)
			if err != nil {
				c.consoleOf(cmd, err)
				return err
			}
			if err := how.show(cmd, c, in.Facts(), log, r); err != nil {
				return err
			}
			if of, ok := repro.ParseWritten(text); ok && in.Name() == kernel.Name && !c.json && !how.dmesg {
				if c.quiet {
					return nil
				}
				return besideLog(cmd.ErrOrStderr(), &of, &r)
			}
			return nil
		},
	}
	cmd.Annotations = argumentsAre(inputScenario)
	c.seedFlag(cmd)
	flags := cmd.Flags()
	flags.StringVar(&fix, "fix", campaign.Baseline, "the candidate's `name`")
	flags.IntVar(&variation, "variation", 0, "which variation of the scenario; 0 is the scenario itself")
	flags.BoolVar(&log, "log", false, "show the kernel's console")
	how.flags(flags)
	in.register(cmd, c)
	kernels.register(cmd, &in)
	mustComplete(cmd, "fix", c.names.completeFixes)
	return cmd
}

func newReplayCommand(c *common) *cobra.Command {
	var (
		log bool
		how traceOptions
	)
	cmd := &cobra.Command{
		Use:   "replay TOKEN|FILE",
		Short: "Run exactly one trial again",
		Long: `Runs the trial of a token or of a failure file again, bit for bit. Scenario,
candidate, variation and seed come from the token. If this build takes other
decisions than the one that made the token, replay fails: exit 1.`,
		Example: `  gpstorm replay gps2.Bmtlcm5lbAhiYXNlbGluZQ...
  gpstorm replay "$(gpstorm run repro2 --json | jq -r .replay)" --log`,
		Args: exactly("a token or a failure file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ref, err := readReference(args[0])
			if err != nil {
				return err
			}
			if ref.token.World == order.World {
				return c.replayOrder(cmd.OutOrStdout(), ref.token)
			}
			t, w, err := c.trial(&ref)
			if err == nil {
				err = how.check(c, w, log)
			}
			if err != nil {
				return err
			}
			r, err := how.run(cmd.Context(), c, w, t)
			if err != nil {
				return err
			}
			if err := how.show(cmd, c, w.Facts(), log, r); err != nil {
				return err
			}
			if want := ref.token.Checksum; want != 0 && want != r.Checksum {
				return fmt.Errorf("checksum: %s: want %s, that of the token; this build takes other decisions", r.Checksum, want)
			}
			return nil
		},
	}
	cmd.Annotations = argumentsAre(inputFile)
	cmd.Flags().BoolVar(&log, "log", false, "show the kernel's console")
	how.flags(cmd.Flags())
	return cmd
}

func showTrial(cmd *cobra.Command, c *common, f world.Facts, log bool, r trial.Result) error {
	if !log {
		r.Log = nil
	}
	if c.json {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(&r)
	}
	return (&report.Trial{Result: &r, World: f, Program: c.program, Log: log}).Text(cmd.OutOrStdout(), screenOf(cmd.OutOrStdout()))
}
