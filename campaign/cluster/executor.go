package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/world"
)

// Config holds the settings of an Executor. Zero values mean the defaults, which follow
// the semicolons below.
type Config struct {
	World world.World
	// Build names the source of this program (Identity). Workers must have the same.
	Build string
	// Canaries are trials for which a worker must compute the same results as this
	// program before it gets work.
	Canaries []world.Spec
	// ackWait bounds the time without a sign of life from a chunk's worker, after
	// which the chunk is redelivered; 30 s.
	ackWait time.Duration
	// trialLimit bounds the time of one trial on a worker; 10 min.
	trialLimit time.Duration
	// patience bounds the time that Execute waits without any result; 15 min.
	patience time.Duration
	// tries bounds the deliveries of a chunk; 3.
	tries int
	// Replicas is the number of servers of a cluster that keep each message; 1.
	Replicas int
	// storeBytes bounds the total size of the streams; 1 GiB.
	storeBytes int64
	// aheadBytes bounds the results that wait in the coordinator for earlier ones, as
	// JSON; 256 MiB.
	aheadBytes int64
	// InMemory keeps the streams in the memory of the server.
	InMemory bool
	// Notify, if set, is called with one line for each event of interest to a user: a
	// worker joins, is refused, or leaves; a chunk is tried again.
	Notify func(string)
}

func (c Config) withDefaults() Config {
	orDuration := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	orDuration(&c.ackWait, 30*time.Second)
	orDuration(&c.trialLimit, 10*time.Minute)
	orDuration(&c.patience, 15*time.Minute)
	if c.tries <= 0 {
		c.tries = 3
	}
	if c.Replicas <= 0 {
		c.Replicas = 1
	}
	if c.storeBytes <= 0 {
		c.storeBytes = 1 << 30
	}
	if c.aheadBytes <= 0 {
		c.aheadBytes = 256 << 20
	}
	if c.Notify == nil {
		c.Notify = func(string) {}
	}
	return c
}

// Session describes a coordinator in its heartbeats.
type Session struct {
	ID    string `json:"id"`
	World string `json:"world"`
	Model string `json:"model,omitempty"`
	Build string `json:"build"`
	// Done of Total trials of the present execution have results, at Rate trials per
	// second.
	Done  int     `json:"done"`
	Run   int     `json:"run"` // the number of that execution
	Total int     `json:"total"`
	Rate  float64 `json:"rate"`
	// Counts of the whole session.
	Results    int `json:"results"` // emitted results
	Workers    int `json:"workers"`
	Slots      int `json:"slots"` // trials that can run in parallel
	Retries    int `json:"retries"`
	Duplicates int `json:"duplicates"` // repeated results
	Rejected   int `json:"rejected"`   // invalid messages
	Refused    int `json:"refused"`    // workers

	// Settings for workers.
	AckWait    time.Duration `json:"ack_wait_ns"`
	TrialLimit time.Duration `json:"trial_limit_ns"`
	Tries      int           `json:"tries"`
	Ended      bool          `json:"ended,omitempty"`
}

// beat returns the interval of heartbeats. A worker or coordinator without one for
// three intervals counts as gone.
func (s *Session) beat() time.Duration { return max(s.AckWait/10, 50*time.Millisecond) }

// Executor is a coordinator, which runs trials on workers. Its methods may be called by
// many goroutines; executions take turns.
type Executor struct {
	cfg  Config
	id   string
	nc   *nats.Conn
	js   jetstream.JetStream
	want proof
	runs int
	one  sync.Mutex // held by an execution

	results, dead jetstream.Consumer

	stop    context.CancelFunc
	beating sync.WaitGroup
	strange refusals

	mu      sync.Mutex // guards the fields below
	session Session
	began   time.Time
	workers map[string]*seen
	joined  chan struct{}
}

// tally counts the workers. The caller holds mu.
func (e *Executor) tally() {
	e.session.Workers, e.session.Slots = len(e.workers), 0
	for _, w := range e.workers {
		e.session.Slots += w.slots
	}
}

// seen is an admitted worker.
type seen struct {
	slots int
	last  time.Time
}

var _ campaign.Executor = (*Executor)(nil)

// Open starts a session on a server. It first runs the canary trials locally. The
// caller must close the session and then the connection.
func Open(ctx context.Context, nc *nats.Conn, cfg Config) (*Executor, error) {
	cfg = cfg.withDefaults()
	e := &Executor{cfg: cfg, id: nuid.Next(), nc: nc, workers: map[string]*seen{}, strange: refusals{notify: cfg.Notify}, joined: make(chan struct{}, 1)}
	var err error
	if e.js, err = jetstream.New(nc, jetstream.WithDefaultTimeout(10*time.Second),
		jetstream.WithPublishAsyncTimeout(max(cfg.ackWait/6, time.Second))); err != nil {
		return nil, err
	}
	e.want = prove(ctx, cfg.World, cfg.Build, cfg.Canaries)
	for _, c := range e.want.Canaries {
		if c.Error != "" {
			return nil, fmt.Errorf("canary trial %s: %s", c.Trial, c.Error)
		}
	}
	e.session = Session{
		ID: e.id, World: cfg.World.Name(), Model: e.want.Model, Build: cfg.Build,
		AckWait: cfg.ackWait, TrialLimit: cfg.trialLimit, Tries: cfg.tries,
	}
	for _, step := range []func(context.Context) error{e.makeStreams, e.sweep, e.makeConsumers} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("server: %w", err)
		}
	}
	if err := e.listen(); err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	return e, nil
}

// listen answers workers and sends beats.
func (e *Executor) listen() error {
	ctx, cancel := context.WithCancel(context.Background())
	e.stop = cancel
	respond := func(m *nats.Msg) { _ = m.Respond(e.record()) }
	for subject, handle := range map[string]nats.MsgHandler{
		joinSubject + e.id: e.admit,
		workerSubject:      e.hear,
		askSubject:         respond,
		seekSubject:        respond,
	} {
		sub, err := e.nc.Subscribe(subject, handle)
		if err != nil {
			cancel()
			return err
		}
		context.AfterFunc(ctx, func() { _ = sub.Unsubscribe() })
	}
	e.beating.Go(func() {
		tick := time.NewTicker(e.session.beat())
		defer tick.Stop()
		for {
			_ = e.nc.Publish(sessionSubject, e.record()) // a beat may be lost
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				e.forget()
			}
		}
	})
	return nil
}

// Name returns the name of the world.
func (e *Executor) Name() string { return e.cfg.World.Name() }

// Facts returns the facts of the world.
func (e *Executor) Facts() world.Facts { return e.cfg.World.Facts() }

// Session returns the present state.
func (e *Executor) Session() Session {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.session
	if t := time.Since(e.began).Seconds(); s.Total > 0 && t > 0 {
		s.Rate = float64(s.Done) / t
	}
	return s
}

func (e *Executor) record() []byte {
	s := e.Session()
	return packed(&s)
}

// refuse counts a message that is not valid.
func (e *Executor) refuse(subject string, err error) {
	e.count(func(s *Session) { s.Rejected++ })
	e.strange.add(subject, err)
}

// count changes the counts of the session.
func (e *Executor) count(change func(*Session)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(&e.session)
}

// admit answers a worker's request for admission: it sends the canary trials, and then
// judges the proof.
func (e *Executor) admit(m *nats.Msg) {
	if len(m.Data) == 0 {
		_ = m.Respond(packed(question{e.cfg.Canaries})) // the worker asks again if this is lost
		return
	}
	var p proof
	v := verdict{}
	err := unpack(m.Data, &p)
	if err != nil {
		v.Refused = err.Error()
		e.refuse(m.Subject, err)
	} else {
		v.Refused = p.differs(&e.want)
	}
	if v.Refused != "" {
		e.count(func(s *Session) { s.Refused++ })
		if err == nil {
			e.cfg.Notify(fmt.Sprintf("worker %s is refused: %s", shown(p.Worker), v.Refused))
		}
	} else {
		e.mu.Lock()
		_, known := e.workers[p.Worker]
		e.workers[p.Worker] = &seen{slots: p.Slots, last: time.Now()}
		e.tally()
		e.mu.Unlock()
		if !known {
			e.cfg.Notify(fmt.Sprintf("worker %s joins, %d trials at once", shown(p.Worker), p.Slots))
		}
		select {
		case e.joined <- struct{}{}:
		default:
		}
	}
	_ = m.Respond(packed(&v)) // the worker asks again if this is lost
}

// hear records the heartbeat of a worker.
func (e *Executor) hear(m *nats.Msg) {
	var w WorkerState
	if err := unpack(m.Data, &w); err != nil {
		e.refuse(m.Subject, err)
		return
	}
	e.mu.Lock()
	known := e.workers[w.Name]
	if known != nil {
		known.last = time.Now()
		if w.Left {
			delete(e.workers, w.Name)
			e.tally()
		}
	}
	e.mu.Unlock()
	if known != nil && w.Left {
		e.cfg.Notify(fmt.Sprintf("worker %s leaves", shown(w.Name)))
	}
}

// forget drops the workers without recent heartbeats. The server redelivers their
// chunks to others.
func (e *Executor) forget() {
	var gone []string
	e.mu.Lock()
	for name, w := range e.workers {
		if time.Since(w.last) > 3*e.session.beat()+e.cfg.ackWait/2 {
			gone = append(gone, name)
			delete(e.workers, name)
		}
	}
	e.tally()
	e.mu.Unlock()
	slices.Sort(gone)
	for _, name := range gone {
		e.cfg.Notify(fmt.Sprintf("worker %s is gone: it sends no beats", shown(name)))
	}
}

// names returns the names of the present workers.
func (e *Executor) names() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Sorted(maps.Keys(e.workers))
}

// Close ends the session: the workers leave it, and the server drops its data.
func (e *Executor) Close() error {
	e.stop()
	e.beating.Wait()
	e.count(func(s *Session) { s.Ended = true })
	err := e.nc.Publish(sessionSubject, e.record())
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return errors.Join(err, e.removeConsumers(ctx), e.nc.FlushWithContext(ctx))
}
