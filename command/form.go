package command

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/calibration"
	"github.com/gpstorm/gpstorm/campaign/margin"
	"github.com/gpstorm/gpstorm/campaign/rare"
	"github.com/gpstorm/gpstorm/report"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// form holds the flags for the form of a report.
type form struct {
	markdown, csv    bool
	details, explain bool
	html             outFile
	ktap, junit      outFile
	step             stepSummary
}

func (f *form) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.markdown, "markdown", false, "write Markdown")
	cmd.Flags().BoolVar(&f.csv, "csv", false, "write CSV: a line for each scenario and candidate")
	cmd.Flags().BoolVar(&f.details, "details", false, "print a table for each scenario, failures and causes before the ranking")
	cmd.Flags().BoolVar(&f.explain, "explain", false, "print what each figure means before the ranking")
	cmd.Flags().Var(&f.junit, "junit", "write JUnit XML to this `file` too")
	cmd.Flags().Var(&f.ktap, "ktap", "write KTAP, which kselftest and KernelCI read, to this `file` too")
	f.step.register(cmd)
	cmd.Flags().Var(&f.html, "html", "write a page with charts to this `file` too")
}

// check refuses more than one form.
func (f *form) check(json bool) error {
	if err := f.step.check(); err != nil {
		return err
	}
	other := f.markdown || f.csv || json
	for _, c := range []choice{{"--details", f.details}, {"--explain", f.explain}} {
		if c.given && other {
			return wrong(c.flag, true, "text: the other forms have it all")
		}
	}
	return oneForm(choice{"--json", json}, choice{"--markdown", f.markdown}, choice{"--csv", f.csv})
}

// formFlags are the flags that change a report or write one more.
var formFlags = []string{"markdown", "csv", "details", "explain", "html", "junit", "ktap", "step-summary"}

// noReport refuses the flags of a report on a command line that makes no report.
func noReport(cmd *cobra.Command, want string) error {
	for _, name := range formFlags {
		if f := cmd.Flags().Lookup(name); f.Changed {
			return wrong("--"+name, f.Value, "%s", want)
		}
	}
	return nil
}

// oneForm refuses more than one form of standard output.
func oneForm(forms ...choice) error { return oneOf("one form of output", forms...) }

// write prints a report, and then writes the files beside it.
func (f *form) write(cmd *cobra.Command, c *common, sum *campaign.Summary, worlds []calibration.Side, margins []margin.Set, rates []rare.Rate, sides ...side) error {
	worlds, err := withRecordings(sum, worlds)
	if err != nil {
		return err
	}
	r := &report.Report{Summary: sum, Sides: worlds, Margins: margins, Rates: rates, Program: c.program, Again: c.again(sum, margins),
		Details: f.details, Explain: f.explain, Hint: f.hint()}
	if len(rates) > 0 {
		with := fmt.Sprintf("--rare=%d", rates[0].Size)
		if most := rates[0].MaxTrials; most > 0 {
			with += fmt.Sprintf(" --rare-limit %d", most)
		}
		r.Again.Notes = append(r.Again.Notes, fmt.Sprintf("The rates by simulation are those of the first command with %s; results files do not keep them.", with))
	}
	return cmp.Or(f.print(cmd.OutOrStdout(), c.json, r), writeSides(append(sides,
		f.html.side("--html", r.HTML), f.junit.side("--junit", r.JUnit), f.ktap.side("--ktap", r.KTAP), f.step.side(r.Markdown))...))
}

func (f *form) print(out io.Writer, json bool, r *report.Report) error {
	switch {
	case json:
		return r.JSONLines(out)
	case f.markdown:
		return r.Markdown(out)
	case f.csv:
		return r.CSV(out)
	}
	return r.Text(out, screenOf(out))
}

// withRecordings adds the recordings of real kernels that the program holds, where the
// virtual kernel ran their scenarios.
func withRecordings(sum *campaign.Summary, sides []calibration.Side) ([]calibration.Side, error) {
	if sum.Head.World != kernel.Name {
		return sides, nil
	}
	all, err := calibration.Shipped()
	if err != nil {
		return nil, err
	}
	if side, ok := calibration.RecordedSide(sum, all); ok {
		sides = append(sides, side)
	}
	return sides, nil
}

// hint names the flags that show more than the text.
func (f *form) hint() string {
	var more []string
	if !f.details {
		more = append(more, "--details for each scenario")
	}
	if !f.explain {
		more = append(more, "--explain for the legend")
	}
	if f.html == "" {
		more = append(more, "--html FILE for a page")
	}
	return strings.Join(more, ", ")
}

// inputOrFailure marks an error as bad input if an input file is wrong or missing. Any
// other error, for example of a write, stays a failure.
func inputOrFailure(err error) error {
	if errors.Is(err, campaign.ErrIncomplete) {
		err = fmt.Errorf("%w; evaluate --resume continues the file", err)
	}
	if input := (*campaign.InputError)(nil); errors.As(err, &input) || errors.Is(err, fs.ErrNotExist) {
		return badInput(err)
	}
	return err
}
