package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// The streams. Each is shared by all coordinators of a server; a session has a
// consumer of its own in each.
const (
	workStream   = "gpstorm_work"    // chunks that wait for a worker or run
	resultStream = "gpstorm_results" // results on their way to a coordinator
	deadStream   = "gpstorm_dead"    // advisories on chunks that reached the bound on deliveries
)

// The subjects of plain messages.
const (
	askSubject     = "gpstorm.ask"     // coordinators and workers answer
	seekSubject    = "gpstorm.seek"    // coordinators answer
	sessionSubject = "gpstorm.session" // heartbeats of coordinators
	workerSubject  = "gpstorm.worker"  // heartbeats of workers
	joinSubject    = "gpstorm.join."   // + session: a worker requests admission
)

// advisory is the subject on which JetStream reports a message that was delivered as
// often as its consumer allows.
const advisory = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES."

// maxAge bounds the time that the server keeps a message. A message stays unfetched if
// its coordinator was killed.
const maxAge = 24 * time.Hour

// place identifies the messages of one chunk: the session, the number of the execution
// in the session, and the number of the chunk's first trial.
type place struct {
	session    string
	run, first int
}

func (p place) work() string   { return "gpstorm.work." + p.String() }
func (p place) result() string { return "gpstorm.result." + p.String() }
func (p place) String() string { return fmt.Sprintf("%s.%d.%d", p.session, p.run, p.first) }

// placeOf reads the subject of a chunk or of results.
func placeOf(subject string) (p place, ok bool) {
	parts := strings.Split(subject, ".")
	if len(parts) != 5 {
		return p, false
	}
	run, errRun := strconv.Atoi(parts[3])
	first, errFirst := strconv.Atoi(parts[4])
	return place{parts[2], run, first}, errRun == nil && errFirst == nil && run > 0 && first >= 0
}

// makeStreams creates the streams, or updates the settings of existing ones.
func (e *Executor) makeStreams(ctx context.Context) error {
	storage := jetstream.FileStorage
	if e.cfg.InMemory {
		storage = jetstream.MemoryStorage
	}
	for _, s := range []jetstream.StreamConfig{
		{Name: workStream, Subjects: []string{"gpstorm.work.>"}, Retention: jetstream.WorkQueuePolicy, MaxBytes: e.cfg.storeBytes / 4, Discard: jetstream.DiscardNew},
		{Name: resultStream, Subjects: []string{"gpstorm.result.>"}, Retention: jetstream.WorkQueuePolicy, MaxBytes: e.cfg.storeBytes / 2, Discard: jetstream.DiscardNew},
		{Name: deadStream, Subjects: []string{advisory + workStream + ".>"}, Retention: jetstream.WorkQueuePolicy, MaxBytes: e.cfg.storeBytes / 16, Discard: jetstream.DiscardOld},
	} {
		s.MaxAge, s.Storage, s.Replicas = maxAge, storage, e.cfg.Replicas
		// The server keeps the names of messages in memory for this time.
		s.Duplicates = e.cfg.ackWait
		if _, err := e.js.CreateOrUpdateStream(ctx, s); err != nil {
			return fmt.Errorf("stream %s: %w", s.Name, err)
		}
	}
	return nil
}

// makeConsumers creates the consumers of the session or keeps existing ones. The server
// removes unused ones after a while.
func (e *Executor) makeConsumers(ctx context.Context) error {
	inactive := 10 * e.cfg.ackWait
	work := jetstream.ConsumerConfig{
		Durable: e.id, FilterSubject: "gpstorm.work." + e.id + ".>", InactiveThreshold: inactive,
		AckPolicy: jetstream.AckExplicitPolicy, AckWait: e.cfg.ackWait, MaxDeliver: e.cfg.tries, MaxAckPending: -1,
	}
	results := jetstream.ConsumerConfig{
		Durable: e.id, FilterSubject: "gpstorm.result." + e.id + ".>", InactiveThreshold: inactive,
		AckPolicy: jetstream.AckExplicitPolicy, AckWait: e.cfg.ackWait, MaxAckPending: -1,
	}
	dead := results
	dead.FilterSubject = advisory + workStream + "." + e.id
	if _, err := e.js.CreateOrUpdateConsumer(ctx, workStream, work); err != nil {
		return fmt.Errorf("consumer of %s: %w", workStream, err)
	}
	fromResults, err := e.js.CreateOrUpdateConsumer(ctx, resultStream, results)
	if err != nil {
		return fmt.Errorf("consumer of %s: %w", resultStream, err)
	}
	fromDead, err := e.js.CreateOrUpdateConsumer(ctx, deadStream, dead)
	if err != nil {
		return fmt.Errorf("consumer of %s: %w", deadStream, err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.results, e.dead = fromResults, fromDead
	return nil
}

// removeConsumers removes the consumers and the messages of the session.
func (e *Executor) removeConsumers(ctx context.Context) (err error) {
	for _, stream := range []string{workStream, resultStream, deadStream} {
		gone := e.js.DeleteConsumer(ctx, stream, e.id)
		if !errors.Is(gone, jetstream.ErrConsumerNotFound) {
			err = errors.Join(err, gone)
		}
	}
	return errors.Join(err, e.purge(ctx, e.id))
}

// purge removes the chunks and results of a session, or of one execution of it:
// "session.run".
func (e *Executor) purge(ctx context.Context, of string) error {
	for stream, subject := range map[string]string{workStream: "gpstorm.work.", resultStream: "gpstorm.result."} {
		s, err := e.js.Stream(ctx, stream)
		if err == nil {
			err = s.Purge(ctx, jetstream.WithPurgeSubject(subject+of+".>"))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sweep removes the messages of dead sessions. The server has removed the consumer of
// such a session, since its coordinator no longer fetches results.
func (e *Executor) sweep(ctx context.Context) error {
	// A live coordinator always fetches results, which keeps its consumer.
	s, err := e.js.Stream(ctx, resultStream)
	if err != nil {
		return err
	}
	var alive []string
	names := s.ConsumerNames(ctx)
	for name := range names.Name() {
		alive = append(alive, name)
	}
	if err := names.Err(); err != nil {
		return err
	}
	for stream, filter := range map[string]string{workStream: "gpstorm.work.>", resultStream: "gpstorm.result.>"} {
		s, err := e.js.Stream(ctx, stream)
		if err != nil {
			return err
		}
		info, err := s.Info(ctx, jetstream.WithSubjectFilter(filter))
		if err != nil {
			return err
		}
		for subject := range info.State.Subjects {
			p, ok := placeOf(subject)
			if ok && slices.Contains(alive, p.session) {
				continue
			}
			if err := s.Purge(ctx, jetstream.WithPurgeSubject(subject)); err != nil {
				return err
			}
		}
	}
	return nil
}
