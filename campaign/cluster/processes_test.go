//go:build unix

package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/worldtest"
)

var schedules = flag.Int("faults", 1, "how many random schedules of faults to try")

// role is the environment variable by which this program is a process of a cluster:
// the name of the role and its arguments, in JSON.
const role = "GPSTORM_CLUSTER_TEST"

// process configures a child process of the test.
type process struct {
	Role   string // server, worker or coordinator
	Listen string
	URL    string
	Store  string
	Out    string
	Crash  bool // the world ends the process in one trial
	Hang   bool // one trial does not end

	Cert, Key string // of a server with TLS
	CA        string // that signed the server's certificate

	wrap []string // a command that runs it, and arguments
}

func TestMain(m *testing.M) {
	text := os.Getenv(role)
	if text == "" {
		// Most tests wait for messages and timeouts, not for a CPU.
		if err := flag.Set("test.parallel", "8"); err != nil {
			panic(err)
		}
		os.Exit(m.Run())
	}
	go func() { // no child outlives the test
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(9)
	}()
	var p process
	err := json.Unmarshal([]byte(text), &p)
	if err == nil {
		err = p.run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func (p *process) run() error {
	ctx := context.Background()
	if p.Role == "server" {
		if _, err := Serve(ServerConfig{Listen: p.Listen, Token: token, Store: p.Store, Cert: p.Cert, Key: p.Key}); err != nil {
			return err
		}
		select {}
	}
	access := Access{URL: p.URL, Token: token, CA: p.CA}
	nc, err := access.Connect(p.Role)
	for end := time.Now().Add(30 * time.Second); err != nil && time.Now().Before(end); {
		time.Sleep(100 * time.Millisecond) // the server may be down just now
		nc, err = access.Connect(p.Role)
	}
	if err != nil {
		return err
	}
	defer nc.Close()
	if p.Role == "worker" {
		w := &Worker{Conn: nc, Worlds: []world.World{p.world()}, Build: "b1", Slots: 1}
		return w.Run(ctx)
	}
	e, err := Open(ctx, nc, Config{
		World: p.world(), Build: "b1", ackWait: faultWait, patience: 90 * time.Second, tries: 20,
		Notify: func(line string) { fmt.Fprintln(os.Stderr, line) },
	})
	if err != nil {
		return err
	}
	_, err = campaign.Run(ctx, faultPlan(), e, campaign.Options{Out: p.Out, Resume: true})
	if cerr := e.Close(); cerr != nil {
		fmt.Fprintln(os.Stderr, "close:", cerr) // the results are there all the same
	}
	return err
}

// world takes a few milliseconds for a trial.
func (p *process) world() world.World {
	return worldtest.Func(func(s world.Spec) trial.Result {
		time.Sleep(4 * time.Millisecond) // the duration of a trial: the faults must fall into the campaign
		if s.Variation == poisoned && p.Crash {
			os.Exit(7)
		}
		if s.Variation == poisoned && p.Hang {
			select {}
		}
		return sums(s)
	})
}

// poisoned is a variation whose trials fail their workers.
const poisoned = 150

func faultPlan() *campaign.Plan {
	calm, _ := workload.Preset(campaign.Calm)
	return &campaign.Plan{Scenarios: []workload.Scenario{calm}, Variations: 600, Fixes: []world.Subject{{Name: "a"}, {Name: "b"}}, Seed: 3}
}

// start starts a child.
func (p process) start(t *testing.T) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	args := append(p.wrap, exe)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), role+"="+string(b))
	cmd.Stderr = &logWriter{t: t, name: p.Role}
	if _, err := cmd.StdinPipe(); err != nil { // closes with this process
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(cmd) })
	return cmd
}

// kill kills a child that it may have killed before.
func kill(cmd *exec.Cmd) {
	if cmd.ProcessState == nil {
		_ = cmd.Process.Signal(syscall.SIGCONT)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}

// logWriter shows the lines of a child when its test fails.
type logWriter struct {
	t    *testing.T
	name string
}

func (l *logWriter) Write(b []byte) (int, error) {
	l.t.Logf("%s: %s", l.name, bytes.TrimSpace(b))
	return len(b), nil
}

// cut is a network that can be cut: a relay of connections to a server.
type cut struct {
	to  string
	l   net.Listener
	mu  sync.Mutex
	off bool
	all []net.Conn
}

func newCut(t *testing.T, to string) *cut {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cut{to: to, l: l}
	t.Cleanup(func() { _ = l.Close(); c.set(true) })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go c.relay(in)
		}
	}()
	return c
}

func (c *cut) relay(in net.Conn) {
	out, err := net.Dial("tcp", c.to)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil || c.off {
		_ = in.Close()
		if err == nil {
			_ = out.Close()
		}
		return
	}
	c.all = append(c.all, in, out)
	for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
		go func() {
			_, _ = io.Copy(pair[0], pair[1])
			_ = pair[0].Close()
		}()
	}
}

// set cuts the network, or mends it.
func (c *cut) set(off bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off = off
	for _, conn := range c.all {
		if off {
			_ = conn.Close()
		}
	}
	c.all = nil
}

// cast is the processes of a cluster.
type cast struct {
	t           *testing.T
	server      process
	serverCmd   *exec.Cmd
	worker      process
	workers     []*exec.Cmd
	coordinator process
	coordCmd    *exec.Cmd
	net         *cut // between the workers and the server
}

func newCast(t *testing.T, workers int) *cast {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	c := &cast{t: t, net: newCut(t, address)}
	c.server = process{Role: "server", Listen: address, Store: filepath.Join(dir, "store")}
	c.worker = process{Role: "worker", URL: "nats://" + c.net.l.Addr().String()}
	c.coordinator = process{Role: "coordinator", URL: "nats://" + address, Out: filepath.Join(dir, "results.jsonl")}
	c.startServer()
	for range workers {
		c.workers = append(c.workers, c.worker.start(t))
	}
	c.coordCmd = c.coordinator.start(t)
	return c
}

// startServer starts the server and waits until it accepts connections.
func (c *cast) startServer() {
	c.t.Helper()
	c.serverCmd = c.server.start(c.t)
	for end := time.Now().Add(30 * time.Second); ; {
		nc, err := Access{URL: "nats://" + c.server.Listen, Token: token}.Connect("test")
		if err == nil {
			nc.Close()
			return
		}
		if time.Now().After(end) {
			c.t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond) // between two tries
	}
}

// trials waits until the results file holds that many lines.
func (c *cast) trials(n int) {
	c.t.Helper()
	for end := time.Now().Add(90 * time.Second); ; time.Sleep(20 * time.Millisecond) { // between two looks
		b, _ := os.ReadFile(c.coordinator.Out)
		if bytes.Count(b, []byte("\n")) > n {
			return
		}
		if time.Now().After(end) {
			c.t.Fatalf("%d lines of results, want %d", bytes.Count(b, []byte("\n")), n)
		}
	}
}

// finish waits for the coordinator and compares its results file with that of a
// local run.
func (c *cast) finish() {
	c.t.Helper()
	done := make(chan error, 1)
	go func() { done <- c.coordCmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			c.t.Fatal(err)
		}
	case <-time.After(2 * time.Minute):
		c.t.Fatal("the coordinator does not end")
	}
	got, err := os.ReadFile(c.coordinator.Out)
	if err != nil {
		c.t.Fatal(err)
	}
	same(c.t, got, faultResults())
}

// faultResults is the results file of a local run.
var faultResults = sync.OnceValue(func() []byte {
	dir, err := os.MkdirTemp("", "gpstorm-*")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
	out := filepath.Join(dir, "results.jsonl")
	if _, err := campaign.Run(context.Background(), faultPlan(), &campaign.Local{World: sums}, campaign.Options{Out: out}); err != nil {
		panic(err)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		panic(err)
	}
	return b
})

// fault is something that goes wrong, and how long it stays so.
type fault struct {
	name string
	do   func(c *cast, r *rand.Rand)
}

// outage is long beside the acknowledgement time.
const outage = 2*faultWait + 500*time.Millisecond

var faults = []fault{
	{"worker killed", func(c *cast, r *rand.Rand) {
		i := r.IntN(len(c.workers))
		kill(c.workers[i])
		c.workers[i] = c.worker.start(c.t)
	}},
	{"worker stopped beyond the acknowledgement time", func(c *cast, r *rand.Rand) {
		w := c.workers[r.IntN(len(c.workers))].Process
		_ = w.Signal(syscall.SIGSTOP)
		time.Sleep(outage) // the fault
		_ = w.Signal(syscall.SIGCONT)
	}},
	{"server killed and started again", func(c *cast, _ *rand.Rand) {
		kill(c.serverCmd)
		c.startServer()
	}},
	{"coordinator killed and resumed", func(c *cast, _ *rand.Rand) {
		kill(c.coordCmd)
		c.coordCmd = c.coordinator.start(c.t)
	}},
	{"network of the workers cut", func(c *cast, _ *rand.Rand) {
		c.net.set(true)
		time.Sleep(outage) // the fault
		c.net.set(false)
	}},
	{"coordinator stopped", func(c *cast, _ *rand.Rand) {
		_ = c.coordCmd.Process.Signal(syscall.SIGSTOP)
		time.Sleep(outage) // the fault
		_ = c.coordCmd.Process.Signal(syscall.SIGCONT)
	}},
}

func TestEachFaultLeavesTheResultsTheSame(t *testing.T) {
	long(t)
	for i, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			c := newCast(t, 2)
			c.trials(200)
			f.do(c, rand.New(rand.NewPCG(1, uint64(i))))
			c.finish()
		})
	}
}

func TestRandomSchedulesOfFaultsLeaveTheResultsTheSame(t *testing.T) {
	long(t)
	for seed := range *schedules {
		t.Run(strconv.Itoa(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(7, uint64(seed)))
			c := newCast(t, 2+r.IntN(2))
			var done []string
			for at := 30 + r.IntN(200); at < 1100; at += 50 + r.IntN(400) {
				c.trials(at)
				f := faults[r.IntN(len(faults))]
				done = append(done, fmt.Sprintf("%s at %d", f.name, at))
				f.do(c, r)
			}
			t.Log(strings.Join(done, ", "))
			c.finish()
		})
	}
}

func TestAPoisonedTrialIsSetAsideAndNamed(t *testing.T) {
	long(t)
	for _, how := range []string{"crash", "hang"} {
		t.Run(how, func(t *testing.T) {
			c := newCast(t, 0)
			kill(c.coordCmd)
			c.worker.Crash, c.worker.Hang = how == "crash", how == "hang"
			for range 4 {
				c.workers = append(c.workers, c.worker.start(t))
			}
			nc, err := Access{URL: c.coordinator.URL, Token: token}.Connect("test")
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			var n notes
			e, err := Open(t.Context(), nc, Config{World: sums, Build: "b1", ackWait: faultWait, trialLimit: time.Second, patience: time.Minute, Notify: n.add})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := e.Close(); err != nil {
					t.Error(err)
				}
			}()
			out := filepath.Join(t.TempDir(), "results.jsonl")
			_, err = campaign.Run(t.Context(), faultPlan(), e, campaign.Options{Out: out})
			want := fmt.Sprintf("variation %d, seed", poisoned)
			if f := (*world.Failure)(nil); !errors.As(err, &f) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "in 3 tries") {
				t.Errorf("error %v, want a failure of the world that names %s and 3 tries", err, want)
			}
			got, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(got, []byte("\n")); n != 1+2*poisoned || !bytes.HasPrefix(faultResults(), got) {
				t.Errorf("%d lines, want the head and the %d trials before it", n, 2*poisoned)
			}
		})
	}
}
