package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

// execution is one call of Execute.
type execution struct {
	*Executor
	want world.Want
	run  int
	n    int
	spec func(int) world.Spec
	emit func(int, trial.Result) error

	encoder encoder
	next    int              // the first trial in no chunk yet
	sent    map[int]*sent    // incomplete chunks, by first trial
	unsent  []*sent          // chunks that the server has not accepted
	flying  int              // chunks that were published, without an answer so far
	settled chan settled     // the answers
	held    map[int]*outcome // by trial: not emitted yet
	emitted int
	cost    float64 // of a trial on a worker, in seconds; 0 if unknown
	bytes   float64 // of a result as uncompressed JSON; 0 if unknown
	last    time.Time
	failure bool  // a trial before next has failed: no further trials are sent
	trouble error // of the server's latest answer
	blocked bool  // publish nothing until something changes
}

// Execute runs the trials on the workers. These record only the outcome of each trial;
// see Wanting. Execute waits for workers if there are none. When ctx ends, it gives up
// the trials that still run on workers. A trial that crashed its worker or did not end,
// in as many tries as the configuration allows, is a failure of the world.
func (e *Executor) Execute(ctx context.Context, n int, spec func(int) world.Spec, emit func(int, trial.Result) error) error {
	return e.execute(ctx, world.Want{}, n, spec, emit)
}

// Wanting returns the same coordinator for trials that record more.
func (e *Executor) Wanting(w world.Want) campaign.Executor { return &wanting{e, w} }

type wanting struct {
	*Executor
	want world.Want
}

// Execute is like Executor.Execute.
func (w *wanting) Execute(ctx context.Context, n int, spec func(int) world.Spec, emit func(int, trial.Result) error) error {
	return w.execute(ctx, w.want, n, spec, emit)
}

func (e *Executor) execute(ctx context.Context, want world.Want, n int, spec func(int) world.Spec, emit func(int, trial.Result) error) (err error) {
	e.one.Lock()
	defer e.one.Unlock()
	e.runs++
	x := &execution{
		Executor: e, want: want, run: e.runs, n: n, spec: spec, emit: emit,
		encoder: encoder{}, sent: map[int]*sent{}, held: map[int]*outcome{}, last: time.Now(),
		settled: make(chan settled, maxFlying),
	}
	e.mu.Lock()
	e.session.Run, e.session.Done, e.session.Total, e.began = e.runs, 0, n, time.Now()
	e.mu.Unlock()
	if e.runs > 1 {
		_ = e.nc.Publish(sessionSubject, e.record()) // workers abandon older executions
	}
	inner, cancel := context.WithCancel(ctx)
	defer func() {
		cancel()
		if x.emitted == n {
			return // nothing is queued
		}
		// Remove the chunks that are still queued, also after an interrupt.
		back, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		x.land(back)
		if perr := e.purge(back, fmt.Sprintf("%s.%d", e.id, x.run)); err == nil && perr != nil {
			err = &world.Failure{World: e.Name(), Err: fmt.Errorf("server: %w", perr)}
		}
	}()
	return x.loop(ctx, e.fetch(inner, func() jetstream.Consumer { return e.results }), e.fetch(inner, func() jetstream.Consumer { return e.dead }))
}

// loop sends chunks and takes results until all are emitted.
func (x *execution) loop(ctx context.Context, results, dead <-chan jetstream.Msg) error {
	tick := time.NewTicker(x.session.beat())
	defer tick.Stop()
	for x.emitted < x.n {
		x.fill(ctx)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case s := <-x.settled:
			x.settle(s)
		case m := <-results:
			x.blocked = false // a full store may have room
			x.take(m)
		case m := <-dead:
			x.bury(ctx, m)
		case <-x.joined:
			x.last = time.Now()
		case <-tick.C:
			x.blocked = false
			if err := x.audit(ctx); err != nil {
				return err
			}
		}
		if err := x.flush(); err != nil {
			if errors.Is(err, campaign.ErrEnough) {
				return nil
			}
			return err
		}
	}
	return nil
}

// flush emits the next outcomes in order.
func (x *execution) flush() error {
	for o := x.held[x.emitted]; o != nil; o = x.held[x.emitted] {
		if o.err != nil {
			return o.err
		}
		delete(x.held, x.emitted)
		if err := x.emit(x.emitted, o.result); err != nil {
			return err
		}
		x.emitted++
	}
	x.count(func(s *Session) { s.Results += x.emitted - s.Done; s.Done = x.emitted })
	return nil
}
