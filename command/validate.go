package command

import (
	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign/calibration"
	"github.com/gpstorm/gpstorm/report"
)

func newValidateCommand(c *common) *cobra.Command {
	return &cobra.Command{
		Use:   "validate",
		Short: "Compare the virtual kernel with measured kernels",
		Long: `Linux 6.19.14 and 7.0.13 were measured in a number of setups. This command runs
the same setups in the virtual kernel, with the candidates v6.19 and baseline, and
prints the model's figures beside the measured ones, with their ratio and the band
for it. A seed stands for a boot; the seeds are always the same.

Exit codes: 0 all figures are within their bands; 1 some are not.`,
		Example: `  gpstorm validate
  gpstorm validate --json | jq 'select(.within | not)'`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := calibration.Run(cmd.Context(), c.inKernel())
			if err != nil {
				return err
			}
			write := report.ValidationText
			if c.json {
				write = report.ValidationJSON
			}
			if err := write(cmd.OutOrStdout(), v); err != nil {
				return err
			}
			if v.Outside() > 0 {
				return &exitError{code: exitFailure}
			}
			return nil
		},
	}
}
