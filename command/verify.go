package command

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/certificate"
	"github.com/gpstorm/gpstorm/world"
)

type verifyOptions struct {
	*common
	replicates int
	parallel   parallel
}

func newVerifyCommand(c *common) *cobra.Command {
	o := verifyOptions{common: c}
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "Run a sample of a certificate again and compare",
		Long: `Reads a certificate (certify --json). Its outcome must follow from the evidence in it.
Then verify tests the controls and the planted bugs again, searches the cases of the
order world, and runs again some replicates of each estimate, which --seed chooses.
Each must come out exactly as certified.

Exit codes: 0 as certified; 1 something came out differently, or does not follow; 2 bad
input; 3 the certificate is of another model, or no certificate of anything.`,
		Example: `  gpstorm verify certificate.json
  gpstorm verify certificate.json --replicates 10`,
		Args: exactly("a certificate"),
		RunE: func(cmd *cobra.Command, args []string) error { return o.verify(cmd, args[0]) },
	}
	cmd.Annotations = argumentsAre(inputFile)
	c.seedFlag(cmd)
	flags := cmd.Flags()
	flags.IntVar(&o.replicates, "replicates", 1, "how many replicates of each estimate to run again")
	o.parallel.register(flags, "trials at once; 0 is one for each CPU")
	return cmd
}

func (o *verifyOptions) verify(cmd *cobra.Command, path string) error {
	if o.replicates < 1 {
		return wrong("--replicates", o.replicates, "1 or more")
	}
	b, err := readFile("certificate", path)
	if err != nil {
		return err
	}
	c, err := certificate.Read(b)
	if err != nil {
		return inputf("%s: %w", path, err)
	}
	w, want := o.names.world(c.World)
	if w == nil {
		return wrong(path+": world", c.World, "%s", want)
	}
	if m := w.Facts().Model; m != c.Model {
		return undecided("%s: model: %s: want %s, that of this program", path, c.Model, m)
	}
	if build := campaign.Build(); build != c.Build {
		o.note(cmd, "build %q made the certificate, this is build %q", c.Build, build)
	}
	if c.Outcome == certificate.Refused || len(c.Parts) == 0 {
		return undecided("%s: it certifies nothing: %s", path, c.Outcome)
	}
	if err := c.Check(); err != nil {
		return &exitError{exitFailure, fmt.Errorf("%s: %w", path, err)}
	}
	differs, err := o.compare(cmd, c, w)
	if errors.Is(err, context.Canceled) {
		return interrupted("")
	}
	if err != nil {
		return inputOrFailure(err)
	}
	if differs > 0 {
		return &exitError{code: exitFailure}
	}
	return nil
}

// compare prints a line for each rerun, and counts those that differ from the certificate.
func (o *verifyOptions) compare(cmd *cobra.Command, c *certificate.Certificate, w world.World) (differs int, err error) {
	out, ctx := cmd.OutOrStdout(), cmd.Context()
	line := func(same bool, format string, args ...any) {
		word := "as certified"
		if !same {
			word = "NOT as certified"
			differs++
		}
		fmt.Fprintf(out, format+": "+word+"\n", args...)
	}
	fmt.Fprintf(out, "outcome %s: follows from the evidence\n", c.Outcome)
	ex := &campaign.Local{World: w, Parallel: int(o.parallel)}
	again := certifyOptions{common: &common{names: o.names, seed: c.Claim.Seed}, claim: c.Claim}
	checks, err := again.runControls(ctx, ex, ex.World)
	if err != nil {
		return 0, err
	}
	for i, check := range checks {
		line(i < len(c.Controls) && c.Controls[i] == check, "control %s %s: %s", check.Fix, check.Required, check.Seen)
	}
	planted, err := again.planted(ctx)
	if err != nil {
		return 0, err
	}
	caught := 0
	same := len(planted) == len(c.Planted)
	for i, p := range planted {
		same = same && p == c.Planted[i]
		if p.Caught {
			caught++
		}
	}
	line(same, "planted bugs: %d of %d caught", caught, len(planted))
	line(slices.Equal(again.explored(ctx), c.Order), "order world: %d cases", len(c.Order))
	ex.Want = world.Want{Draws: true}
	for i := range c.Parts {
		n := 1
		if e := c.Parts[i].Estimate; e != nil {
			n = min(o.replicates, len(e.Replicates))
		}
		for r := range n {
			same, what, err := c.Sample(ctx, i, int(o.seed%1000)+r, ex)
			if err != nil {
				return 0, err
			}
			line(same, "%s", what)
		}
	}
	return differs, ctx.Err()
}
