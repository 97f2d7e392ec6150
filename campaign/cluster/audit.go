package cluster

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/gpstorm/gpstorm/world"
)

// bury fails a chunk that was delivered as often as is allowed. Workers publish one
// trial at a time after the first try, so the first trial without a result is the one
// that crashed the workers.
func (x *execution) bury(ctx context.Context, m jetstream.Msg) {
	_ = m.Ack()
	var said struct {
		Seq uint64 `json:"stream_seq"`
	}
	if json.Unmarshal(m.Data(), &said) != nil {
		return
	}
	work, err := x.js.Stream(ctx, workStream)
	if err != nil {
		return // a later audit finds it
	}
	raw, err := work.GetMsg(ctx, said.Seq)
	if err != nil {
		return // it was acknowledged after all
	}
	p, ok := placeOf(raw.Subject)
	if !ok || p.session != x.id {
		return
	}
	_ = work.DeleteMsg(ctx, said.Seq)
	c := x.sent[p.first]
	if p.run != x.run || c == nil {
		return
	}
	for i := c.first; i < c.first+c.n; i++ {
		if i >= x.emitted && x.held[i] == nil {
			s := x.spec(i)
			x.fail(c, i, &world.Failure{World: x.Name(), Err: fmt.Errorf(
				"%s: no worker finished it in %d tries; it is set aside; to run it alone: replay %s", s, x.cfg.tries, s.Token(x.Name(), 0))})
			return
		}
	}
}

// audit handles delays. It ends an execution without progress, recreates streams and
// consumers that the server has lost, and republishes a chunk that the server has lost
// without results.
func (x *execution) audit(ctx context.Context) error {
	if wait := time.Since(x.last); wait > x.cfg.patience {
		why := "no worker has joined"
		if names := x.names(); len(names) > 0 {
			why = "workers " + strings.Join(names[:min(len(names), 5)], ", ")
		}
		if x.trouble != nil {
			why = "server: " + x.trouble.Error()
		}
		return &world.Failure{World: x.Name(), Err: fmt.Errorf("no result for %v: %s", wait.Round(time.Second), why)}
	}
	oldest := x.oldest()
	overdue := oldest != nil && !oldest.at.IsZero() && time.Since(oldest.at) >= x.cfg.ackWait
	if !overdue && x.trouble == nil {
		return nil
	}
	sub, cancel := context.WithTimeout(ctx, max(x.cfg.ackWait/6, time.Second))
	defer cancel()
	if err := cmp.Or(x.makeStreams(sub), x.makeConsumers(sub)); err != nil {
		x.trouble = err
		return nil // try again at the next beat
	}
	if overdue {
		x.trouble = x.lookUp(sub, oldest)
	}
	return nil
}

// oldest returns the first incomplete chunk; nil if there is none.
func (x *execution) oldest() (oldest *sent) {
	for _, c := range x.sent {
		if oldest == nil || c.first < oldest.first {
			oldest = c
		}
	}
	return oldest
}

// lookUp looks for a chunk on the server. A worker acknowledges it after its results
// are stored, and the coordinator acknowledges these. So if the server has neither the
// chunk nor results of it, it has lost the chunk, and lookUp republishes it.
func (x *execution) lookUp(ctx context.Context, c *sent) error {
	p := place{x.id, x.run, c.first}
	for _, at := range []struct{ stream, subject string }{{workStream, p.work()}, {resultStream, p.result()}} {
		s, err := x.js.Stream(ctx, at.stream)
		if err == nil {
			_, err = s.GetLastMsgForSubject(ctx, at.subject)
		}
		if err == nil {
			c.at = time.Now() // look again later
		}
		if !errors.Is(err, jetstream.ErrMsgNotFound) {
			return err
		}
	}
	x.cfg.Notify(fmt.Sprintf("trials %d to %d are lost on the server, and handed out again", c.first, c.first+c.n-1))
	c.at = time.Time{}
	c.attempt++
	x.unsent = append(x.unsent, c)
	return nil
}
