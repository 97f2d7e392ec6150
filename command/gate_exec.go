package command

import (
	"cmp"
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/campaign/gate"
	"github.com/gpstorm/gpstorm/report"
	"github.com/gpstorm/gpstorm/seed"
)

// exitSkip is the exit code of a command that could not test anything, as git bisect
// run has it. A shell that cannot start a command exits with a higher one.
const exitSkip = 125

// execGate gates a command instead of a candidate.
type execGate struct {
	command, control string
}

func (e *execGate) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&e.command, "exec", "", "gate this shell `command` instead of a candidate")
	cmd.Flags().StringVar(&e.control, "control", "", "with --exec: a shell `command` that must fail")
}

// check refuses flags that have no meaning for a command.
func (e *execGate) check(cmd *cobra.Command) error {
	if e.command == "" {
		if e.control != "" {
			return wrong("--control", e.control, "--exec beside it")
		}
		return nil
	}
	for _, name := range []string{"fix", "scenario", "world", "min-margin", "margin-axis", "margin-level", "margin-scenario", "no-unsafe", "parallel", "kernel", "nats", "workers"} {
		if f := cmd.Flags().Lookup(name); f != nil && f.Changed {
			return wrong("--"+name, f.Value, "none beside --exec")
		}
	}
	if e.control == "" {
		return wrong("--control", absent("none"), "a command that must fail, or nothing shows that a failure is seen")
	}
	return nil
}

// run tests the control and then the command.
func (e *execGate) run(cmd *cobra.Command, o *gateOptions) (*report.GateReport, error) {
	p := &o.policy
	policy := gate.Policy{MaxHangRate: float64(p.maxHangRate), MaxP99: p.maxP99, Confidence: float64(p.confidence), Budget: p.budget}
	if err := policy.Validate(); err != nil {
		return nil, badInput(err)
	}
	bar := newProgress(cmd.ErrOrStderr(), o.quiet)
	bar.what = "commands"
	defer bar.done()
	runs := 0
	shell := func(flag, line string, latency bool) func(context.Context, int) (gate.Outcome, error) {
		return func(ctx context.Context, i int) (gate.Outcome, error) {
			bar.update(runs, -1)
			runs++
			return runShell(ctx, flag, line, i, o.seed, latency)
		}
	}
	check, err := gate.MustFail(cmd.Context(), e.control, shell("--control", e.control, false))
	if err = cmp.Or(nothingTested("--control", e.control, err), cmd.Context().Err()); err != nil {
		return nil, err
	}
	r := &report.GateReport{
		Confidence: policy.Confidence, Budget: policy.Budget,
		Checks: []campaign.Check{check}, Valid: check.Passed,
	}
	if !r.Valid {
		return r, nil
	}
	g, err := gate.Outcomes(cmd.Context(), e.command, policy, shell("--exec", e.command, policy.MaxP99 > 0))
	if err = cmp.Or(nothingTested("--exec", e.command, err), cmd.Context().Err()); err != nil {
		return nil, err
	}
	r.Gates = []gate.Result{*g}
	return r, nil
}

// nothingTested says which command tests nothing.
func nothingTested(flag, line string, err error) error {
	if errors.Is(err, gate.ErrNothingTested) {
		return wrong(flag, line, "runs that test something, not exit code %d again and again", exitSkip)
	}
	return err
}

// runShell runs the shell command of a flag once. It finds the number of the run and a seed
// for it in the environment. A command that tests nothing, because it cannot be run or does
// not print what is to be tested, is bad input: it says nothing about what it tests.
func runShell(ctx context.Context, flag, line string, run int, campaignSeed uint64, latency bool) (o gate.Outcome, err error) {
	own := []string{
		"GPSTORM_RUN=" + strconv.Itoa(run),
		"GPSTORM_SEED=" + strconv.FormatUint(seed.Derive(campaignSeed, "run "+strconv.Itoa(run))>>11, 10),
	}
	c := exec.CommandContext(ctx, "sh", "-c", line)
	c.Env = append(os.Environ(), own...)
	var printed latencies
	if latency {
		c.Stdout = &printed
	}
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = 5 * time.Second // for the processes of the shell
	err = c.Run()
	if ctx.Err() != nil {
		return o, ctx.Err()
	}
	o.Again = strings.Join(own, " ") + " sh -c " + quote(line)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		switch code := exit.ExitCode(); code {
		case exitSkip:
			o.Skipped = true
		case 126, 127:
			return o, wrong(flag, line, "a command that the shell can run (exit code %d)", code)
		default:
			o.Failed = true
		}
		return o, nil
	}
	if err != nil {
		return o, wrong(flag, line, "a command that the shell can run to its end (%v)", err)
	}
	if latency {
		o.Latency, err = printed.largest()
	}
	return o, err
}
