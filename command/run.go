package command

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/report"
	"github.com/gpstorm/gpstorm/trial"
)

func newRunCommand(c *common) *cobra.Command {
	var (
		fix       string
		variation int
		log       bool
		how       traceOptions
	)
	cmd := &cobra.Command{
		Use:   "run SCENARIO",
		Short: "Run one scenario under one candidate",
		Long: `Runs one trial in the virtual kernel and tells what happened: the outcome, each
close(), and with --log what the kernel's console printed. SCENARIO is a
preset's name or a YAML file. The last line reproduces the trial. --trace draws
it on a time axis, --dmesg shows the console alone.`,
		Example: `  gpstorm run repro2 --fix baseline --log
  gpstorm run heavy --fix callrcu --variation 17 --seed 4 --json`,
		Args:              exactly("scenario"),
		ValidArgsFunction: completeScenarios,
		RunE: func(cmd *cobra.Command, args []string) error {
			sc, err := lookupScenario(args[0])
			if err != nil {
				return badInput(err)
			}
			f, err := lookupFix(fix)
			if err != nil {
				return badInput(err)
			}
			if variation < 0 || variation >= campaign.MaxVariations {
				return badInputf("--variation: %d, want 0 to %d", variation, campaign.MaxVariations-1)
			}
			t := campaign.Trial{Scenario: sc, Variation: variation, Fix: f, Seed: c.seed}
			r, err := how.run(&t)
			if err != nil {
				return err
			}
			return how.show(cmd, c, &t, log, r)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&fix, "fix", campaign.Baseline, "the candidate's `name`")
	flags.IntVar(&variation, "variation", 0, "which variation of the scenario; 0 is the scenario itself")
	flags.BoolVar(&log, "log", false, "show the kernel's console")
	how.flags(flags)
	mustComplete(cmd, "fix", completeFixes)
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
		Long: `Runs the trial that a token or a failure file names, bit for bit: scenario,
candidate, variation and seed come from the token (so --seed has no say here). If the trial takes other
decisions than the one the token was made for, that is a failure: exit 1.`,
		Example: `  gpstorm replay gps1.Bmtlcm5lbAhiYXNlbGluZQ...
  gpstorm replay "$(gpstorm run repro2 --json | jq -r .replay)" --log`,
		Args: exactly("token"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if token, ok := orderToken(args[0]); ok {
				return replayOrder(cmd, token)
			}
			t, token, err := lookupTrial(args[0])
			if err != nil {
				return badInput(err)
			}
			r, err := how.run(&t)
			if err != nil {
				return err
			}
			if err := how.show(cmd, c, &t, log, r); err != nil {
				return err
			}
			if token.Checksum != 0 && token.Checksum != r.Checksum {
				return fmt.Errorf("checksum %s, but the token was made for %s: this build takes other decisions", r.Checksum, token.Checksum)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&log, "log", false, "show the kernel's console")
	how.flags(cmd.Flags())
	return cmd
}

func showTrial(cmd *cobra.Command, c *common, t *campaign.Trial, log bool, r trial.Result) error {
	r.Replay = t.Token(r.Checksum).String()
	if !log {
		r.Log = nil
	}
	if c.json {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(&r)
	}
	return report.Trial(cmd.OutOrStdout(), &r, log)
}
