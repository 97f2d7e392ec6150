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
	"github.com/gpstorm/gpstorm/world/worldtest"
)

const token = "a token for tests"

// faultWait is the acknowledgement time of the tests of faults.
const faultWait = 1500 * time.Millisecond

// long skips a test that mostly waits for time-outs, except in the long form:
// GPSTORM_LONG=on go test ./campaign/cluster
func long(t *testing.T) {
	t.Helper()
	if os.Getenv("GPSTORM_LONG") != "on" {
		t.Skip("GPSTORM_LONG=on runs it")
	}
}

func TestAFullStoreDelaysAndLosesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	// 24 KiB: a few chunks and a few results.
	e := r.executor(sums, func(c *Config) { c.storeBytes = 96 << 10 })
	for range 3 {
		r.worker(sums, nil)
	}
	const n = 20_000
	got, err := lines(t, e, n, specs(t))
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, local(t, sums, n, specs(t)))
}

func TestMessagesOfStrangersCountForNothing(t *testing.T) {
	t.Parallel()
	slow := worldtest.Func(func(s world.Spec) trial.Result { time.Sleep(time.Millisecond); return sums(s) })
	r := newRig(t)
	e := r.executor(slow, nil)
	r.worker(slow, nil)
	stranger := r.connect()
	publish := func(subject string, data []byte) {
		if err := stranger.Publish(subject, data); err != nil {
			t.Error(err)
		}
	}
	packed := func(v any) []byte {
		b, err := pack(v)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	sent := 0
	spam := func() {
		p := place{e.id, e.runs, sent}
		wrong := specs(t)(sent)
		wrong.Seed++
		var r, empty trial.Result
		wrong.Label(&r)
		for _, data := range [][]byte{
			nil, []byte("junk"), packed("text"), packed(&answer{}), packed(&answer{First: sent, Worker: "w", Results: []trial.Result{r}}),
			packed(&answer{First: sent, Worker: "w", Results: []trial.Result{empty}}),
			packed(&answer{First: 1 << 40, Worker: "w", Results: []trial.Result{r}}), packed(&answer{First: -5, Worker: "w", Results: []trial.Result{r}}),
			{0xff, 0xff, 0xff, 0xff, 0x0f, 0}, // says that it is 4 GiB long
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
	const n = 600
	var out bytes.Buffer
	err := e.Execute(t.Context(), n, specs(t), func(i int, result trial.Result) error {
		if i%100 == 0 {
			spam()
		}
		return json.NewEncoder(&out).Encode(&result)
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, out.Bytes(), local(t, sums, n, specs(t)))
	if s := e.Session(); s.Rejected == 0 {
		t.Errorf("session %+v; want messages that were rejected", s)
	}
}

func TestOneOfThreeServersIsLost(t *testing.T) {
	long(t)
	servers, urls := three(t)
	slow := worldtest.Func(func(s world.Spec) trial.Result { time.Sleep(2 * time.Millisecond); return sums(s) })
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
