package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"

	"github.com/gpstorm/gpstorm/world"
)

// Worker runs trials for all coordinators of a server that admit it.
type Worker struct {
	Conn   *nats.Conn
	Worlds []world.World
	// Build names the source of this program (Identity).
	Build string
	// Slots is the number of trials that run in parallel.
	Slots int
	// Idle bounds the time without work or without a connection, after which the
	// worker ends; 0 is no bound.
	Idle time.Duration
	// Notify, if set, is called with one line for each event of interest to a user.
	Notify func(string)

	js      jetstream.JetStream
	name    string
	stuck   chan error
	decoder decoder
	strange refusals

	mu       sync.Mutex
	sessions map[string]*attended
	turn     int
	trials   int
	running  int
	busyAt   time.Time
}

// WorkerState describes a worker in its heartbeats.
type WorkerState struct {
	Name     string   `json:"name"`
	Build    string   `json:"build"`
	Slots    int      `json:"slots"`
	Running  int      `json:"running"`
	Trials   int      `json:"trials"` // since it started
	Sessions []string `json:"sessions"`
	// Refused holds the reasons of coordinators that refused it.
	Refused map[string]string `json:"refused,omitempty"`
	Left    bool              `json:"left,omitempty"`
}

// maxSessions bounds the coordinators that a worker attends to.
const maxSessions = 256

// attended is a coordinator from which the worker receives heartbeats.
type attended struct {
	Session
	last     time.Time
	world    world.World
	consumer jetstream.Consumer // nil until it is admitted
	refused  string
	joining  bool
}

// Run works until ctx ends or the worker has been idle for as long as Idle allows. In
// worlds of virtual time it finishes the running chunks. It returns an error if a trial
// did not end or a lost connection was not restored.
func (w *Worker) Run(ctx context.Context) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	w.name = fmt.Sprintf("%s-%d-%s", host, os.Getpid(), nuid.Next()[18:])
	if w.js, err = jetstream.New(w.Conn); err != nil {
		return err
	}
	w.sessions, w.stuck, w.busyAt = map[string]*attended{}, make(chan error, w.Slots), time.Now()
	if w.Notify == nil {
		w.Notify = func(string) {}
	}
	w.strange.notify = w.Notify
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	inbox := nats.NewInbox()
	for subject, handle := range map[string]nats.MsgHandler{
		sessionSubject: func(m *nats.Msg) { w.hear(inner, m) },
		inbox:          func(m *nats.Msg) { w.hear(inner, m) },
		askSubject:     func(m *nats.Msg) { _ = m.Respond(w.record(false)) },
	} {
		sub, err := w.Conn.Subscribe(subject, handle)
		if err != nil {
			return err
		}
		defer sub.Unsubscribe() //nolint:errcheck // the connection ends with it
	}
	if err := w.Conn.PublishRequest(seekSubject, inbox, nil); err != nil {
		return err
	}
	var slots sync.WaitGroup
	for range w.Slots {
		slots.Go(func() { w.slot(inner) })
	}
	err = w.watch(inner)
	cancel()
	if err == nil {
		slots.Wait()
	}
	_ = w.Conn.Publish(workerSubject, w.record(true)) // it may be lost
	_ = w.Conn.FlushTimeout(time.Second)
	return err
}

// watch sends heartbeats and returns when the worker must end.
func (w *Worker) watch(ctx context.Context) error {
	for {
		beat := 3 * time.Second
		w.mu.Lock()
		for id, s := range w.sessions {
			beat = min(beat, s.beat())
			if time.Since(s.last) > 4*s.beat()+s.AckWait/2 {
				delete(w.sessions, id)
			}
		}
		if w.running > 0 {
			w.busyAt = time.Now()
		}
		idle := time.Since(w.busyAt)
		w.mu.Unlock()
		if w.Idle > 0 && idle > w.Idle {
			if !w.Conn.IsConnected() {
				return fmt.Errorf("server: no connection for %v", idle.Round(time.Second))
			}
			w.Notify(fmt.Sprintf("idle for %v", idle.Round(time.Second)))
			return nil
		}
		_ = w.Conn.Publish(workerSubject, w.record(false)) // it may be lost
		select {
		case <-ctx.Done():
			return nil
		case err := <-w.stuck:
			return err
		case <-time.After(beat):
		}
	}
}

func (w *Worker) record(left bool) []byte {
	s := w.state()
	s.Left = left
	return packed(&s)
}

func (w *Worker) state() WorkerState {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := WorkerState{Name: w.name, Build: w.Build, Slots: w.Slots, Running: w.running, Trials: w.trials, Sessions: []string{}}
	for _, id := range slices.Sorted(maps.Keys(w.sessions)) {
		if a := w.sessions[id]; a.consumer != nil {
			s.Sessions = append(s.Sessions, id)
		} else if a.refused != "" {
			if s.Refused == nil {
				s.Refused = map[string]string{}
			}
			s.Refused[id] = a.refused
		}
	}
	return s
}

// hear records the heartbeat of a coordinator and requests admission by a new one.
func (w *Worker) hear(ctx context.Context, m *nats.Msg) {
	if len(m.Data) == 0 {
		return // the server says that no coordinator is there
	}
	var s Session
	if err := unpack(m.Data, &s); err != nil {
		w.strange.add(m.Subject, err)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if s.Ended {
		delete(w.sessions, s.ID)
		return
	}
	a := w.sessions[s.ID]
	if a == nil {
		if len(w.sessions) >= maxSessions {
			return
		}
		a = &attended{Session: s}
		w.sessions[s.ID] = a
	}
	a.last, a.Run = time.Now(), s.Run
	if a.consumer == nil && a.refused == "" && !a.joining {
		a.joining = true
		go w.join(ctx, a)
	}
}

// join runs the canary trials and requests admission.
func (w *Worker) join(ctx context.Context, a *attended) {
	consumer, refused := jetstream.Consumer(nil), ""
	defer func() {
		w.mu.Lock()
		a.joining, a.consumer, a.refused, a.last = false, consumer, refused, time.Now()
		w.mu.Unlock()
		if refused != "" {
			w.Notify(fmt.Sprintf("refused by coordinator %s: %s", a.ID, refused))
		}
	}()
	ask := func(b []byte, v checked) bool {
		m, err := w.Conn.Request(joinSubject+a.ID, b, max(a.AckWait/3, time.Second))
		if err != nil {
			return false // the next beat of the coordinator starts over
		}
		if err := unpack(m.Data, v); err != nil {
			refused = err.Error()
		}
		return refused == ""
	}
	var q question
	if !ask(nil, &q) {
		return
	}
	p := proof{Build: w.Build}
	for _, one := range w.Worlds {
		if one.Name() == a.World {
			a.world = one
			p = prove(ctx, one, w.Build, q.Canaries)
		}
	}
	p.Worker, p.Slots = w.name, w.Slots
	var v verdict
	if !ask(packed(&p), &v) {
		return
	}
	if refused = v.Refused; refused != "" {
		return
	}
	c, err := w.js.Consumer(ctx, workStream, a.ID)
	if err != nil {
		return
	}
	consumer = c
}

// pick returns the next coordinator to work for, or nil, and the time to wait for one of
// its chunks. A wait that ends without a chunk costs the server time in proportion to
// the number of waiters, so it is short only if another coordinator may have work.
func (w *Worker) pick() (a *attended, wait time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []*attended
	for _, id := range slices.Sorted(maps.Keys(w.sessions)) {
		if a := w.sessions[id]; a.consumer != nil {
			all = append(all, a)
		}
	}
	if len(all) == 0 {
		return nil, 0
	}
	w.turn++
	wait = 10 * time.Second
	if len(all) > 1 {
		wait = time.Second
	}
	return all[w.turn%len(all)], wait
}

// slot runs one chunk after another.
func (w *Worker) slot(ctx context.Context) {
	pause := func(d time.Duration) {
		select {
		case <-ctx.Done():
		case <-time.After(d):
		}
	}
	for ctx.Err() == nil {
		a, wait := w.pick()
		if a == nil {
			pause(50 * time.Millisecond)
			continue
		}
		waiting, cancel := context.WithTimeout(ctx, wait)
		m, err := a.consumer.Next(jetstream.FetchContext(waiting))
		cancel()
		switch {
		case errors.Is(err, nats.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
			continue
		case err != nil:
			pause(a.beat())
			continue
		}
		w.busy(1, 0)
		err = w.chunk(ctx, a, m)
		w.busy(-1, 0)
		if err != nil {
			w.stuck <- err
			return
		}
	}
}

// busy changes the numbers of slots that run a chunk, and of trials that were run.
func (w *Worker) busy(running, trials int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running += running
	w.trials += trials
	w.busyAt = time.Now()
}

// chunk runs a chunk, publishes its results, and acknowledges it. It returns an error if
// a trial did not end.
func (w *Worker) chunk(ctx context.Context, a *attended, m jetstream.Msg) error {
	p, ok := placeOf(m.Subject())
	var c chunk
	var specs []world.Spec
	err := unpack(m.Data(), &c)
	if err == nil {
		specs, err = w.decoder.specs(&c)
	}
	if err == nil && (!ok || p.session != a.ID) {
		err = errors.New("subject: want session.execution.trial")
	}
	if err != nil {
		_ = m.Term() // nobody can run it
		w.strange.add(m.Subject(), err)
		return nil
	}
	r := &running{w: w, a: a, place: p, specs: specs, want: c.Want, try: 1, ending: ctx.Done()}
	if meta, err := m.Metadata(); err == nil {
		r.try = meta.NumDelivered
	}
	if a.world.Facts().Virtual {
		ctx = context.WithoutCancel(ctx) // trials in virtual time are short
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.progress.Store(time.Now().UnixNano())
	done := make(chan error, 1)
	go func() { done <- r.run(ctx) }()
	limit := time.NewTimer(a.TrialLimit)
	defer limit.Stop()
	alive := time.NewTicker(a.AckWait / 4)
	defer alive.Stop()
	for {
		select {
		case err := <-done:
			if err != nil {
				_ = m.NakWithDelay(a.beat()) // another worker may succeed
			} else {
				_ = m.Ack() // if it is lost, the chunk runs again and counts once
			}
			return nil
		case <-alive.C:
			_ = m.InProgress()
		case <-limit.C:
			// The end of a trial does not reset the timer: trials are many, timeouts rare.
			if left := a.TrialLimit - time.Since(time.Unix(0, r.progress.Load())); left > 0 {
				limit.Reset(left)
				continue
			}
			_ = m.Nak()
			return fmt.Errorf("a trial of %d from %s did not end within %v", len(specs), specs[0], a.TrialLimit)
		}
	}
}
