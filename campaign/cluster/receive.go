package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

// outcome is a result, or the error of its trial.
type outcome struct {
	result trial.Result
	err    error
}

// fetch forwards the messages of a consumer until ctx ends. It retries after errors: the
// server may restart, or the connection be lost. audit recreates a lost consumer.
func (e *Executor) fetch(ctx context.Context, of func() jetstream.Consumer) <-chan jetstream.Msg {
	out := make(chan jetstream.Msg)
	go func() {
		for ctx.Err() == nil {
			began := time.Now()
			e.mu.Lock()
			c := of()
			e.mu.Unlock()
			batch, err := c.Fetch(64, jetstream.FetchMaxWait(max(e.session.beat(), time.Second)))
			if err == nil {
				for m := range batch.Messages() {
					select {
					case out <- m:
					case <-ctx.Done():
						_ = m.Nak()
					}
				}
				err = batch.Error()
			}
			if wait := e.session.beat() - time.Since(began); err != nil && wait > 0 {
				select {
				case <-ctx.Done():
				case <-time.After(wait):
				}
			}
		}
	}()
	return out
}

// take counts the results of a message. It ignores messages that are old, of another
// session, or not valid.
func (x *execution) take(m jetstream.Msg) {
	_ = m.Ack() // if it is lost, the message is redelivered and ignored
	p, ok := placeOf(m.Subject())
	if ok && p.session == x.id && p.run < x.run {
		return // of an execution that ended early
	}
	err := fmt.Errorf("subject: want %s.%d.trial", x.id, x.run)
	if ok && p.session == x.id && p.run == x.run {
		err = x.read(p, m.Data())
	}
	if err != nil {
		x.refuse(m.Subject(), err)
	}
}

// read counts the results of a message.
func (x *execution) read(p place, message []byte) error {
	text, err := body(message)
	if err != nil {
		return err
	}
	var a answer
	if err := decode(text, &a); err != nil {
		return err
	}
	if err := x.accept(p, &a); err != nil {
		return err
	}
	if k := len(a.Results); k > 0 {
		follow(&x.bytes, float64(len(text))/float64(k))
	}
	return nil
}

// accept counts the results of a valid answer if they are of trials that are under way.
func (x *execution) accept(p place, a *answer) error {
	end := a.First + len(a.Results)
	if a.Failed != nil {
		end++
	}
	c := x.sent[p.first]
	switch {
	case a.First < p.first || a.First >= x.next || end > x.next || end-p.first > maxTrials, c != nil && end > c.first+c.n:
		return fmt.Errorf("trials %d to %d: want those of a chunk from %d", a.First, end-1, p.first)
	case c == nil: // a chunk that ran twice
		x.count(func(s *Session) { s.Duplicates += len(a.Results) })
		return nil
	}
	for k := range a.Results {
		s := x.spec(a.First + k)
		if r := &a.Results[k]; r.Scenario != s.Scenario.Name || r.Variation != s.Variation || r.Fix != s.Subject || r.Seed != s.Seed {
			return fmt.Errorf("results[%d]: of another trial: want %s", k, s)
		}
	}
	if a.Try > 1 {
		x.count(func(s *Session) { s.Retries++ })
	}
	for k, r := range a.Results {
		x.hold(c, a.First+k, &outcome{result: r})
	}
	if a.Failed != nil {
		x.fail(c, end-1, a.Failed.error(x.Name()))
	}
	x.last = time.Now()
	if k := len(a.Results); k > 0 && a.Took > 0 {
		follow(&x.cost, a.Took.Seconds()/float64(k))
	}
	return nil
}

// follow updates an exponential moving average; 0 means no value yet.
func follow(average *float64, newest float64) {
	const weight = 0.2 // of the newest
	if *average == 0 {
		*average = newest
	}
	*average += float64(weight * (newest - *average))
}

func (f *failed) error(name string) error {
	if f.World {
		return &world.Failure{World: name, Err: errors.New(f.Text)}
	}
	return errors.New(f.Text)
}

// hold keeps the first outcome of a trial until it can be emitted.
func (x *execution) hold(c *sent, i int, o *outcome) {
	if i < x.emitted || x.held[i] != nil {
		x.count(func(s *Session) { s.Duplicates++ })
		return
	}
	x.held[i] = o
	if c.missing--; c.missing == 0 {
		delete(x.sent, c.first)
	}
}

// fail ends the execution at a trial.
func (x *execution) fail(c *sent, i int, err error) {
	x.hold(c, i, &outcome{err: err})
	x.failure = true
}
