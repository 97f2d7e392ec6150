package command

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world/order"
)

// explored is the outcome of an exploration as one line of JSON.
type explored struct {
	Case      string          `json:"case"`
	Strategy  string          `json:"strategy"`
	Violation order.Kind      `json:"violation,omitempty"`
	Detail    string          `json:"detail,omitempty"`
	Coverage  *order.Coverage `json:"coverage,omitempty"`
	Walked    *order.Walked   `json:"walked,omitempty"`
	Schedule  []order.Line    `json:"schedule,omitempty"`
	Replay    string          `json:"replay,omitempty"`
}

// exploreFlags are what the command line says of a case and a search.
type exploreFlags struct {
	fix, reader, mode  string
	readers, sections  int
	expedited          bool
	twoDomains         bool
	unregisterGP       bool
	priorGP            bool
	spurious, retries  int
	preemptions        int
	switches           int
	random, pct, runs  int
	uniform, guided    bool
	states             int
	proof, asIs, whole bool
}

func newExploreCommand() *cobra.Command {
	var f exploreFlags
	cmd := &cobra.Command{
		Use:   "explore",
		Short: "Examine a candidate under weak memory",
		Long: `Runs the real update side of a candidate against readers that reorder, and
searches all executions of a bounded case for a violation: memory used after it
was freed, a grace period that ends too early, a wakeup that is lost. What it
finds it reduces to the smallest case and prints as a schedule.

--random, --pct, --uniform and --guided sample executions instead, for cases
that are too large to search. Exit codes: 0 no violation; 1 a violation; 2 bad
input; 3 the search was cut short.`,
		Example: `  gpstorm explore --fix baseline --readers 2 --mode weak --proof
  gpstorm explore --fix fence-for-x --mode tso
  gpstorm explore --fix poll --readers 4 --sections 2 --pct 3 --runs 100000 --seed 7`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.fix, "fix", "baseline", "`name` of a candidate or of a planted bug")
	flags.StringVar(&f.reader, "reader", "", "reader `flavour` instead of the candidate's own")
	flags.StringVar(&f.mode, "mode", "weak", "how CPUs reorder: sc, tso, pso or weak")
	flags.IntVar(&f.readers, "readers", 1, "reader CPUs")
	flags.IntVar(&f.sections, "sections", 1, "read-side critical sections of each")
	flags.BoolVar(&f.expedited, "expedited", false, "ask for expedited grace periods")
	flags.BoolVar(&f.twoDomains, "two-domains", false, "every second reader is one of Tasks-Trace RCU")
	flags.BoolVar(&f.unregisterGP, "unregister-gp", false, "unhooking starts a grace period, as in the kernel")
	flags.BoolVar(&f.priorGP, "prior-gp", false, "a grace period is under way before unhooking")
	flags.IntVar(&f.spurious, "spurious", 0, "runs of the work that nobody asked for")
	flags.IntVar(&f.retries, "retries", 0, "retries of a scan that compete with other steps; 0 is 2")
	flags.IntVar(&f.preemptions, "preemptions", 1, "preemptions of one update-side task by another")
	flags.IntVar(&f.switches, "switches", -1, "preemptive switches between CPUs; negative is no bound")
	flags.IntVar(&f.random, "random", 0, "sample this many executions, every step with the same chance")
	flags.IntVar(&f.pct, "pct", 0, "sample by probabilistic concurrency testing of this depth")
	flags.BoolVar(&f.uniform, "uniform", false, "sample interleavings about uniformly")
	flags.BoolVar(&f.guided, "guided", false, "sample guided by the situations seen")
	flags.IntVar(&f.runs, "runs", 100_000, "executions to sample with --pct, --uniform and --guided")
	flags.IntVar(&f.states, "states", 10_000_000, "give up after this many states; 0 is never")
	flags.BoolVar(&f.proof, "proof", false, "say what was covered")
	flags.BoolVar(&f.asIs, "as-is", false, "do not reduce what was found to the smallest case")
	flags.BoolVar(&f.whole, "no-reduction", false, "search without partial-order reduction")
	return cmd
}

func (f *exploreFlags) theCase() (order.Case, error) {
	mode, err := order.ParseMode(f.mode)
	if err != nil {
		return order.Case{}, fmt.Errorf("--%w", err)
	}
	if f.readers < 1 || f.readers > order.MaxReaders {
		return order.Case{}, fmt.Errorf("--readers %d: want 1 to %d", f.readers, order.MaxReaders)
	}
	c, err := order.LookupCase(f.fix, f.readers, f.sections, mode)
	if err != nil {
		return c, fmt.Errorf("--%w", err)
	}
	if f.reader != "" {
		r, err := order.LookupReader(f.reader)
		if err != nil {
			return c, fmt.Errorf("--%w", err)
		}
		c.Readers = order.Same(r, f.readers)
	}
	c.Expedited, c.UnregisterGP = f.expedited, f.unregisterGP
	c.TwoDomains = c.TwoDomains || f.twoDomains
	c.PriorGP = c.PriorGP || f.priorGP
	c.Spurious = max(c.Spurious, f.spurious)
	c.Retries, c.Preemptions, c.Switches = f.retries, f.preemptions, f.switches
	if err := c.Validate(); err != nil {
		return c, fmt.Errorf("--%w", err)
	}
	return c, nil
}

// strategy is how to sample; empty is to search everything.
func (f *exploreFlags) strategy() (order.WalkOptions, error) {
	var o []order.WalkOptions
	if f.random != 0 {
		o = append(o, order.WalkOptions{Strategy: order.Random, Runs: f.random})
	}
	if f.pct != 0 {
		o = append(o, order.WalkOptions{Strategy: order.PCT, Depth: f.pct, Runs: f.runs})
	}
	if f.uniform {
		o = append(o, order.WalkOptions{Strategy: order.Uniform, Runs: f.runs})
	}
	if f.guided {
		o = append(o, order.WalkOptions{Strategy: order.Guided, Runs: f.runs})
	}
	switch len(o) {
	case 0:
		return order.WalkOptions{}, nil
	case 1:
		return o[0], nil
	}
	return order.WalkOptions{}, fmt.Errorf("--random, --pct, --uniform, --guided: want at most one of them")
}

func (f *exploreFlags) run(cmd *cobra.Command) error {
	c, err := f.theCase()
	if err != nil {
		return badInput(err)
	}
	walk, err := f.strategy()
	if err != nil {
		return badInput(err)
	}
	asJSON, _ := cmd.Flags().GetBool("json")
	quiet, _ := cmd.Flags().GetBool("quiet")
	walk.Seed, _ = cmd.Flags().GetUint64("seed")
	bar := newProgress(cmd.ErrOrStderr(), quiet || asJSON)
	out := explored{Case: c.String(), Strategy: "exhaustive"}
	var found *order.Finding
	complete := true
	if walk.Strategy != "" {
		walk.Progress = func(done int) { bar.update(done, walk.Runs) }
		var w order.Walked
		found, w, err = order.Walk(c, walk)
		out.Strategy, out.Walked = string(walk.Strategy), &w
	} else {
		var cov order.Coverage
		found, cov, err = order.Explore(c, order.Options{States: f.states, NoReduction: f.whole, Progress: progressLine(cmd, quiet || asJSON)})
		out.Coverage = &cov
		complete = cov.Complete || found != nil
	}
	bar.done()
	if err != nil {
		return badInput(err)
	}
	if found != nil && !f.asIs {
		found = order.Minimise(found)
	}
	if err := f.show(cmd.OutOrStdout(), &out, found, asJSON); err != nil {
		return err
	}
	switch {
	case found != nil:
		return &exitError{code: exitFailure}
	case !complete:
		return undecided("the search was cut short after %d states", out.Coverage.States)
	}
	return nil
}

// replayOrder follows the schedule of a token of the order world.
func replayOrder(cmd *cobra.Command, token trial.Token) error {
	found, err := order.Replay(token, order.LookupFix)
	if err != nil {
		return err
	}
	asJSON, _ := cmd.Flags().GetBool("json")
	out := explored{Case: found.Case.String(), Strategy: "replay"}
	return (&exploreFlags{}).show(cmd.OutOrStdout(), &out, found, asJSON)
}

// progressLine rewrites one line of a terminal while a search goes on.
func progressLine(cmd *cobra.Command, quiet bool) func(order.Coverage) {
	p := newProgress(cmd.ErrOrStderr(), quiet)
	if p.w == nil {
		return nil
	}
	return func(c order.Coverage) {
		fmt.Fprintf(os.Stderr, "\r%d states, %d steps, depth %d ", c.States, c.Steps, c.Depth)
	}
}

func (f *exploreFlags) show(w io.Writer, out *explored, found *order.Finding, asJSON bool) error {
	if found != nil {
		out.Violation, out.Detail = found.Violation.Kind, found.Violation.Detail
		out.Replay = found.Token().String()
	}
	if asJSON {
		if found != nil {
			lines, err := found.Trace()
			if err != nil {
				return err
			}
			out.Schedule = lines
		}
		return json.NewEncoder(w).Encode(out)
	}
	if found != nil {
		if err := found.WriteTable(w); err != nil {
			return err
		}
		_, err := fmt.Fprintf(w, "\nreplay: gpstorm replay %s\n", out.Replay)
		return err
	}
	return f.showClean(w, out)
}

func (f *exploreFlags) showClean(w io.Writer, out *explored) error {
	say := func(format string, args ...any) error {
		_, err := fmt.Fprintf(w, format+"\n", args...)
		return err
	}
	switch {
	case out.Walked != nil:
		return say("%s: no violation in %d sampled executions (%s)", out.Case, out.Walked.Runs, out.Strategy)
	case !out.Coverage.Complete:
		return say("%s: no violation in the %d states visited", out.Case, out.Coverage.States)
	case out.Coverage.Overflow:
		if err := say("%s: no violation in all of more than %d executions of this bounded case", out.Case, out.Coverage.Executions); err != nil {
			return err
		}
	default:
		if err := say("%s: no violation in all %d executions of this bounded case", out.Case, out.Coverage.Executions); err != nil {
			return err
		}
	}
	if f.proof {
		return say("covered: %s; %d histories of the update side", out.Coverage, out.Coverage.Histories)
	}
	return nil
}
