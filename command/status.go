package command

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign/cluster"
)

func newStatusCommand(c *common) *cobra.Command {
	var server natsFlags
	var within time.Duration
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the coordinators, workers and queue of a server",
		Long: `Asks every coordinator and worker of a server for its state, and prints those that
answer within the time of --within: trials done, rates, retries, time left, and
which workers were refused and why.`,
		Example: `  gpstorm status --nats nats://127.0.0.1:4222
  gpstorm status --nats nats://127.0.0.1:4222 --json | jq .workers`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if within <= 0 {
				return wrong("--within", within, "a time above 0s")
			}
			nc, err := server.mustConnect(cmd)
			if err != nil {
				return err
			}
			defer nc.Close()
			st, err := cluster.Ask(cmd.Context(), nc, within)
			if err != nil {
				return err
			}
			if c.json {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(st)
			}
			return showStatus(cmd.OutOrStdout(), st)
		},
	}
	server.register(cmd.Flags())
	cmd.Flags().DurationVar(&within, "within", time.Second, "how long to wait for answers")
	return cmd
}

func showStatus(w io.Writer, st *cluster.Status) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "queue: %d messages, %.1f MB\n\n", st.Queued, float64(st.Bytes)/1e6)
	fmt.Fprintln(t, "COORDINATOR\tWORLD\tTRIALS\tTRIALS/S\tLEFT\tWORKERS\tAT ONCE\tRETRIES\tDUPLICATES\tREJECTED\tREFUSED")
	for _, s := range st.Sessions {
		fmt.Fprintf(t, "%s\t%s\t%d of %d\t%.1f\t%s\t%d\t%d\t%d\t%d\t%d\t%d\n",
			s.ID, s.World, s.Done, s.Total, s.Rate, left(&s), s.Workers, s.Slots, s.Retries, s.Duplicates, s.Rejected, s.Refused)
	}
	fmt.Fprintln(t, "\nWORKER\tBUILD\tRUNNING\tTRIALS\tSTATE")
	for _, k := range st.Workers {
		state := fmt.Sprintf("admitted by %d", len(k.Sessions))
		for _, id := range slices.Sorted(maps.Keys(k.Refused)) {
			state += fmt.Sprintf("; refused by %s: %s", id, k.Refused[id])
		}
		fmt.Fprintf(t, "%s\t%s\t%d of %d\t%d\t%s\n", k.Name, k.Build, k.Running, k.Slots, k.Trials, state)
	}
	if st.Unread > 0 {
		fmt.Fprintf(t, "\nanswers of builds with other messages: %d\n", st.Unread)
	}
	return t.Flush()
}

// left returns the remaining time of an execution at its rate so far.
func left(s *cluster.Session) string {
	if s.Rate <= 0 || s.Done >= s.Total {
		return "-"
	}
	return (time.Duration(float64(s.Total-s.Done)/s.Rate) * time.Second).String()
}
