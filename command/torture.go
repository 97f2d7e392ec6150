package command

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/fixes/mutant"
	"github.com/gpstorm/gpstorm/world/live"
)

func newTortureCommand(c *common) *cobra.Command {
	var (
		fix, scenario string
		cfg           live.Config
	)
	cmd := &cobra.Command{
		Use:   "torture",
		Short: "Torture the live core: real goroutines on real CPUs",
		Long: `Runs readers of every kind and updaters of every API against the live core, in
the manner of rcutorture, and prints a line each second. It is a failure if a
reader finds an object that a full grace period has passed, if a wait does not
end, or if a callback does not run exactly once.

Runs on real CPUs cannot be replayed. A clean run is evidence only as far as
readers and updaters ran at the same time ("par"); if they hardly did, the result
is undecided. --fix takes a strategy of gpstorm list strategies, a candidate of this
program that changes something here, or one of these broken cores, which show what
the torture catches: ` + strings.Join(brokenNames(), ", ") + ".",
		Example: `  gpstorm torture --duration 1m --amplify
  gpstorm torture --fix no-barrier --amplify --readers 1 --updaters 1`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := c.names.live.Core(fix)
			if err != nil {
				return badInput(err)
			}
			cfg.Fix, cfg.Seed = f, c.seed
			switch { // in a Config 0 is the default
			case cfg.Duration == 0:
				return wrong("--duration", cfg.Duration, "more than 0")
			case cfg.StallAfter == 0:
				return wrong("--stall-after", cfg.StallAfter, "more than 0")
			}
			if scenario != "" {
				sc, err := c.names.scenario(scenario)
				if err != nil {
					return badInput(err)
				}
				cfg.Scenario = &sc
			}
			if !c.quiet {
				cfg.Line = func(r live.Report) {
					io.WriteString(cmd.ErrOrStderr(), onTerminal(cmd.ErrOrStderr(), fmt.Sprintln(r)))
				}
			}
			r, err := live.Torture(cmd.Context(), cfg)
			if err != nil {
				return badInput(err)
			}
			if c.json {
				if err := json.NewEncoder(cmd.OutOrStdout()).Encode(r); err != nil {
					return err
				}
			} else {
				io.WriteString(cmd.OutOrStdout(), onTerminal(cmd.OutOrStdout(), fmt.Sprintln(r)))
			}
			switch {
			case r.Failed():
				return fmt.Errorf("!!! FAILURE: %s, first after %v", r.Failures[0].What, r.Failures[0].After.Round(time.Microsecond))
			case cmd.Context().Err() != nil:
				return interrupted(" after %v, without a failure so far", r.Elapsed.Round(100*time.Millisecond))
			case r.Starved:
				return undecided("this machine is too busy: the process did not get the CPU time to end what it had begun")
			case !r.Storm.AsAsked():
				return undecided("the storm was not as asked: %s: nothing is shown about such a storm", r.Storm.Wrong)
			case !r.Parallel():
				return undecided("readers and updaters ran at the same time in %d of %d samples: the run shows nothing about memory ordering; it takes two CPUs or more that other work leaves alone (Go uses %d here): stop the other work, or raise the limit of the container", r.Overlaps, r.Looks, runtime.GOMAXPROCS(0))
			}
			return nil
		},
	}
	c.seedFlag(cmd)
	flags := cmd.Flags()
	flags.StringVar(&fix, "fix", "membarrier", "the strategy's, or the broken core's, `name`")
	flags.StringVar(&scenario, "scenario", "", "take readers, updaters and storms from this `scenario`, its times divided by 100")
	reads(flags, inputScenario, "scenario")
	flags.DurationVar(&cfg.Duration, "duration", 10*time.Second, "how long")
	flags.IntVar(&cfg.Readers, "readers", 0, "reader goroutines; 0 is 4 more than there are CPUs")
	flags.IntVar(&cfg.Updaters, "updaters", 0, "updater goroutines; 0 is 4")
	flags.BoolVar(&cfg.Amplify, "amplify", false, "make missing barriers visible: stores that miss the cache before each section")
	flags.BoolVar(&cfg.Yield, "yield", false, "pause at the critical points of readers and grace periods")
	flags.DurationVar(&cfg.StallAfter, "stall-after", 10*time.Second, "how long a wait may take")
	return cmd
}

// brokenNames returns the planted bugs that the torture catches.
func brokenNames() []string {
	var names []string
	for _, m := range mutant.All() {
		if m.Live == nil {
			continue
		}
		name := m.Name
		if m.Live.With != "" {
			name += fixes.Separator + m.Live.With
		}
		names = append(names, name)
	}
	return names
}
