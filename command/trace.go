package command

import (
	"cmp"
	"context"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gpstorm/gpstorm/report/timeline"
	"github.com/gpstorm/gpstorm/repro"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/kernel"
)

// traceOptions are the flags of run and replay that show the course of a trial
// instead of its outcome.
type traceOptions struct {
	trace, ftrace outFile
	window        string
	dmesg         bool
	recorded      *timeline.Recorder
	cpus          int
}

func (o *traceOptions) flags(flags *pflag.FlagSet) {
	flags.Var(&o.trace, "trace", "write a timeline for ui.perfetto.dev to this `file`: Perfetto's protobuf, or JSON if its name ends in .json")
	flags.Var(&o.ftrace, "ftrace", "write the trial as ftrace has it to this `file`: trace.dat for trace-cmd and KernelShark if its name ends in .dat, or text")
	flags.StringVar(&o.window, "window", "", "the time in which --trace and --ftrace show each interrupt and switch, `10s-12s` say (default the first second of the first close)")
	flags.BoolVar(&o.dmesg, "dmesg", false, "print the kernel's console and nothing else")
}

// bounds reads --window.
func (o *traceOptions) bounds() (from, until time.Duration, err error) {
	if o.window == "" {
		return 0, 0, nil
	}
	if o.trace == "" && o.ftrace == "" {
		return 0, 0, wrong("--window", o.window, "--trace or --ftrace beside it")
	}
	a, b, ok := strings.Cut(o.window, "-")
	from, errFrom := time.ParseDuration(a)
	until, errUntil := time.ParseDuration(b)
	if !ok || errFrom != nil || errUntil != nil || from < 0 || until <= from {
		return 0, 0, wrong("--window", o.window, "two times, the second one later, 10s-12s say")
	}
	return from, until, nil
}

// run runs a trial, records its timeline, and adds its token to the result.
func (o *traceOptions) run(ctx context.Context, c *common, w world.World, t world.Spec) (r trial.Result, err error) {
	from, until, err := o.bounds()
	if err != nil {
		return r, badInput(err)
	}
	if filepath.Ext(string(o.trace)) == ".dat" {
		return r, wrong("--trace", string(o.trace), "--ftrace for trace.dat")
	}
	if o.trace == "" && o.ftrace == "" {
		r, err = inDetail(ctx, w, t)
		r.Replay = t.Token(w.Name(), r.Checksum).String()
		return r, err
	}
	if w.Name() != kernel.Name {
		return r, wrong("--world", w.Name(), "%s, for --trace and --ftrace", kernel.Name)
	}
	fix, err := c.names.fixes.Find(t.Subject)
	if err != nil {
		return r, badInput(err)
	}
	rec := timeline.NewRecorder(t.Scenario.Horizon, from, until)
	r = kernel.Run(t.Varied(), fix, t.Seed, kernel.Options{Log: true, Blame: true, Draws: t.Draws, Trace: rec})
	t.Label(&r)
	r.Replay = t.Token(w.Name(), r.Checksum).String()
	o.recorded, o.cpus = rec, t.Scenario.Machine.CPUs
	return r, nil
}

// sides writes the timelines, and says what opens them.
func (o *traceOptions) sides(note func(string)) []side {
	timelineOf := func(flag string, to outFile, write func(io.Writer) error, opener string) side {
		s := to.side(flag, write)
		if s == nil {
			return nil
		}
		return func() error {
			err := s()
			if err == nil {
				note(string(to) + opener)
			}
			return err
		}
	}
	perfetto := timeline.Protobuf
	if filepath.Ext(string(o.trace)) == ".json" {
		perfetto = timeline.Perfetto
	}
	ftrace, opener := timeline.Ftrace, ": ftrace text, for less, or for Perfetto as well"
	if filepath.Ext(string(o.ftrace)) == ".dat" {
		ftrace, opener = timeline.TraceDat, ": open it with kernelshark, or print it with trace-cmd report"
	}
	return []side{
		timelineOf("--trace", o.trace, func(w io.Writer) error { return perfetto(w, o.recorded) }, ": open it at https://ui.perfetto.dev (nothing is uploaded)"),
		timelineOf("--ftrace", o.ftrace, func(w io.Writer) error { return ftrace(w, o.recorded, o.cpus) }, opener),
	}
}

// check refuses --dmesg with another form of output.
func (o *traceOptions) check(c *common, w world.World, log bool) error {
	if (o.dmesg || log) && !w.Facts().Measures.Has(world.Console) {
		return wrong("--world", w.Name(), "a world with a console, for --dmesg and --log")
	}
	if o.dmesg && (c.json || log) {
		return wrong("--dmesg", true, "neither --json nor --log beside it")
	}
	return nil
}

// show prints the outcome of a trial, or only its console, and then writes the timelines.
func (o *traceOptions) show(cmd *cobra.Command, c *common, f world.Facts, log bool, r trial.Result) (err error) {
	if o.dmesg {
		err = showConsole(cmd, &r)
	} else {
		err = showTrial(cmd, c, f, log, r)
	}
	return cmp.Or(err, writeSides(o.sides(func(line string) { c.note(cmd, "%s", line) })...))
}

// showConsole prints the console in the form of dmesg.
func showConsole(cmd *cobra.Command, r *trial.Result) error {
	_, err := io.WriteString(cmd.OutOrStdout(), repro.Console(r))
	return err
}
