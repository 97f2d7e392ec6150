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

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/trial"
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

// outcome is a result, or the error of its trial.
type outcome struct {
	result trial.Result
	err    error
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
	*average += weight * (newest - *average)
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
