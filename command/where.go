package command

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/cluster"
	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/boot"
)

// where holds the flags for the machines on which the trials of a campaign run.
type where struct {
	natsFlags
	in       worldFlag
	kernels  kernelFlags
	parallel parallel
	replicas int
	local    localWorkers
	metrics  metricsFlag
	finished *finished // of boots; nil if nothing is kept
}

func (o *where) register(cmd *cobra.Command, c *common) {
	flags := cmd.Flags()
	o.in.register(cmd, c)
	o.parallel.register(flags, "trials at once on this machine; 0 is one for each CPU")
	o.natsFlags.register(flags)
	flags.IntVar(&o.replicas, "nats-replicas", 1, "how many servers of the cluster keep each message: 1, 3 or 5")
	o.metrics.register(flags)
	flags.Var(&o.local, "workers", "try a cluster on this machine: local:`N` workers and a server, all in this process")
}

// check refuses flags that are wrong or exclude each other.
func (o *where) check() error {
	if o.replicas != 1 && o.replicas != 3 && o.replicas != 5 {
		return wrong("--nats-replicas", o.replicas, "1, 3 or 5")
	}
	if o.replicas > 1 && o.url == "" {
		return wrong("--nats-replicas", o.replicas, "--nats, the cluster that it is for")
	}
	if o.metrics != "" && o.url == "" && o.local == 0 {
		return wrong("--metrics", string(o.metrics), "--nats or --workers: these are metrics of a cluster")
	}
	if err := o.natsFlags.check(); err != nil {
		return err
	}
	return oneOf("one place to run trials",
		choice{"--parallel", o.parallel > 0}, choice{"--nats", o.url != ""}, choice{"--workers", o.local > 0})
}

// world returns the world of real kernels, or nil if the flags name another.
func (o *where) world() (*boot.World, error) {
	w, err := o.kernels.world(&o.in)
	if w != nil && (o.url != "" || o.local > 0) {
		return nil, wrong("--world", boot.Name, "another world for a cluster: workers have no kernels")
	}
	return w, err
}

// place is where trials run. It must be closed.
type place struct {
	campaign.Executor
	wanting func(world.Want) campaign.Executor // the same for trials that record more
	slots   func() int                         // trials that can run in parallel
	live    func() string                      // its state in a few words
	close   func()
}

// open prepares the machines. Workers must prove that they have the subjects of the
// campaign.
func (o *where) open(cmd *cobra.Command, c *common, subjects []world.Subject) (*place, error) {
	here := func(want world.Want) campaign.Executor {
		if w, ok := o.in.World.(*boot.World); ok {
			return &boots{booting: w, parallel: int(o.parallel), finished: o.finished, want: want}
		}
		return &campaign.Local{World: o.in.World, Parallel: int(o.parallel), Want: want}
	}
	if o.url == "" && o.local == 0 {
		return &place{here(world.Want{}), here, func() int { return int(o.parallel) }, nil, func() {}}, nil
	}
	p, err := o.cluster(cmd, c, subjects)
	if err != nil && !errors.As(err, new(*exitError)) {
		err = &world.Failure{World: o.in.Name(), Err: err}
	}
	return p, err
}

func (o *where) cluster(cmd *cobra.Command, c *common, subjects []world.Subject) (_ *place, err error) {
	var closing []func() error // in the order of opening
	closeAll := func() {
		for i := len(closing) - 1; i >= 0; i-- {
			// The results are complete, so the loss of a server is no failure.
			if err := closing[i](); err != nil {
				c.note(cmd, "%s", oneLine(err))
			}
		}
		closing = nil
	}
	defer func() {
		if err != nil {
			closeAll()
		}
	}()
	cfg := cluster.Config{World: o.in.World, Replicas: o.replicas, InMemory: o.local > 0, Notify: c.notifier(cmd)}
	if cfg.Build, err = identity(); err != nil {
		return nil, err
	}
	cfg.Canaries = canaries(subjects)

	connect := func() (*nats.Conn, error) { return o.connect(cmd.CommandPath()) }
	if o.local > 0 {
		server, err := cluster.Serve(cluster.ServerConfig{})
		if err != nil {
			return nil, err
		}
		closing = append(closing, server.Shutdown)
		connect = func() (*nats.Conn, error) { return server.Connect(cmd.CommandPath()) }
	}
	for range o.local {
		end, err := o.startWorker(c, cfg.Build, connect)
		if err != nil {
			return nil, err
		}
		closing = append(closing, end)
	}
	nc, err := connect()
	if err != nil {
		return nil, err
	}
	closing = append(closing, func() error { nc.Close(); return nil })
	ex, err := cluster.Open(cmd.Context(), nc, cfg)
	if err != nil {
		return nil, err
	}
	closing = append(closing, ex.Close)
	end, err := o.metrics.show(cmd, c, ex)
	if err != nil {
		return nil, err
	}
	closing = append(closing, end)
	slots := func() int { return ex.Session().Slots }
	return &place{ex, ex.Wanting, slots, func() string { return liveText(ex.Session()) }, closeAll}, nil
}

// startWorker starts a worker in this process. The function ends it.
func (o *where) startWorker(c *common, build string, connect func() (*nats.Conn, error)) (end func() error, err error) {
	nc, err := connect()
	if err != nil {
		return nil, err
	}
	// Not the context of the command: workers outlive an interrupt until the
	// coordinator has ended.
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	w := &cluster.Worker{Conn: nc, Worlds: c.names.worlds(), Build: build, Slots: 1}
	go func() { done <- w.Run(ctx) }()
	return func() error {
		cancel()
		err := <-done
		nc.Close()
		return err
	}, nil
}

// canaries returns a short trial of each subject.
func canaries(subjects []world.Subject) (specs []world.Spec) {
	calm, ok := workload.Preset(campaign.Calm)
	if !ok {
		panic("no preset " + campaign.Calm)
	}
	for _, s := range subjects {
		specs = append(specs, world.Spec{Scenario: calm, Variation: 1, Subject: s.Name, Seed: seed.Hash(s.Name) >> 11})
	}
	return specs
}

// liveText describes a coordinator in a few words, for a progress bar.
func liveText(s cluster.Session) string {
	text := fmt.Sprintf("trials, %d workers", s.Workers)
	if s.Retries > 0 {
		text += fmt.Sprintf(", %d retries", s.Retries)
	}
	return text
}

// notifier returns a function that prints lines from any goroutine, unless --quiet is set.
func (c *common) notifier(cmd *cobra.Command) func(string) {
	var mu sync.Mutex
	return func(line string) {
		mu.Lock()
		defer mu.Unlock()
		c.note(cmd, "%s", line)
	}
}
