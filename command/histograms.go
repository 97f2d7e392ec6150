package command

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign/histogram"
	"github.com/gpstorm/gpstorm/report"
)

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// reportHistograms shows the measurements in a directory of histograms.
func (c *common) reportHistograms(cmd *cobra.Command, dir string) error {
	const want = "results, not a directory of histograms"
	if err := noReport(cmd, want); err != nil {
		return err
	}
	if f := cmd.Flags().Lookup("margins"); f.Changed {
		return wrong("--margins", f.Value, want)
	}
	rows, err := histogram.Read(dir)
	if err != nil {
		return badInput(err)
	}
	if c.json {
		return report.HistogramJSON(cmd.OutOrStdout(), rows)
	}
	return report.HistogramText(cmd.OutOrStdout(), screenOf(cmd.OutOrStdout()), rows)
}
