package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/world"
)

const token = "a token for tests"

// faultWait is the acknowledgement time of the tests of faults.
const faultWait = 1500 * time.Millisecond

// long skips a test that mostly waits for time-outs, except in the long form:
// GPSTORM_LONG=on go test ./campaign/cluster
func long(t *testing.T) {
	t.Helper()
	if os.Getenv("GPSTORM_LONG") != "on" {
		t.Skip("waits for time-outs; GPSTORM_LONG=on runs it")
	}
}

func TestAFullStoreDelaysAndLosesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	// A few chunks and a few results.
	e := r.executor(sums, func(c *Config) { c.storeBytes = 96 << 10 })
	for range 3 {
		r.worker(sums, nil)
	}
	n := 20_000
	if testing.Short() {
		n = 6_000
	}
	got, err := lines(t, e, n, specs(t))
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, local(t, sums, n, specs(t)))
}

func TestMessagesOfStrangersCountForNothing(t *testing.T) {
	t.Parallel()
	const n = 600
	slow := lasting(time.Millisecond)
	r := newRig(t)
	e := r.executor(slow, nil)
	var said notes // by the worker
	r.worker(slow, func(w *Worker) { w.Notify = said.add })
	stranger := r.connect()
	publish := func(subject string, data []byte) {
		if err := stranger.Publish(subject, data); err != nil {
			t.Error(err)
		}
	}
	newer := func(v any) []byte { return bytes.Replace(packed(v), []byte(" 1\n"), []byte(" 2\n"), 1) }
	older := func(v any) []byte { return marshal(t, v) }
	greedy := &proof{Worker: "greedy", Slots: 1 << 62, World: "test", Model: "1", Build: "b1"}
	sent := 0
	spam := func(done int) {
		for i := done; i < n; i++ { // some are the first of a chunk that is under way
			wrong := specs(t)(i)
			wrong.Seed++
			r := sums(wrong)
			wrong.Label(&r)
			publish(place{e.id, e.runs, i}.result(), packed(&answer{First: i, Worker: "w", Results: []trial.Result{r}}))
		}
		p := place{e.id, e.runs, sent}
		good, wrong := specs(t)(sent), specs(t)(sent)
		wrong.Seed++
		result := func(s world.Spec) []trial.Result {
			r := sums(s)
			s.Label(&r)
			return []trial.Result{r}
		}
		unlabelled, odd := result(good), result(good)
		unlabelled[0].Fix = ""
		odd[0].Symptom = "odd"
		forged := result(good)
		forged[0].IPIs = 99
		fast := &Session{ID: "S", World: "test", AckWait: 3, TrialLimit: -1, Tries: 1}
		for _, data := range [][]byte{
			nil, []byte("junk"), packed("text"), packed(&answer{}), packed(&answer{First: sent, Worker: "w", Results: result(wrong)}),
			packed(&answer{First: sent, Worker: "w", Results: unlabelled}), packed(&answer{First: sent, Worker: "w", Results: odd}),
			packed(&answer{First: 1 << 40, Worker: "w", Results: result(good)}), packed(&answer{First: -5, Worker: "w", Results: result(good)}),
			packed(&answer{First: 1<<63 - 1, Worker: "w", Results: forged}),
			older(&answer{First: sent, Worker: "w", Results: forged}), newer(&answer{First: sent, Worker: "w", Results: forged}),
			{0xff, 0xff, 0xff, 0xff, 0x0f, 0},
			packed(fast), newer(fast), older(fast), packed(greedy), newer(greedy), older(greedy),
			packed(&chunk{}), newer(&chunk{}), older(&chunk{}),
		} {
			publish(p.result(), data)
			publish(place{e.id, e.runs, -1}.result(), data)
			publish(place{e.id, e.runs + 1, 0}.result(), data)
			publish("gpstorm.result."+e.id+".x.y", data)
			publish(p.work(), data) // workers must refuse it
			publish(sessionSubject, data)
			publish(workerSubject, data)
			publish(joinSubject+e.id, data)
			publish(advisory+workStream+"."+e.id, data)
		}
		sent++
	}
	var out bytes.Buffer
	err := e.Execute(t.Context(), n, specs(t), func(i int, result trial.Result) error {
		if i%100 == 0 {
			spam(i)
		}
		return json.NewEncoder(&out).Encode(&result)
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, out.Bytes(), local(t, sums, n, specs(t)))
	if s := e.Session(); s.Rejected == 0 || s.Slots > 2 {
		t.Errorf("session %+v; want messages that were rejected, and 2 slots at most", s)
	}
	const want = "message on "
	for who, text := range map[string]string{"coordinator": r.notes.String(), "worker": said.String()} {
		if k := strings.Count(text, want); k != maxNamed {
			t.Errorf("%s: %d lines begin with %q, want %d:\n%s", who, k, want, maxNamed, text)
		}
	}
	for want, data := range map[string][]byte{
		"message: slots: 4611686018427387904: want 1 to 4096":        packed(greedy),
		"message: version 2: want 1: run the same build everywhere":  newer(greedy),
		"message: no version: want 1: run the same build everywhere": older(greedy),
		`message: json: unknown field "scenarios"`:                   packed(&chunk{}),
		"world: none: want test":                                     packed(&proof{Worker: "w", Slots: 1}),
	} {
		var v verdict
		m, err := stranger.Request(joinSubject+e.id, data, 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if err := unpack(m.Data, &v); err != nil || v.Refused != want {
			t.Errorf("verdict %+v, error %v; want %s", v, err, want)
		}
	}
}

func TestOneOfThreeServersIsLost(t *testing.T) {
	long(t)
	servers, urls := three(t)
	slow := lasting(2 * time.Millisecond)
	connect := func() *nats.Conn {
		nc, err := Access{URL: strings.Join(urls, ","), Token: token}.Connect("test")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(nc.Close)
		return nc
	}
	r := &rig{t, nil, &notes{}}
	var e *Executor
	for end := time.Now().Add(time.Minute); ; { // until the servers have a leader
		var err error
		e, err = Open(t.Context(), connect(), Config{World: slow, Build: "b1", ackWait: faultWait, patience: time.Minute, tries: 20, Replicas: 3, Notify: r.notes.add})
		if err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	for range 2 {
		w := &Worker{Conn: connect(), Worlds: []world.World{slow}, Build: "b1", Slots: 1}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- w.Run(ctx) }()
		defer func() { cancel(); <-done }()
	}
	const n = 2000
	var out bytes.Buffer
	err := e.Execute(t.Context(), n, specs(t), func(i int, result trial.Result) error {
		if i == 300 { // the one that leads the queue
			stream, err := e.js.Stream(t.Context(), workStream)
			if err != nil {
				return err
			}
			info := stream.CachedInfo()
			k := slices.IndexFunc(servers, func(s *server.Server) bool { return s.Name() == info.Cluster.Leader })
			servers[max(k, 0)].Shutdown()
		}
		return json.NewEncoder(&out).Encode(&result)
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, out.Bytes(), local(t, sums, n, specs(t)))
}

// three starts a cluster of three servers.
func three(t *testing.T) (servers []*server.Server, urls []string) {
	t.Helper()
	var routes []*url.URL
	var ports []int
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
		routes = append(routes, &url.URL{Scheme: "nats", Host: l.Addr().String()})
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 {
		s, err := server.NewServer(&server.Options{
			ServerName: fmt.Sprint("n", i), Host: "127.0.0.1", Port: -1, Authorization: token, NoSigs: true, NoLog: true,
			JetStream: true, StoreDir: t.TempDir(), JetStreamMaxStore: maxStore, JetStreamMaxMemory: 1 << 20, Routes: routes,
			Cluster: server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: ports[i]},
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
		servers = append(servers, s)
	}
	for _, s := range servers {
		if !s.ReadyForConnections(30 * time.Second) {
			t.Fatal("a server does not start")
		}
		urls = append(urls, "nats://"+s.Addr().String())
	}
	return servers, urls
}
