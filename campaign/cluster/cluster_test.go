package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/gpstorm/gpstorm/campaign"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/worldtest"
)

// sums is a world whose results are functions of the spec.
var sums worldtest.Func = func(s world.Spec) trial.Result {
	return trial.Result{
		Symptom:   trial.NoSymptom,
		Diagnosis: trial.OK, Closes: []trial.Close{{Task: "closer", Wait: time.Duration(s.Seed)}},
		StormDuty: 1 / float64(s.Seed%97+3), Checksum: trial.Checksum(s.Seed * 7919),
	}
}

// lasting returns the world of sums with trials that take time, so that a campaign is
// still under way when the test does something to it.
func lasting(d time.Duration) worldtest.Func {
	return func(s world.Spec) trial.Result {
		time.Sleep(d) // the duration of a trial
		return sums(s)
	}
}

// scenario is a valid scenario.
func scenario(t testing.TB) workload.Scenario {
	t.Helper()
	sc, ok := workload.Preset(campaign.Calm)
	if !ok {
		t.Fatal("no preset")
	}
	return sc
}

// specs numbers trials.
func specs(t testing.TB) func(int) world.Spec {
	sc := scenario(t)
	return func(i int) world.Spec {
		return world.Spec{Scenario: sc, Variation: i, Subject: []string{"a", "b"}[i%2], Seed: uint64(i) * 31}
	}
}

// rig is a server with its clients; all end with the test.
type rig struct {
	t      *testing.T
	server *Server
	notes  *notes
}

func newRig(t *testing.T) *rig {
	t.Helper()
	s, err := Serve(ServerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Shutdown(); err != nil {
			t.Error(err)
		}
	})
	return &rig{t, s, &notes{}}
}

// notes are the lines of Notify.
type notes struct {
	mu    sync.Mutex
	lines []string
}

func (n *notes) add(line string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, line)
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Join(n.lines, "\n")
}

func (r *rig) connect() *nats.Conn {
	r.t.Helper()
	nc, err := r.server.Connect("test")
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(nc.Close)
	return nc
}

// executor opens a session with time-outs of seconds.
func (r *rig) executor(w world.World, change func(*Config)) *Executor {
	r.t.Helper()
	cfg := Config{World: w, Build: "b1", ackWait: 2 * time.Second, patience: time.Minute, InMemory: true, Notify: r.notes.add}
	if change != nil {
		change(&cfg)
	}
	e, err := Open(r.t.Context(), r.connect(), cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		if err := e.Close(); err != nil {
			r.t.Error(err)
		}
	})
	return e
}

// worker starts a worker. The function ends it and returns its error.
func (r *rig) worker(w world.World, change func(*Worker)) (end func() error) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	work := &Worker{Conn: r.connect(), Worlds: []world.World{w}, Build: "b1", Slots: 2, Notify: r.notes.add}
	if change != nil {
		change(work)
	}
	done := make(chan error, 1)
	go func() { done <- work.Run(ctx) }()
	end = sync.OnceValue(func() error { cancel(); return <-done })
	r.t.Cleanup(func() { _ = end() })
	return end
}

// lines runs n trials and returns their results as JSON Lines.
func lines(t *testing.T, ex campaign.Executor, n int, spec func(int) world.Spec) ([]byte, error) {
	t.Helper()
	var out bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	next := 0
	err := ex.Execute(ctx, n, spec, func(i int, r trial.Result) error {
		if i != next {
			t.Errorf("trial %d is emitted, want %d", i, next)
		}
		next++
		return json.NewEncoder(&out).Encode(&r)
	})
	return out.Bytes(), err
}

func local(t *testing.T, w world.World, n int, spec func(int) world.Spec) []byte {
	t.Helper()
	b, err := lines(t, &campaign.Local{World: w}, n, spec)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func same(t *testing.T, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Fatalf("%d bytes, want %d that are the same", len(got), len(want))
	}
}

func TestResultsAreThoseOfALocalRunHoweverManyWorkersThereAre(t *testing.T) {
	t.Parallel()
	const n = 1000
	want := local(t, sums, n, specs(t))
	for _, workers := range []int{1, 3} {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			e := r.executor(sums, nil)
			for range workers {
				r.worker(sums, nil)
			}
			for range 2 { // executions of one session follow each other
				got, err := lines(t, e, n, specs(t))
				if err != nil {
					t.Fatal(err)
				}
				same(t, got, want)
			}
		})
	}
}

func TestWorkersComeAndGo(t *testing.T) {
	t.Parallel()
	slow := lasting(time.Millisecond)
	const n = 2000
	r := newRig(t)
	e := r.executor(slow, nil)
	end := r.worker(slow, nil)
	emitted := 0
	var out bytes.Buffer
	err := e.Execute(t.Context(), n, specs(t), func(_ int, result trial.Result) error {
		if emitted++; emitted%500 == 0 {
			r.worker(slow, nil)
			if err := end(); err != nil {
				t.Error(err)
			}
			end = r.worker(slow, nil)
		}
		return json.NewEncoder(&out).Encode(&result)
	})
	if err != nil {
		t.Fatal(err)
	}
	same(t, out.Bytes(), local(t, sums, n, specs(t)))
}

func TestEnoughResultsTakeBackWhatIsQueued(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.executor(sums, nil)
	r.worker(sums, nil)
	seen := 0
	err := e.Execute(t.Context(), 10_000_000, specs(t), func(int, trial.Result) error {
		if seen++; seen == 10 {
			return campaign.ErrEnough
		}
		return nil
	})
	if err != nil || seen != 10 {
		t.Fatalf("%d results, error %v; want 10", seen, err)
	}
	st, err := Ask(t.Context(), r.connect(), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	// The results of a chunk that a worker began earlier may arrive late.
	if len(st.Sessions) != 1 || len(st.Workers) != 1 || st.Queued > 4 {
		t.Errorf("status %+v; want one session, one worker and at most what ran", st)
	}
	got, err := lines(t, e, 50, specs(t))
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, local(t, sums, 50, specs(t)))
}

func TestFewerTrialsAreAheadWhereResultsAreLarge(t *testing.T) {
	t.Parallel()
	const size, limit = 10_000, 1 << 20
	n := 3000
	if testing.Short() {
		n = 800
	}
	large := worldtest.Func(func(s world.Spec) trial.Result {
		r := sums(s)
		r.Log = []trial.Log{{Text: strings.Repeat("x", size)}}
		return r
	})
	for _, c := range []struct {
		world   world.World
		atMost  int
		atLeast int
	}{{sums, n, limit / size * 2}, {large, limit / size, 1}} {
		r := newRig(t)
		e := r.executor(c.world, func(cfg *Config) { cfg.aheadBytes = limit })
		r.worker(c.world, nil)
		emitted, most := 0, 0
		spec := specs(t)
		err := e.Execute(t.Context(), n, func(i int) world.Spec {
			most = max(most, i-emitted)
			return spec(i)
		}, func(int, trial.Result) error { emitted++; return nil })
		if err != nil {
			t.Fatal(err)
		}
		if most > c.atMost || most < c.atLeast || emitted != n {
			t.Errorf("%d trials ahead, want %d to %d", most, c.atLeast, c.atMost)
		}
	}
}

func TestAnInterruptEmitsNoGap(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	e := r.executor(sums, nil)
	r.worker(sums, nil)
	ctx, cancel := context.WithCancel(t.Context())
	seen := 0
	err := e.Execute(ctx, 10_000_000, specs(t), func(i int, _ trial.Result) error {
		if i != seen {
			t.Errorf("trial %d is emitted, want %d", i, seen)
		}
		if seen++; seen == 100 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
}

func TestAPanicNamesItsTrialAfterTheResultsBeforeIt(t *testing.T) {
	t.Parallel()
	bad := worldtest.Func(func(s world.Spec) trial.Result {
		if s.Variation == 77 {
			panic("planted")
		}
		return sums(s)
	})
	r := newRig(t)
	e := r.executor(bad, nil)
	r.worker(bad, nil)
	got, err := lines(t, e, 200, specs(t))
	want, wantErr := lines(t, &campaign.Local{World: bad}, 200, specs(t))
	if err == nil || wantErr == nil || err.Error() != wantErr.Error() {
		t.Errorf("error %v, want %v", err, wantErr)
	}
	same(t, got, want)
}

func TestAResultThatNoMessageHoldsNamesItsTrial(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*trial.Result)
		want  string
	}{
		"no number":     {func(r *trial.Result) { r.StormDuty = math.NaN() }, "result: storm_duty: NaN: want 0 to 1"},
		"no symptom":    {func(r *trial.Result) { r.Symptom = "" }, "result: symptom: "},
		"negative time": {func(r *trial.Result) { r.Closes[0].Wait = -1 }, "result: closes[0].wait_ns: -1: want 0 or more"},
		"too large":     {func(r *trial.Result) { r.Log = incompressible(9 << 20) }, "want at most"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := worldtest.Func(func(s world.Spec) trial.Result {
				r := sums(s)
				if s.Variation == 5 {
					c.spoil(&r)
				}
				return r
			})
			r := newRig(t)
			e := r.executor(bad, nil)
			r.worker(bad, nil)
			got, err := lines(t, e, 20, specs(t))
			if err == nil || !strings.Contains(err.Error(), "variation 5") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that names variation 5 and says %s", err, c.want)
			}
			same(t, got, local(t, sums, 5, specs(t)))
		})
	}
}

// incompressible is a log of that many bytes.
func incompressible(size int) []trial.Log {
	var b strings.Builder
	for r := rand.New(rand.NewPCG(1, 2)); b.Len() < size; {
		b.WriteString(strconv.FormatUint(r.Uint64(), 36))
	}
	return []trial.Log{{Text: b.String()}}
}

func TestAWorkerThatDiffersIsRefused(t *testing.T) {
	t.Parallel()
	other := worldtest.Func(func(s world.Spec) trial.Result { r := sums(s); r.IPIs++; return r })
	for _, c := range []struct {
		name  string
		world world.World
		build string
		want  string
	}{
		{"build", sums, "b2", `build: b2: want b1, that of the coordinator`},
		{"model", renamed{sums, "test", "9"}, "b1", `model: 9: want 1, that of the coordinator`},
		{"world", renamed{sums, "boot", "1"}, "b1", `world: none: want test`},
		{"results", other, "b1", "the worker computes other results"},
		{"candidate", lacks{sums, "b"}, "b2", "want the program that has this candidate, of build b1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			said := make(chan struct{}, 100)
			notify := func(line string) {
				r.notes.add(line)
				if strings.Contains(line, c.want) {
					said <- struct{}{}
				}
			}
			e := r.executor(sums, func(cfg *Config) {
				cfg.Canaries = []world.Spec{specs(t)(0), specs(t)(1)}
				cfg.Notify = notify
				cfg.patience = 100 * time.Millisecond
			})
			r.worker(c.world, func(w *Worker) { w.Build, w.Notify = c.build, notify })
			for range 2 { // worker and coordinator
				<-said
			}
			_, err := lines(t, e, 10, specs(t))
			if f := (*world.Failure)(nil); !errors.As(err, &f) || !strings.Contains(err.Error(), "no worker has joined") {
				t.Errorf("error %v, want that no worker has joined", err)
			}
			if notes := r.notes.String(); strings.Count(notes, c.want) != 2 {
				t.Errorf("worker and coordinator say\n%s\nwant both to say %s", notes, c.want)
			}
			e.cfg.patience = time.Minute
			// An equal one gets the work.
			r.worker(sums, nil)
			if _, err := lines(t, e, 10, specs(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

// renamed is a world with another name and model.
type renamed struct {
	worldtest.Func
	name, model string
}

func (r renamed) Name() string { return r.name }
func (r renamed) Facts() world.Facts {
	f := r.Func.Facts()
	f.Model = r.model
	return f
}

// lacks is a world without a subject.
type lacks struct {
	worldtest.Func
	subject string
}

func (l lacks) Subject(name string) (world.Subject, error) {
	if name == l.subject {
		return world.Subject{}, fmt.Errorf("fix: %s: want another", name)
	}
	return l.Func.Subject(name)
}
