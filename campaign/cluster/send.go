package cluster

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/gpstorm/gpstorm/world"
)

const (
	// chunkTime is the intended time of a chunk: long compared with its messages,
	// short compared with the delay by a lost worker.
	chunkTime = time.Second
	// maxAhead bounds the trials that are in chunks and not yet emitted. Together
	// with Config.aheadBytes it bounds the memory of the coordinator and the size of
	// the store.
	maxAhead = 1 << 18
	// maxFlying bounds the chunks on their way to the server.
	maxFlying = 256
)

// settled is the server's answer to a chunk.
type settled struct {
	c   *sent
	err error // nil if the server has stored it
}

// sent is a chunk that some results are missing from.
type sent struct {
	first, n int
	missing  int
	at       time.Time // when the server accepted it
	attempt  int       // how often it was published again
}

// fill keeps enough chunks queued for all workers.
func (x *execution) fill(ctx context.Context) {
	slots := max(1, x.Session().Slots)
	for ctx.Err() == nil && !x.blocked {
		most := maxFlying
		if x.trouble != nil {
			most = 1 // as a trial
		}
		if x.flying >= most {
			return
		}
		c := x.unaccepted()
		if c == nil {
			c = x.cut(slots)
		}
		if c == nil {
			return
		}
		x.publish(c)
	}
}

// unaccepted takes a chunk that the server has not accepted; nil if there is none.
func (x *execution) unaccepted() *sent {
	for len(x.unsent) > 0 {
		c := x.unsent[0]
		x.unsent = x.unsent[1:]
		if x.sent[c.first] == c {
			return c
		} // else it was stored all the same, and is complete
	}
	return nil
}

// cut makes the next chunk; nil if there are enough.
func (x *execution) cut(slots int) *sent {
	window := slots + slots/2 + 4
	if x.next == x.n || len(x.sent) >= window || x.failure {
		return nil
	}
	size := x.size(slots, window)
	if ahead := x.next - x.emitted; ahead > 0 && ahead+size > x.ahead() {
		return nil
	}
	c := &sent{first: x.next, n: size, missing: size}
	x.sent[c.first] = c
	x.next += size
	return c
}

// ahead returns the bound on trials that are in chunks and not yet emitted.
func (x *execution) ahead() int {
	if x.bytes == 0 {
		return maxAhead
	}
	return int(min(maxAhead, float64(x.cfg.aheadBytes)/x.bytes))
}

// size returns the number of trials of the next chunk: as many as take chunkTime, or
// fewer if workers would get none. At the end the chunks become smaller, so that the
// workers finish together.
func (x *execution) size(slots, window int) int {
	size := 1
	if x.cost > 0 {
		size = int(min(chunkTime.Seconds()/x.cost, maxTrials))
	}
	left := x.n - x.next
	share := max(left/(2*slots), size/16)
	return max(1, min(size, x.ahead()/window, share, left))
}

// publish publishes a chunk. It does not wait for the server's answer: the time of a
// message to the server and back would bound the chunks of all workers together.
func (x *execution) publish(c *sent) {
	x.flying++
	specs := make([]world.Spec, c.n)
	for i := range specs {
		specs[i] = x.spec(c.first + i)
	}
	var answer jetstream.PubAckFuture
	data, err := x.encoder.chunk(specs, x.want)
	if err == nil {
		p := place{x.id, x.run, c.first}
		// If the answer is lost, the server recognises the chunk.
		id := fmt.Sprintf("%s.%d", p, c.attempt)
		answer, err = x.js.PublishAsync(p.work(), data, jetstream.WithMsgID(id), jetstream.WithRetryAttempts(0))
	}
	if err != nil {
		x.settled <- settled{c, err}
		return
	}
	go func() {
		select { // there is a time-out
		case <-answer.Ok():
			x.settled <- settled{c, nil}
		case err := <-answer.Err():
			x.settled <- settled{c, err}
		}
	}()
}

// settle records the server's answer to a chunk.
func (x *execution) settle(s settled) {
	x.flying--
	if x.trouble = s.err; s.err != nil {
		x.unsent = append(x.unsent, s.c)
		x.blocked = true
		return
	}
	s.c.at = time.Now()
}

// land waits for the server's answers to all chunks.
func (x *execution) land(ctx context.Context) {
	for ; x.flying > 0; x.flying-- {
		select {
		case <-x.settled:
		case <-ctx.Done():
			return
		}
	}
}
