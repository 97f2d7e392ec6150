package command

import (
	"cmp"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign/cluster"
	"github.com/gpstorm/gpstorm/world"
)

func newWorkerCommand(c *common) *cobra.Command {
	var (
		server  natsFlags
		slots   parallel
		idle    time.Duration
		metrics metricsFlag
	)
	cmd := &cobra.Command{
		Use:   "worker",
		Short: "Run trials for coordinators elsewhere",
		Long: `Connects to a server and runs trials for every coordinator there that admits it.
A worker must be the same build as the coordinator, and must compute the same
canary trials; if it differs, the coordinator refuses it and both say why.

A worker runs trials by name: scenarios and candidates of its own program. It
ends when it is interrupted, after the trials that run, or when it has had no work
for the time of --idle. A trial that takes longer than the coordinator allows ends
the worker with exit code 1.`,
		Example: `  gpstorm worker --nats nats://127.0.0.1:4222 --nats-token token.txt
  gpstorm worker --nats tls://queue.example.org:4222 --nats-creds worker.creds \
      --parallel 8`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if idle < 0 {
				return wrong("--idle", idle, "0s or more")
			}
			nc, err := server.mustConnect(cmd)
			if err != nil {
				return err
			}
			defer nc.Close()
			build, err := identity()
			if err != nil {
				return err
			}
			w := &cluster.Worker{Conn: nc, Worlds: c.names.worlds(), Build: build, Slots: cmp.Or(int(slots), runtime.GOMAXPROCS(0)), Idle: idle, Notify: c.notifier(cmd)}
			end, err := metrics.show(cmd, c, w)
			if err != nil {
				return err
			}
			defer end() //nolint:errcheck // nobody needs the metrics any more
			if err := w.Run(cmd.Context()); err != nil {
				return &world.Failure{World: "worker", Err: err}
			}
			return nil
		},
	}
	flags := cmd.Flags()
	server.register(flags)
	metrics.register(flags)
	slots.register(flags, "trials at once; 0 is one for each CPU")
	flags.DurationVar(&idle, "idle", time.Hour, "end after this time without work; 0 is never")
	return cmd
}
