package campaign

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

// Executor runs numbered trials of one world, on this machine or on others.
type Executor interface {
	// Name and Facts are those of the world.
	Name() string
	Facts() world.Facts
	// Execute runs trials 0 to n-1 and passes each result to emit, in the order of
	// their numbers and one at a time, until emit returns an error: ErrEnough ends
	// the execution without an error, any other is returned. Execute may call spec
	// concurrently.
	//
	// When ctx ends, Execute starts no more trials, emits the results up to the
	// first unfinished trial, and returns the error of ctx. A failure of the world
	// is a *world.Failure, and is returned after the results of all trials before
	// it.
	Execute(ctx context.Context, n int, spec func(i int) world.Spec, emit func(i int, r trial.Result) error) error
}

// ErrEnough is returned by emit to stop the execution.
var ErrEnough = errors.New("enough results")

// Local runs trials on this machine, several at once.
type Local struct {
	World world.World
	// Parallel is the number of concurrent trials; 0 means one for each CPU, or a
	// single one in a world without virtual time.
	Parallel int
	Want     world.Want
}

var _ Executor = (*Local)(nil)

// Name returns the name of the world.
func (l *Local) Name() string { return l.World.Name() }

// Facts returns the facts of the world.
func (l *Local) Facts() world.Facts { return l.World.Facts() }

// ahead limits, per worker, the trials that run or have finished before the next
// one in order. It is large enough that one long trial does not block others, and
// small enough that memory does not grow with the campaign.
const ahead = 16

// patience is the time limit of a trial after an interrupt.
const patience = 30 * time.Second

// Execute runs the trials. When ctx ends, it finishes running trials in a world of
// virtual time, and abandons those of other worlds. A candidate may be foreign
// code: a panic is returned as an error that names the trial, and does not end the
// process. So is a trial that runs for 30 s after ctx ended; its goroutine is
// abandoned.
func (l *Local) Execute(ctx context.Context, n int, spec func(int) world.Spec, emit func(int, trial.Result) error) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	// Trials in virtual time do not wait, so running trials are finished: an
	// abandoned trial would leave a gap before others that finished.
	trials := inner
	if l.World.Facts().Virtual {
		trials = context.WithoutCancel(ctx)
	}

	type outcome struct {
		result trial.Result
		err    error
	}
	type job struct {
		index int
		out   chan outcome
	}
	var (
		parallel = min(l.parallel(), n)
		workers  sync.WaitGroup
		todo     = make(chan job)
		ordered  = make(chan job, parallel*ahead)
	)
	for range parallel {
		workers.Go(func() {
			for j := range todo {
				r, err := l.run(trials, spec(j.index))
				j.out <- outcome{r, err}
			}
		})
	}
	go func() {
		defer close(ordered)
		defer close(todo)
		for i := range n {
			if inner.Err() != nil {
				return
			}
			j := job{i, make(chan outcome, 1)}
			ordered <- j
			todo <- j
		}
	}()

	stuck := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(patience, func() { close(stuck) }) })
	defer stop()
	var failed error
	emitted := 0
	for j := range ordered {
		var o outcome
		select {
		case o = <-j.out:
		case <-stuck:
			return fmt.Errorf("%s: still running %v after the interrupt: want a candidate that ends", spec(j.index), patience)
		}
		if failed != nil {
			continue
		}
		if failed = o.err; failed == nil {
			failed = emit(j.index, o.result)
			emitted++
		}
		if failed != nil {
			cancel()
		}
	}
	workers.Wait()
	switch {
	case failed == ErrEnough:
		return nil
	case failed == nil && emitted < n:
		return ctx.Err()
	}
	return failed
}

func (l *Local) parallel() int {
	switch {
	case l.Parallel > 0:
		return l.Parallel
	case !l.World.Facts().Virtual:
		return 1
	}
	return runtime.GOMAXPROCS(0)
}

// run runs one trial.
func (l *Local) run(ctx context.Context, s world.Spec) (r trial.Result, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%s: panic: %v", s, v)
		}
	}()
	r, err = l.World.Run(ctx, s, l.Want)
	if ended := ctx.Err(); err == nil || ended != nil && errors.Is(err, ended) {
		return r, err
	}
	if f := (*world.Failure)(nil); errors.As(err, &f) {
		return r, err
	}
	return r, &world.Failure{World: l.World.Name(), Err: fmt.Errorf("%s: %w", s, err)}
}

// interrupted reports whether an execution ended because its context did.
func interrupted(ctx context.Context, err error) bool {
	return err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err())
}
