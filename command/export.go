package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/report"
	"github.com/gpstorm/gpstorm/repro/export"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
)

// exportOptions are the flags of export.
type exportOptions struct {
	*common
	boot, c, rcutorture bool
	out                 outText
	fix                 string
	trials              int
	perHour             float64
}

func newExportCommand(c *common) *cobra.Command {
	o := exportOptions{common: c, trials: 40}
	cmd := &cobra.Command{
		Use:   "export SCENARIO|TOKEN|FILE",
		Short: "Write a scenario as a C program, a QEMU case or an rcutorture run",
		Long: `export makes something for real kernels of a preset, a scenario's file, a token
or a failure file: one of

  --c           a program in C that makes the situation on the machine that runs
                it, for a bounded time, and prints how long each close() took
  --boot        the scenario as a case for --world boot, or the first field that
                real kernels in QEMU cannot express
  --rcutorture  what to boot rcutorture with, so that it exercises what the closes
                wait for, and for how long. The rate of hangs is counted in --trials
                variations in the virtual kernel

What a program makes differently from the scenario is said at its head and on
standard error.`,
		Example: `  gpstorm export repro2 --c --out repro.c \
      && gcc -O2 -Wall -Wextra -pthread -o repro repro.c
  gpstorm export boot-hrtimer-95 --boot --out case.yaml
  gpstorm export heavy --rcutorture`,
		Args:              exactly("a scenario, a token or a file"),
		ValidArgsFunction: c.names.completeScenarios,
		RunE:              func(cmd *cobra.Command, args []string) error { return o.run(cmd, args[0]) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.boot, "boot", false, "a case for real kernels in QEMU")
	flags.BoolVar(&o.c, "c", false, "a program in C")
	flags.BoolVar(&o.rcutorture, "rcutorture", false, "an rcutorture run")
	flags.Var(&o.out, "out", "write to this `file` (default standard output)")
	flags.StringVar(&o.fix, "fix", campaign.Baseline, "of --rcutorture: the candidate's `name`")
	flags.IntVar(&o.trials, "trials", o.trials, "of --rcutorture: how many variations to run")
	flags.Float64Var(&o.perHour, "per-hour", 0, "of --rcutorture: how many closes an hour has (default as many as in the scenario)")
	cmd.Annotations = argumentsAre(inputScenario)
	return cmd
}

func (o *exportOptions) run(cmd *cobra.Command, arg string) error {
	forms := 0
	for _, on := range []bool{o.boot, o.c, o.rcutorture} {
		if on {
			forms++
		}
	}
	switch {
	case forms != 1:
		return inputf("export: want one of --boot, --c, --rcutorture")
	case o.trials < 1 || o.trials > world.MaxVariations:
		return wrong("--trials", o.trials, "1 to %d", world.MaxVariations)
	case !(o.perHour >= 0 && o.perHour <= 1e9):
		return wrong("--per-hour", o.perHour, "0 to 1e9")
	case o.json && !o.rcutorture:
		return wrong("--json", true, "--rcutorture beside it")
	}
	t, from, err := o.subject(arg)
	if err != nil {
		return err
	}
	var text []byte
	switch sc := t.Varied(); {
	case o.boot:
		text, err = export.Boot(sc)
		if err == nil {
			text = fmt.Appendf(nil, "# %s, as a case for real kernels in QEMU:\n#   %s run FILE --world boot --kernel base=7.0.13 --log\n%s", from, o.program, text)
		}
	case o.c:
		var notes []string
		text, notes, err = export.C(sc, fmt.Sprintf("%s, as a program. Made by %s export.", from, o.program))
		for _, n := range notes {
			if err == nil {
				o.note(cmd, "%s", n)
			}
		}
	default:
		text, err = o.torture(cmd.Context(), t)
	}
	if errors.Is(err, context.Canceled) {
		return interrupted("; an rcutorture run needs all of its trials")
	}
	if err != nil {
		return badInput(err)
	}
	return writeTo(cmd, "--out", o.out, text)
}

// subject finds the trial to export and describes it.
func (o *exportOptions) subject(arg string) (t world.Spec, from string, err error) {
	ref, sc, err := o.failureOrScenario(arg)
	if err != nil {
		return t, "", err
	}
	if ref != nil {
		if t, _, err = o.trial(ref); err != nil {
			return t, "", err
		}
		return t, fmt.Sprintf("The trial of %s, variation %d, under %s, seed %d", t.Scenario.Name, t.Variation, t.Subject, t.Seed), nil
	}
	return world.Spec{Scenario: sc, Subject: o.fix, Seed: o.seed}, "Scenario " + sc.Name, nil
}

// torture returns the run of rcutorture that exercises the grace periods of the closes.
func (o *exportOptions) torture(ctx context.Context, t world.Spec) ([]byte, error) {
	fix, err := o.names.fixes.Find(t.Subject)
	if err != nil {
		return nil, err
	}
	sc := t.Scenario
	r, err := export.Rcutorture(ctx, sc, fix, t.Seed, o.trials, o.perHour)
	if errors.Is(err, export.ErrNoWait) {
		return nil, fmt.Errorf("scenario %s: %w", sc.Name, err)
	}
	if err != nil {
		return nil, err
	}
	if o.json {
		b, err := json.Marshal(struct {
			export.Torture
			Seconds     int64 `json:"seconds,omitempty"`
			SecondsMost int64 `json:"seconds_most,omitempty"`
		}{r, seconds(r.Duration(r.Needed)), seconds(r.Duration(r.NeededMost))})
		return append(b, '\n'), err
	}
	var b bytes.Buffer
	tortureText(&b, &sc, &r)
	return b.Bytes(), nil
}

func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// tortureLeast is the least time of a run, since rcutorture takes a while to start its
// threads.
const tortureLeast = 10 * time.Minute

func tortureText(w io.Writer, sc *workload.Scenario, r *export.Torture) {
	say := func(format string, args ...any) {
		fmt.Fprint(w, fit(report.Screen{}, fmt.Sprintf(format, args...)))
	}
	say("%s under %s: %d of %d closes took the hung-task timeout or longer, in %d trials of the virtual kernel\n", sc.Name, r.Fix, r.Hung, r.Closes, r.Trials)
	long := tortureLeast
	if r.Hung == 0 {
		say("rate     none seen, up to %.3g a close is not excluded (exact, 95 %%, for independent closes): no duration follows from it\n", r.Rate.Hi)
	} else {
		p := float64(r.Hung) / float64(r.Closes)
		say("rate     p = %.3g a close (%.3g to %.3g, exact, 95 %%, for independent closes; those of one trial are not)\n", p, r.Rate.Lo, r.Rate.Hi)
		say("closes   n = ln(1 - 0.99) / ln(1 - p) = %d show one with a probability of 99 %% (%d at the low end of the rate)\n", r.Needed, r.NeededMost)
		say("time     n / %.3g closes an hour = %v (%v)\n", r.PerHour, r.Duration(r.Needed).Round(time.Second), r.Duration(r.NeededMost).Round(time.Second))
		long = max(long, r.Duration(r.NeededMost))
	}
	minutes := int64((long + time.Minute - 1) / time.Minute)
	for i := range r.Runs {
		run := &r.Runs[i]
		args := strings.Join(run.Args, " ")
		say("\n%s:\n", run.Why)
		fmt.Fprintf(w, "  boot   %s rcutorture.shutdown_secs=%d\n", args, 60*minutes)
		fmt.Fprintf(w, "  or     tools/testing/selftests/rcutorture/bin/kvm.sh --cpus %d --configs %s --duration %d --bootargs \"%s\"\n", sc.Machine.CPUs, run.Config, minutes, args)
	}
	say("\nThe rate of a close() is not a rate of rcutorture: a close() waits for readers\nthat happen to be there, rcutorture's writer for readers that it makes itself.\nSo the time is a start, and a run without a failure says nothing of close().\nAt least %v are taken.\n", tortureLeast)
}
