package command

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/calibration"
	"github.com/gpstorm/gpstorm/campaign/margin"
	"github.com/gpstorm/gpstorm/internal/named"
	"github.com/gpstorm/gpstorm/world/kernel"
)

func newMergeCommand(c *common) *cobra.Command {
	var out outFile
	cmd := &cobra.Command{
		Use:   "merge RESULTS...",
		Short: "Join the shards of a campaign",
		Long: `Joins the results files of all shards of a campaign, in any order, into the file
that one run of the whole campaign writes, byte for byte. Without --out the results go to
stdout. Either is written whole or not at all. Results are JSON Lines.`,
		Example: `  gpstorm merge shard-*.jsonl --out results.jsonl
  gpstorm merge a.jsonl b.jsonl | tail -n +2 | jq .diagnosis | sort | uniq -c`,
		Args: atLeastOne("a results file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkFiles("results", args); err != nil {
				return err
			}
			merge := func(w io.Writer) error { return campaign.Merge(args, w) }
			if out == "" {
				return inputOrFailure(writeWhole(cmd.OutOrStdout(), merge))
			}
			return inputOrFailure(writeFile("--out", out, merge))
		},
	}
	cmd.Flags().Var(&out, "out", "write to this `file` instead of stdout")
	cmd.Annotations = argumentsAre(inputFile)
	return cmd
}

func newReportCommand(c *common) *cobra.Command {
	var f form
	var margins []string
	cmd := &cobra.Command{
		Use:   "report RESULTS...",
		Short: "Report on results that were kept",
		Long: `Sums up a results file, or all shards of a campaign, and prints the report of
evaluate. The report of an unfinished campaign, or of one shard, says so, and stderr
names the model and the build of trials that another program ran. If the controls did
not misbehave the exit code is 3. Files of another world stand beside those of the
first, in the scenarios of both: the virtual kernel and real ones, say. --margins adds
the searches of gpstorm margin for the same candidates; CSV leaves them out. Of a
directory of histograms, which FuzzStorm writes, it shows a row for each build and
subject; of the flags, --json alone goes with it.`,
		Example: `  gpstorm report results.jsonl
  gpstorm report shard-*.jsonl --markdown > report.md
  gpstorm report model.jsonl boot.jsonl --html worlds.html
  gpstorm report histograms/
  gpstorm report results.jsonl --margins margins.jsonl --html report.html`,
		Args: atLeastOne("a results file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(c.json); err != nil {
				return badInput(err)
			}
			if len(args) == 1 && isDirectory(args[0]) {
				return c.reportHistograms(cmd, args[0])
			}
			if err := cmp.Or(checkFiles("results", args), checkFiles("--margins", margins)); err != nil {
				return err
			}
			worlds, err := campaign.SummarizeWorlds(args)
			if err != nil {
				return inputOrFailure(err)
			}
			sum := worlds[0]
			var sides []calibration.Side
			for _, other := range worlds[1:] {
				side, err := calibration.SideOf(sum, other)
				if err != nil {
					return inputOrFailure(err)
				}
				sides = append(sides, side)
			}
			for _, w := range worlds {
				if other := otherProgram(&w.Head, kernel.ModelVersion, campaign.Build()); other != "" {
					c.note(cmd, "another program ran the trials of the world %s: %s", w.Head.World, other)
				}
			}
			sets, err := margin.Read(margins)
			if err != nil {
				return inputOrFailure(err)
			}
			if sets, err = margin.Of(sets, sum.Head.Fixes); err != nil {
				return inputOrFailure(err)
			}
			return cmp.Or(f.write(cmd, c, sum, sides, sets, nil), verdictError(sum))
		},
	}
	f.flags(cmd)
	cmd.Flags().StringArrayVar(&margins, "margins", nil, "a `file` from margin --json to add to the report; may be repeated")
	reads(cmd.Flags(), inputFile, "margins")
	cmd.Annotations = argumentsAre(inputFile)
	return cmd
}

// otherProgram says if another model or another build than these ran the trials.
func otherProgram(h *campaign.Head, model, build string) string {
	var differ []string
	if h.World == kernel.Name && h.Model != model {
		differ = append(differ, fmt.Sprintf("model %s, here %s", named.Show(h.Model), model))
	}
	if h.Build != build && h.Build != "" && build != "" {
		differ = append(differ, fmt.Sprintf("build %s, here %s", named.Show(h.Build), build))
	}
	return strings.Join(differ, "; ")
}
