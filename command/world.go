package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/margin"
	"github.com/gpstorm/gpstorm/fixes"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/boot"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// worlds returns the worlds that run scenarios; the first is the default.
func (n *names) worlds() []world.World {
	return []world.World{kernel.New(n.fixes.Find), n.live}
}

// world finds a world by name, or returns nil and the known names.
func (n *names) world(name string) (world.World, string) {
	var all []string
	for _, w := range n.worlds() {
		if w.Name() == name {
			return w, ""
		}
		all = append(all, w.Name())
	}
	return nil, "one of " + strings.Join(all, ", ")
}

// worldFlag is the flag --world.
type worldFlag struct {
	world.World
	names *names
	boots bool // the command takes kernels for the world boot
}

func (f *worldFlag) register(cmd *cobra.Command, c *common) {
	f.World, f.names = c.names.worlds()[0], &c.names
	cmd.Flags().Var(f, "world", "where trials run: kernel, in virtual time, or live, on this machine")
}

func (f *worldFlag) want() string {
	_, want := f.names.world("")
	if f.boots {
		want += ", " + boot.Name
	}
	return want
}

// Set implements pflag.Value.
func (f *worldFlag) Set(name string) error {
	w, _ := f.names.world(name)
	if name == boot.Name && f.boots {
		w, _ = boot.New() // its kernels come when all flags are read
	}
	if w == nil {
		return errors.New("unknown world")
	}
	f.World = w
	return nil
}

// String implements pflag.Value.
func (f *worldFlag) String() string {
	if f.World == nil {
		return ""
	}
	return f.Name()
}

// Type implements pflag.Value; the help shows it.
func (f *worldFlag) Type() string { return "world" }

// checkLoad refuses an axis of loads that the world only approximates.
func (f *worldFlag) checkLoad(axis margin.Axis) error {
	if axis != margin.AxisReaders && !f.Facts().Measures.Has(world.StormShare) {
		return wrong("--world", f.Name(), "a world that measures the load of storms, for axis %s", axis)
	}
	return nil
}

// inKernel runs the trials of a campaign in the virtual kernel.
func (c *common) inKernel() *campaign.Local { return &campaign.Local{World: c.names.worlds()[0]} }

// inDetail runs one trial with its console and with the blame of every close(). A
// candidate that panics is an error, as it is in a campaign.
func inDetail(ctx context.Context, w world.World, s world.Spec) (r trial.Result, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%s: panic: %v", s, v)
		}
	}()
	return w.Run(ctx, s, world.Want{Log: true, Blame: true})
}

// subjects returns candidates as subjects of trials.
func subjects(all []fixes.Fix) (judged []world.Subject) {
	for _, f := range all {
		judged = append(judged, world.Candidate(f))
	}
	return judged
}
