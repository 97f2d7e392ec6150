package command

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/world/order"
)

// exploreFlags are the case and the search, as on the command line.
type exploreFlags struct {
	*common
	fix, reader, mode  string
	readers, sections  int
	expedited          bool
	twoDomains         bool
	unregisterGP       bool
	priorGP, mixedGP   bool
	otherGP            bool
	atomics            bool
	drop               string
	orderings          bool
	slow               int
	spurious, retries  int
	preemptions        int
	switches           int
	random, pct, runs  int
	uniform, guided    bool
	states             int
	cores              parallel
	proof, asIs, whole bool
	html               outFile
}

func newExploreCommand(c *common) *cobra.Command {
	f := exploreFlags{common: c}
	cmd := &cobra.Command{
		Use:   "explore",
		Short: "Examine a candidate under weak memory",
		Long: `Runs the real update side of a candidate against readers whose memory accesses
are reordered, and searches all executions of a bounded case for a violation:
memory used after it was freed, a grace period that ends too early, a lost wakeup.
It reduces a violation to the smallest case and prints its schedule.

--random, --pct, --uniform and --guided sample executions instead, for cases that
are too large for a search. Exit codes: 0 no violation; 1 a violation; 2 bad input;
3 the search was cut short.`,
		Example: `  gpstorm explore --fix baseline --readers 2 --mode weak --proof
  gpstorm explore --fix fence-only --mode tso
  gpstorm explore --fix poll --readers 4 --sections 2 --pct 3 --runs 100000 \
      --seed 7`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	c.seedFlag(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.fix, "fix", "baseline", "`name` of a candidate or of a planted bug")
	flags.StringVar(&f.reader, "reader", "", "reader `flavour` instead of the candidate's own")
	flags.StringVar(&f.mode, "mode", "weak", "how CPUs reorder: sc, tso, pso or weak")
	flags.IntVar(&f.readers, "readers", 1, "reader CPUs")
	flags.IntVar(&f.sections, "sections", 1, "read-side critical sections of each")
	flags.BoolVar(&f.expedited, "expedited", false, "request expedited grace periods")
	flags.BoolVar(&f.twoDomains, "two-domains", false, "make every second reader a Tasks-Trace RCU reader")
	flags.BoolVar(&f.unregisterGP, "unregister-gp", false, "unhooking starts a grace period, as in the kernel")
	flags.BoolVar(&f.priorGP, "prior-gp", false, "a grace period is under way before unhooking")
	flags.BoolVar(&f.otherGP, "other-gp", false, "another task requests a grace period at any time")
	flags.IntVar(&f.spurious, "spurious", 0, "runs of the work item without a request, while an RCU grace period is under way")
	flags.BoolVar(&f.mixedGP, "mixed-gp", false, "with --prior-gp: make that grace period expedited, or normal with --expedited")
	flags.BoolVar(&f.atomics, "atomics", false, "give the machine's own accesses the orderings that it declares (weak)")
	flags.StringVar(&f.drop, "drop", "", "drop the ordering of this `access`, with --atomics")
	flags.BoolVar(&f.orderings, "orderings", false, "drop the ordering of each of the machine's accesses in turn, and print what breaks")
	flags.IntVar(&f.slow, "slow", 1, "polls that a grace period is too slow for; 0 assumes prompt grace periods")
	flags.IntVar(&f.retries, "retries", 0, "retries of a scan that compete with other steps; 0 is 2")
	flags.IntVar(&f.preemptions, "preemptions", 1, "preemptions of one update-side task by another")
	flags.IntVar(&f.switches, "switches", -1, "preemptive switches between CPUs; negative is no bound")
	flags.IntVar(&f.random, "random", 0, "sample this many executions, every step with the same chance")
	flags.IntVar(&f.pct, "pct", 0, "sample by probabilistic concurrency testing of this depth")
	flags.BoolVar(&f.uniform, "uniform", false, "sample interleavings about uniformly")
	flags.BoolVar(&f.guided, "guided", false, "sample guided by the situations seen")
	flags.IntVar(&f.runs, "runs", 100_000, "executions to sample with --pct, --uniform and --guided")
	flags.IntVar(&f.states, "states", 10_000_000, "end the search after this many states; 0 is no bound")
	f.cores.register(flags, "cores for a large search; 0 is all")
	flags.BoolVar(&f.proof, "proof", false, "print what the search covered")
	flags.Var(&f.html, "html", "write a violation's schedule as a page to this `file` too")
	flags.BoolVar(&f.asIs, "as-is", false, "do not reduce a violation to the smallest case")
	flags.BoolVar(&f.whole, "no-reduction", false, "search without partial-order reduction")
	return cmd
}

// caseOf returns the case to search.
func (f *exploreFlags) caseOf() (order.Case, error) {
	mode, err := order.ParseMode(f.mode)
	if err != nil {
		return order.Case{}, wrong("--mode", f.mode, "sc, tso, pso or weak")
	}
	if f.spurious < 0 { // a planted bug may need more, but nothing can have less
		return order.Case{}, wrong("--spurious", f.spurious, "0 or more")
	}
	if f.readers < 1 || f.readers > order.MaxReaders {
		return order.Case{}, wrong("--readers", f.readers, "1 to %d", order.MaxReaders)
	}
	c, err := f.lookupCase(f.fix, f.readers, f.sections, mode)
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
	c.MixedGP = c.MixedGP || f.mixedGP
	c.OtherGP = c.OtherGP || f.otherGP
	c.Slow = f.slow
	c.Atomics, c.Drop = f.atomics || f.drop != "", f.drop
	c.Spurious = max(c.Spurious, f.spurious)
	c.Retries, c.Preemptions, c.Switches = f.retries, f.preemptions, f.switches
	if err := c.Validate(); err != nil {
		return c, fmt.Errorf("--%w", err)
	}
	return c, nil
}

// maxPCTDepth is the largest depth of package order's sampling by probabilistic
// concurrency testing.
const maxPCTDepth = 16

// strategy returns how to sample. The zero value is to search all executions.
func (f *exploreFlags) strategy() (order.WalkOptions, error) {
	if err := oneOf("one way to sample",
		choice{"--random", f.random != 0}, choice{"--pct", f.pct != 0},
		choice{"--uniform", f.uniform}, choice{"--guided", f.guided}); err != nil {
		return order.WalkOptions{}, err
	}
	switch {
	case f.random < 0:
		return order.WalkOptions{}, wrong("--random", f.random, "1 or more")
	case f.pct < 0 || f.pct > maxPCTDepth:
		return order.WalkOptions{}, wrong("--pct", f.pct, "1 to %d", maxPCTDepth)
	case f.runs < 1:
		return order.WalkOptions{}, wrong("--runs", f.runs, "1 or more")
	case f.states < 0:
		return order.WalkOptions{}, wrong("--states", f.states, "0 or more")
	case f.random != 0:
		return order.WalkOptions{Strategy: order.Random, Runs: f.random}, nil
	case f.pct != 0:
		return order.WalkOptions{Strategy: order.PCT, Depth: f.pct, Runs: f.runs}, nil
	case f.uniform:
		return order.WalkOptions{Strategy: order.Uniform, Runs: f.runs}, nil
	case f.guided:
		return order.WalkOptions{Strategy: order.Guided, Runs: f.runs}, nil
	}
	return order.WalkOptions{}, nil
}

func (f *exploreFlags) run(cmd *cobra.Command) error {
	c, err := f.caseOf()
	if err != nil {
		return badInput(err)
	}
	walk, err := f.strategy()
	if err != nil {
		return badInput(err)
	}
	if f.orderings {
		if f.html != "" {
			return wrong("--html", string(f.html), "no --orderings beside it")
		}
		return f.dropEach(cmd, c)
	}
	walk.Seed = f.seed
	ctx, quiet := cmd.Context(), f.quiet || f.json
	bar := newProgress(cmd.ErrOrStderr(), quiet)
	out := explored{Case: c.String(), Strategy: "exhaustive"}
	var found *order.Finding
	complete, done := true, ""
	if walk.Strategy != "" {
		bar.what = "executions"
		walk.Progress = func(done int) { bar.update(done, walk.Runs) }
		var w order.Walked
		found, w, err = order.Walk(ctx, c, walk)
		out.Strategy, out.Walked = string(walk.Strategy), &w
		done = fmt.Sprintf("%d executions", w.Runs)
	} else {
		bar.what = "states"
		var cov order.Coverage
		found, cov, err = order.Explore(ctx, c, order.Options{
			States: f.states, Cores: int(f.cores), NoReduction: f.whole,
			Progress: func(states int) { bar.update(states, -1) },
		})
		out.Coverage = &cov
		complete, done = cov.Complete && cov.Bounded == 0, fmt.Sprintf("%d states", cov.States)
	}
	bar.done()
	switch {
	case err != nil:
		return badInput(err)
	case found == nil && ctx.Err() != nil:
		return interrupted(" after %s", done)
	}
	if found != nil && !f.asIs {
		found = order.Minimise(ctx, found)
	}
	if err := out.show(cmd.OutOrStdout(), f.common, found, f.proof); err != nil {
		return err
	}
	switch {
	case f.html == "":
	case found == nil:
		f.note(cmd, "no violation, so --html writes no page")
	default:
		if err := writeSides(f.html.side("--html", func(w io.Writer) error { return found.WriteHTML(w, cmd.Root().Name()) })); err != nil {
			return err
		}
	}
	switch {
	case found != nil:
		return &exitError{code: exitFailure}
	case !complete:
		return undecided("the search was cut short after %s", done)
	}
	return nil
}
