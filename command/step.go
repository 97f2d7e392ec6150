package command

import (
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"
)

// stepVariable names the file to which a step of GitHub Actions appends its summary.
const stepVariable = "GITHUB_STEP_SUMMARY"

func stepFlag(cmd *cobra.Command, step *bool) {
	cmd.Flags().BoolVar(step, "step-summary", false, "append Markdown to the file that $"+stepVariable+" names too, the summary of a step of GitHub Actions")
}

// checkStep refuses the flag outside of GitHub Actions.
func checkStep(step bool) error {
	if step && os.Getenv(stepVariable) == "" {
		return wrong("--step-summary", true, "$%s, which GitHub Actions sets", stepVariable)
	}
	return nil
}

// writeStep appends to the summary of the step.
func writeStep(step bool, write func(io.Writer) error) error {
	if !step {
		return nil
	}
	f, err := os.OpenFile(os.Getenv(stepVariable), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
