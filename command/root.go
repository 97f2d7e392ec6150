package command

import (
	"github.com/spf13/cobra"
)

// common are the flags of every subcommand.
type common struct {
	json  bool
	seed  uint64
	quiet bool
}

func newRootCommand() *cobra.Command {
	var c common
	root := newEvaluateCommand(&c)
	root.Use = "gpstorm"
	root.Short = "Fuzz and stress the fix candidates of the SRCU-fast teardown hang"
	root.Long = `gpstorm runs fix candidates for the SRCU-fast tracepoint teardown hang (Linux
7.0-rc1) through the same storms, in a virtual kernel in virtual time, and says
which hang, how often, for how long and at what cost. Without a subcommand it
evaluates: see gpstorm evaluate --help.

Exit codes: 0 done; 1 failed; 2 bad input; 3 invalid or undecided.`
	root.Example = `  gpstorm                      compare all candidates in all scenarios
  gpstorm run repro2 --fix baseline --log   see the report's hang`
	root.Args = unknownCommand
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(flagError)
	flags := root.PersistentFlags()
	flags.BoolVar(&c.json, "json", false, "write JSON Lines")
	flags.Uint64Var(&c.seed, "seed", 1, "seed of all randomness")
	flags.BoolVarP(&c.quiet, "quiet", "q", false, "no progress and no notes on stderr")

	root.AddCommand(
		newEvaluateCommand(&c),
		newRunCommand(&c),
		newReplayCommand(&c),
		newListCommand(&c),
		newMergeCommand(&c),
		newReportCommand(&c),
		newGateCommand(&c),
		newShrinkCommand(&c),
		newMarginCommand(&c),
		newValidateCommand(&c),
		newExploreCommand(),
		newLitmusCommand(),
		newTortureCommand(&c),
	)
	return root
}

func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return badInputf("unknown command %q; gpstorm --help lists them", args[0])
	}
	return nil
}
