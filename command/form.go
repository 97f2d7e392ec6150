package command

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/report"
)

// form is how a summary is shown.
type form struct {
	markdown, csv bool
	html          outFile
}

func (f *form) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.markdown, "markdown", false, "write Markdown")
	cmd.Flags().BoolVar(&f.csv, "csv", false, "write CSV: a line for each scenario and candidate")
	cmd.Flags().Var(&f.html, "html", "write a page with charts to this `file` too")
}

// check wants one form at most.
func (f *form) check(json bool) error {
	if (json && f.markdown) || (json && f.csv) || (f.markdown && f.csv) {
		return errors.New("more than one form asked for, want one of --json, --markdown, --csv")
	}
	return nil
}

func (f *form) write(cmd *cobra.Command, sum *campaign.Summary, json bool) error {
	if f.html != "" {
		if err := writeFile(f.html, func(w io.Writer) error { return report.HTML(w, sum) }); err != nil {
			return err
		}
	}
	out := cmd.OutOrStdout()
	switch {
	case json:
		return report.JSONLines(out, sum)
	case f.markdown:
		return report.Markdown(out, sum)
	case f.csv:
		return report.CSV(out, sum)
	}
	return report.Text(out, sum)
}

// writeFile writes a file whole or not at all: beside its place first, then
// renamed into it.
func writeFile(to outFile, write func(io.Writer) error) (err error) {
	path := string(to)
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err := write(f); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// inputOrFailure tells a file that is wrong, or is not there, from one that
// cannot be written.
func inputOrFailure(err error) error {
	if input := (*campaign.InputError)(nil); errors.As(err, &input) || errors.Is(err, fs.ErrNotExist) {
		return badInput(err)
	}
	return err
}
