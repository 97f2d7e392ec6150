package command

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign/cluster"
)

func newCorpusCommand(c *common) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "corpus",
		Short: "Share the corpus of go test -fuzz between machines",
		Long: `Keeps the inputs of fuzz targets on a server (serve, or a NATS cluster), so that
many machines that fuzz have what one of them found. An input is there once, by its
content. DIR has a directory for each target, as the cache of go test has:
$(go env GOCACHE)/fuzz/github.com/gpstorm/gpstorm/fuzz. Pull before go test -fuzz and
push after it, as often as you like. An input has 1 MiB at most, all together 512 MiB.`,
		Example: `  gpstorm corpus pull "$(go env GOCACHE)/fuzz/github.com/gpstorm/gpstorm/fuzz" \
      --nats nats://10.0.0.1:4222
  gpstorm corpus push "$(go env GOCACHE)/fuzz/github.com/gpstorm/gpstorm/fuzz" \
      --nats nats://10.0.0.1:4222`,
		Args: knownSubcommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newCorpusMoveCommand(c, "push DIR", "Store the inputs of a directory on a server", "pushed", (*cluster.Corpus).Push),
		newCorpusMoveCommand(c, "pull DIR", "Write the inputs of a server into a directory", "pulled", (*cluster.Corpus).Pull),
	)
	return cmd
}

// newCorpusMoveCommand makes the command that moves inputs one way.
func newCorpusMoveCommand(c *common, use, short, done string, move func(*cluster.Corpus, context.Context, string) (cluster.Moved, error)) *cobra.Command {
	var server natsFlags
	var replicas int
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  exactly("a directory"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if replicas != 1 && replicas != 3 && replicas != 5 {
				return wrong("--nats-replicas", replicas, "1, 3 or 5")
			}
			if info, err := os.Stat(args[0]); err == nil && !info.IsDir() || err != nil && done == "pushed" {
				return wrong("directory", args[0], "a directory that exists")
			}
			nc, err := server.mustConnect(cmd)
			if err != nil {
				return err
			}
			defer nc.Close()
			corpus, err := cluster.OpenCorpus(cmd.Context(), nc, replicas)
			if err != nil {
				return err
			}
			m, err := move(corpus, cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if c.json {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(m)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s %d inputs; %d were there already, %d are no inputs\n", done, m.Moved, m.Known, m.Refused)
			return err
		},
	}
	server.register(cmd.Flags())
	cmd.Flags().IntVar(&replicas, "nats-replicas", 1, "how many servers of the cluster keep a corpus that is made: 1, 3 or 5")
	return cmd
}
