package command

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/failure"
	"github.com/gpstorm/gpstorm/report"
	"github.com/gpstorm/gpstorm/shrink"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/kernel"
)

type shrinkOptions struct {
	*common
	fix    string
	budget int
	out    outFile
	where  where
}

func newShrinkCommand(c *common) *cobra.Command {
	o := shrinkOptions{common: c}
	cmd := &cobra.Command{
		Use:   "shrink TOKEN|FILE|SCENARIO",
		Short: "Find the smallest scenario that still fails",
		Long: `Searches for the smallest trial that fails in the same way as a given one, with the
same diagnosis and cause. The search first removes CPUs, tasks and sampling events,
then shortens times. Then it replaces the storm by a list of single interrupts, and
the preemptions of readers by a list of single ones, and removes those that do not
matter. At the end it runs the result without each of its parts.

The failure is a token, a file that --failures wrote, or a scenario that fails under
--fix. The output is a failure file too; what the search found is told in ten lines,
on stderr beside the file or, with --out, on stdout. The result does not depend on the
machine.

With --parallel, or on the workers of --nats, trials run that the search needs next
if those before them do not fail. Some of them run in vain; the result is the same.`,
		Example: `  gpstorm shrink repro2 --fix callrcu
  gpstorm shrink failures/baseline-starved-repro2.yaml --budget 5000 \
      --out small.yaml --parallel 4`,
		Args:              exactly("a token, a failure file or a scenario"),
		ValidArgsFunction: c.names.completeScenarios,
		RunE:              func(cmd *cobra.Command, args []string) error { return o.shrink(cmd, args[0]) },
	}
	c.seedFlag(cmd)
	cmd.Flags().StringVar(&o.fix, "fix", campaign.Baseline, "the candidate's `name`, for a scenario")
	cmd.Flags().IntVar(&o.budget, "budget", shrink.DefaultBudget, "how many trials the search may take")
	cmd.Flags().Var(&o.out, "out", "write to this `file` instead of stdout")
	o.where.register(cmd, c)
	cmd.Flags().Lookup("parallel").Usage = "trials at once on this machine; 0 is one after the other"
	cmd.Annotations = argumentsAre(inputScenario)
	mustComplete(cmd, "fix", c.names.completeFixes)
	return cmd
}

func (o *shrinkOptions) shrink(cmd *cobra.Command, arg string) error {
	if o.budget < 1 {
		return wrong("--budget", o.budget, "1 or more")
	}
	if err := o.where.check(); err != nil {
		return err
	}
	in := o.where.in.World
	if !in.Facts().Reproducible {
		return wrong("--world", in.Name(), "a world whose trials can be run again exactly")
	}
	t, err := o.lookup(cmd, arg)
	if err != nil {
		return badInput(err)
	}
	follow, done := shrinkProgress(cmd.ErrOrStderr(), o.quiet)
	fix, err := o.names.fixes.Find(t.Subject)
	if err != nil {
		return badInput(err)
	}
	opt := shrink.Options{Budget: o.budget, Draws: t.Draws, Progress: follow}
	failed, end, err := o.elsewhere(cmd, &t, &opt)
	if err != nil {
		return err
	}
	r, err := shrink.Minimise(t.Varied(), fix, t.Seed, opt)
	end()
	done()
	switch {
	case errors.Is(*failed, context.Canceled):
		return interrupted("; a search keeps no results")
	case *failed != nil:
		return inputOrFailure(*failed)
	case err != nil:
		return badInput(err)
	}
	small := world.Spec{Scenario: r.After, Subject: t.Subject, Seed: t.Seed, Draws: t.Draws}
	result, err := inDetail(cmd.Context(), in, small)
	if err != nil {
		return err
	}
	f := failure.Failure{Token: small.Token(kernel.Name, r.Is.Checksum), Scenario: r.After, Result: result, Notes: shrinkNotes(r)}
	write := func(w io.Writer) error {
		if o.json {
			return json.NewEncoder(w).Encode(shrunk(r, f.Token))
		}
		_, err := w.Write(f.Format())
		return err
	}
	story := &report.Shrunk{Search: r, Fix: t.Subject, Again: o.program + " replay " + f.Token.String()}
	if o.out == "" {
		if err := write(cmd.OutOrStdout()); err != nil || o.quiet {
			return err
		}
		return story.Text(cmd.ErrOrStderr(), screenOf(cmd.ErrOrStderr()))
	}
	err = writeFile("--out", o.out, write)
	if err == nil && o.json {
		return nil
	}
	if err == nil {
		story.Again = o.program + " replay " + string(o.out)
	}
	return cmp.Or(story.Text(cmd.OutOrStdout(), screenOf(cmd.OutOrStdout())), err)
}

// elsewhere has the search run its trials where the flags say. It returns where to
// find the error of a trial that failed, and what ends the place.
func (o *shrinkOptions) elsewhere(cmd *cobra.Command, t *world.Spec, opt *shrink.Options) (failed *error, end func(), err error) {
	subject, err := o.where.in.Subject(t.Subject)
	if err != nil {
		return nil, nil, badInput(err)
	}
	at, err := o.where.open(cmd, o.common, []world.Subject{subject})
	if err != nil {
		return nil, nil, err
	}
	failed = new(error)
	opt.Ahead = at.slots
	opt.Run = func(all []workload.Scenario, maxSteps uint64) ([]trial.Result, error) {
		results := make([]trial.Result, len(all))
		spec := func(i int) world.Spec {
			return world.Spec{Scenario: all[i], Subject: t.Subject, Seed: t.Seed, Draws: t.Draws}
		}
		*failed = at.wanting(world.Want{MaxSteps: maxSteps}).Execute(cmd.Context(), len(all), spec, func(i int, r trial.Result) error {
			results[i] = r
			return nil
		})
		return results, *failed
	}
	return failed, at.close, nil
}

// lookup finds what to shrink.
func (o *shrinkOptions) lookup(cmd *cobra.Command, arg string) (t world.Spec, err error) {
	ref, sc, err := o.failureOrScenario(arg)
	if err != nil {
		return t, err
	}
	if ref == nil {
		return world.Spec{Scenario: sc, Subject: o.fix, Seed: o.seed}, nil
	}
	for _, name := range []string{"fix", "seed"} {
		if cmd.Flags().Changed(name) {
			return t, wrong("--"+name, cmd.Flag(name).Value, "a scenario to shrink; a token or failure file has its own")
		}
	}
	t, w, err := o.trial(ref)
	if err == nil && w.Name() != kernel.Name {
		err = wrong("token: world", w.Name(), kernel.Name)
	}
	return t, err
}

// shrinkProgress follows a search on a terminal, in one line.
func shrinkProgress(w io.Writer, quiet bool) (follow func(int, int, string, shrink.Size), done func()) {
	if quiet || !isTerminal(w) {
		return nil, func() {}
	}
	follow = func(trials, budget int, stage string, s shrink.Size) {
		line := fmt.Sprintf("%d of %d trials, %s: %s", trials, budget, stage, sizeText(s))
		fmt.Fprint(w, "\r\x1b[K"+twwidth.Truncate(line, screenOf(w).Width-1))
	}
	return follow, func() { fmt.Fprint(w, "\r\x1b[K") }
}

func sizeText(s shrink.Size) string {
	preemptions := "any preemptions"
	if !s.AnyPreemption {
		preemptions = fmt.Sprintf("up to %d preemptions", s.Preemptions)
	}
	return fmt.Sprintf("%d CPUs, %d tasks, %d sampling events, %s, up to %d interrupts, %v", s.CPUs, s.Tasks, s.Sources, preemptions, s.Interrupts, s.Horizon)
}

// shrinkNotes returns the outcome of a search, a line each.
func shrinkNotes(r *shrink.Result) []string {
	notes := []string{
		fmt.Sprintf("shrunk in %d trials from %s", r.Trials, sizeText(r.From)),
		"to " + sizeText(r.To),
	}
	if r.Spent {
		notes = append(notes, "the budget ended the search: a larger one may find less")
	}
	if suffice := slices.Concat(r.Preemptions, r.Interrupts); len(suffice) > 0 {
		notes = append(notes, "this suffices: "+strings.Join(suffice, "; "))
	}
	for _, w := range r.Removals {
		outcome := shrink.Outcome(&w.Result)
		if w.Same {
			outcome = "it still fails the same way; " + outcome
		}
		notes = append(notes, "without "+w.What+" it "+strings.TrimPrefix(outcome, "it "))
	}
	return notes
}

// shrunkJSON is the result as one line of JSON.
type shrunkJSON struct {
	Replay      string         `json:"replay"`
	Failure     shrink.Failure `json:"failure"`
	From        shrink.Size    `json:"from"`
	To          shrink.Size    `json:"to"`
	Preemptions []string       `json:"preemptions,omitempty"`
	Interrupts  []string       `json:"interrupts,omitempty"`
	Removals    []removalJSON  `json:"removals"`
	Trials      int            `json:"trials"`
	Spent       bool           `json:"spent,omitempty"`
}

type removalJSON struct {
	What      string          `json:"what"`
	Diagnosis trial.Diagnosis `json:"diagnosis"`
	By        string          `json:"by,omitempty"`
	Hung      bool            `json:"hung"`
	Same      bool            `json:"same,omitempty"`
}

func shrunk(r *shrink.Result, token trial.Token) shrunkJSON {
	j := shrunkJSON{
		Replay: token.String(), Failure: r.Failure, From: r.From, To: r.To,
		Preemptions: r.Preemptions, Interrupts: r.Interrupts, Removals: []removalJSON{}, Trials: r.Trials, Spent: r.Spent,
	}
	for _, w := range r.Removals {
		j.Removals = append(j.Removals, removalJSON{w.What, w.Result.Diagnosis, w.Result.Why(), w.Result.Hung(), w.Same})
	}
	return j
}
