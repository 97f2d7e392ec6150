package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/spf13/cobra"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/boot"
	"github.com/gpstorm/gpstorm/world/boot/qemu"
)

// kernelFlags are the flags of the commands that boot kernels.
type kernelFlags struct{ kernels []string }

func (f *kernelFlags) register(cmd *cobra.Command, in *worldFlag) {
	in.boots = true
	cmd.Flags().Lookup("world").Usage = "where trials run: kernel, in virtual time; live, on this machine; or boot, in real kernels"
	cmd.Flags().StringArrayVar(&f.kernels, "kernel", nil, "of --world boot: a `kernel`, NAME=VERSION|PATH[,OPTION=VALUE...]; may be repeated")
	reads(cmd.Flags(), inputKernel, "kernel")
}

// world makes the world of the kernels in place of the one that the flag named, if
// that is boot.
func (f *kernelFlags) world(in *worldFlag) (*boot.World, error) {
	if in.Name() != boot.Name {
		if len(f.kernels) > 0 {
			return nil, wrong("--kernel", f.kernels[0], "--world boot beside it")
		}
		return nil, nil
	}
	w, err := worldOf(f.kernels)
	if err == nil {
		in.World = w
	}
	return w, err
}

// worldOf makes the world of a command line's kernels.
func worldOf(kernels []string) (*boot.World, error) {
	if len(kernels) == 0 {
		return nil, wrong("--kernel", absent("none"), "at least one: base=7.0.13, or mine=PATH/bzImage")
	}
	var all []boot.Kernel
	for _, text := range kernels {
		k, err := boot.ParseKernel(text)
		if err != nil {
			return nil, badInput(err)
		}
		if err := k.CheckFiles(); err != nil {
			return nil, badInput(err)
		}
		all = append(all, k)
	}
	w, err := boot.New(all...)
	if err != nil {
		return nil, badInput(err)
	}
	return w, nil
}

// noFix refuses a candidate of the virtual kernel beside --world boot.
func noFix(name string) error {
	return wrong("--fix", name, "none beside --world boot, where kernels take the candidates' place: --kernel mine=7.3.4,fix=NAME")
}

// bootFlag is a flag, with its value, that has a command boot kernels.
type bootFlag struct{ name, value string }

var worldBoot = bootFlag{"--world", boot.Name}

// ready refuses scenarios that cannot be run on a real kernel, and a machine or a program
// that cannot boot one.
func (c *common) ready(by bootFlag, w *boot.World, scenarios []workload.Scenario) error {
	for i := range scenarios {
		if err := boot.Check(&scenarios[i]); err != nil {
			return inputf("scenario %s: %w", scenarios[i].Name, err)
		}
	}
	return by.cannot(w.Check())
}

// cannot makes an error of boot.World.Check one of the command: bad input if another
// build of this program could boot, and else a failure of the machine.
func (f bootFlag) cannot(err error) error {
	if no, ok := errors.AsType[*qemu.NotAGuest](err); ok {
		return wrong(f.name, f.value, "a program that can be the guest too, made by %s (%s: %s)", no.Build, no.Path, no.Why)
	}
	if err != nil {
		return &exitError{exitFailure, err}
	}
	return nil
}

// consoleOf shows the end of the console of a boot that failed.
func (c *common) consoleOf(cmd *cobra.Command, err error) {
	var failed interface{ Tail() []string }
	if errors.As(err, &failed) {
		for _, line := range failed.Tail() {
			fmt.Fprintf(cmd.ErrOrStderr(), "  %s\n", line)
		}
	}
}

// boots runs trials of real kernels, several in a boot.
type boots struct {
	booting
	parallel int // boots at once; 0 is one for each CPU
	want     world.Want
	finished *finished // nil if nothing is kept
}

// booting is the part of boot.World that boots kernels.
type booting interface {
	Name() string
	Facts() world.Facts
	RunAll(ctx context.Context, specs []world.Spec, want world.Want) ([]trial.Result, error)
}

var _ campaign.Executor = (*boots)(nil)

// Execute runs the trials of a plan. Within a block of the plan, trials of one kernel
// share a boot where possible.
func (b *boots) Execute(ctx context.Context, n int, spec func(int) world.Spec, emit func(int, trial.Result) error) error {
	if err := b.finished.open(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ready := map[int]trial.Result{}
	var missing []int
	for i := range n {
		s := spec(i)
		r, ok := b.finished.take(&s)
		if !ok {
			missing = append(missing, i)
			continue
		}
		ready[i] = r
	}
	jobs := share(missing, spec)
	type found struct {
		results []trial.Result
		err     error
	}
	founds := make([]chan found, len(jobs))
	for i := range founds {
		founds[i] = make(chan found, 1)
	}
	var workers sync.WaitGroup
	todo := make(chan int)
	for range cmp.Or(b.parallel, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for j := range todo {
				specs := make([]world.Spec, len(jobs[j]))
				for i, at := range jobs[j] {
					specs[i] = spec(at)
				}
				results, err := b.RunAll(ctx, specs, b.want)
				if kept := b.finished.add(specs, results); kept != nil {
					err = kept
				}
				founds[j] <- found{results, err}
			}
		})
	}
	go func() {
		defer close(todo)
		for j := range jobs {
			select {
			case todo <- j:
			case <-ctx.Done():
				founds[j] <- found{err: ctx.Err()}
			}
		}
	}()
	defer workers.Wait()
	defer cancel()

	// Results are emitted in plan order: each waits for the boots of earlier ones.
	next := 0
	pass := func() error {
		for r, ok := ready[next]; ok; r, ok = ready[next] {
			delete(ready, next)
			if err := emit(next, r); err != nil {
				return err
			}
			s := spec(next)
			b.finished.passed(&s)
			next++
		}
		return nil
	}
	err := pass()
	for j := 0; j < len(jobs) && err == nil; j++ {
		f := <-founds[j]
		for i, r := range f.results {
			ready[jobs[j][i]] = r
		}
		if err = pass(); err == nil {
			err = f.err
		}
	}
	if err == campaign.ErrEnough {
		return nil
	}
	return err
}

// share divides trials into boots, ordered so that the kernels of a block boot soon after
// each other.
func share(trials []int, spec func(int) world.Spec) (jobs [][]int) {
	type open struct {
		job   int
		specs []world.Spec
	}
	var last []open // boots that may get more trials
	variation := 0
	for _, i := range trials {
		s := spec(i)
		if s.Variation != variation {
			last, variation = nil, s.Variation
		}
		at := -1
		for j := range last {
			if boot.Together(last[j].specs, &s) {
				at = j
				break
			}
		}
		if at < 0 {
			at = len(last)
			last = append(last, open{job: len(jobs)})
			jobs = append(jobs, nil)
		}
		last[at].specs = append(last[at].specs, s)
		jobs[last[at].job] = append(jobs[last[at].job], i)
	}
	return jobs
}
