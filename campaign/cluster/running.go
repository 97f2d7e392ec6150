package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

// running is a chunk that a worker runs.
type running struct {
	w        *Worker
	a        *attended
	place    place
	specs    []world.Spec
	want     world.Want
	try      uint64
	progress atomic.Int64    // when the last trial ended, in nanoseconds of Unix time
	ending   <-chan struct{} // closed when the worker must end
}

// run runs the trials and publishes their results. After an error the chunk should be
// tried again.
func (r *running) run(ctx context.Context) error {
	a := answer{First: r.place.first, Worker: r.w.name, Try: r.try}
	local := campaign.Local{World: r.a.world, Parallel: 1, Want: r.want}
	began := time.Now()
	publish := func() error {
		a.Took = time.Since(began)
		err := r.publish(ctx, a)
		a.First, a.Results, began = a.First+len(a.Results), nil, time.Now()
		return err
	}
	var lost error // of publish
	err := local.Execute(ctx, len(r.specs), func(i int) world.Spec { return r.specs[i] }, func(i int, result trial.Result) error {
		if err := result.Check(); err != nil { // the coordinator would refuse it
			return &world.Failure{World: r.a.world.Name(), Err: fmt.Errorf("%s: result: %w", r.specs[i], err)}
		}
		a.Results = append(a.Results, result)
		r.w.busy(0, 1)
		r.progress.Store(time.Now().UnixNano())
		switch {
		case !r.w.attends(r.a.ID, r.place.run):
			lost = errAbandoned
		case r.try > 1: // after a failed try, publish the results one by one
			lost = publish()
		}
		return lost
	})
	switch {
	case lost != nil:
		return lost
	case err != nil && ctx.Err() != nil:
		return err
	case err != nil:
		f := (*world.Failure)(nil)
		a.Failed = &failed{World: errors.As(err, &f), Text: err.Error()}
		if f != nil {
			a.Failed.Text = f.Err.Error()
			if r.try < uint64(r.a.Tries) {
				return err // another machine may succeed
			}
		}
	case len(a.Results) == 0:
		return nil
	}
	return publish()
}

// publish retries until the server has stored the results, or the coordinator is gone:
// the store may be full, or the server unreachable.
func (r *running) publish(ctx context.Context, a answer) error {
	data, err := pack(&a)
	if most := r.w.Conn.MaxPayload() - 1024; err == nil && int64(len(data)) > most {
		err = fmt.Errorf("result of %d bytes: want at most %d, the server's limit", len(data), most)
	}
	if err != nil {
		return r.split(ctx, a, err)
	}
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		sub, cancel := context.WithTimeout(ctx, max(r.a.AckWait/6, time.Second))
		_, err := r.w.js.Publish(sub, r.place.result(), data, jetstream.WithRetryAttempts(0))
		cancel()
		if err == nil {
			return nil
		}
		if !r.w.attends(r.a.ID, r.place.run) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.ending:
			return err
		case <-time.After(wait):
		}
	}
}

// split publishes results one by one if one message cannot hold them. A trial whose
// result alone is too large for a message has failed.
func (r *running) split(ctx context.Context, a answer, why error) error {
	if len(a.Results) < 2 {
		why = fmt.Errorf("%s: %w", r.specs[a.First-r.place.first], why)
		return r.publish(ctx, answer{First: a.First, Worker: a.Worker, Try: a.Try, Failed: &failed{World: true, Text: why.Error()}})
	}
	half := len(a.Results) / 2
	head, tail := a, a
	head.Results, head.Failed, head.Took = a.Results[:half], nil, a.Took/2
	tail.First, tail.Results, tail.Took = a.First+half, a.Results[half:], a.Took/2
	return errors.Join(r.publish(ctx, head), r.publish(ctx, tail))
}

// errAbandoned ends a chunk without a present coordinator. The coordinator may return,
// so the chunk is not acknowledged.
var errAbandoned = errors.New("abandoned")

// attends reports whether the worker receives heartbeats of a coordinator that still
// needs the results of an execution.
func (w *Worker) attends(session string, run int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.sessions[session]
	return a != nil && run >= a.Run
}
