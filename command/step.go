package command

import (
	"errors"
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"
)

// stepVariable names the file to which a step of GitHub Actions appends its summary.
const stepVariable = "GITHUB_STEP_SUMMARY"

// stepSummary is a flag to append to that file.
type stepSummary bool

func (s *stepSummary) register(cmd *cobra.Command) {
	cmd.Flags().VarPF(s, "step-summary", "", "append Markdown to the file that $"+stepVariable+" names too, the summary of a step of GitHub Actions").NoOptDefVal = "true"
}

// Set is part of pflag.Value.
func (s *stepSummary) Set(text string) error {
	on, err := strconv.ParseBool(text)
	*s = stepSummary(on)
	return err
}

// String is part of pflag.Value.
func (s *stepSummary) String() string { return strconv.FormatBool(bool(*s)) }

// Type is part of pflag.Value.
func (s *stepSummary) Type() string { return "bool" }

// IsBoolFlag tells pflag that the flag needs no value.
func (s *stepSummary) IsBoolFlag() bool { return true }

func (s *stepSummary) paths() []string {
	if !*s {
		return nil
	}
	return []string{os.Getenv(stepVariable)}
}

// check refuses the flag outside of GitHub Actions.
func (s stepSummary) check() error {
	if s && os.Getenv(stepVariable) == "" {
		return wrong("--step-summary", true, "$%s, which GitHub Actions sets", stepVariable)
	}
	return nil
}

// side appends to the summary of the step, a whole text or nothing.
func (s stepSummary) side(write func(io.Writer) error) side {
	if !s {
		return nil
	}
	return func() error {
		path := os.Getenv(stepVariable)
		return unwritable("--step-summary", outFile(path), path, appendWhole(path, write))
	}
}

func appendWhole(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		if err = write(f); err != nil && info.Mode().IsRegular() {
			err = errors.Join(err, f.Truncate(info.Size()))
		}
	}
	return errors.Join(err, f.Close())
}
