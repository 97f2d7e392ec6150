package campaign

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gpstorm/gpstorm/seed"
	"github.com/gpstorm/gpstorm/trial"
	"github.com/gpstorm/gpstorm/workload"
	"github.com/gpstorm/gpstorm/world"
	"github.com/gpstorm/gpstorm/world/worldtest"
)

// synthetic is a world with known odds. The badness of a block is drawn from its
// seed, the same for every fix; baseline hangs in nine of ten blocks of scenarios
// that are not calm, good in one of ten, and busted is unsafe in one of four.
func synthetic(at world.Spec) trial.Result {
	s := at.Seed
	bad := seed.Stream(s, "how bad").Float64()
	if at.Scenario.Name == Calm {
		bad = 0
	}
	speed, limit := 1.0, 0.9
	switch at.Subject {
	case Baseline:
		speed, limit = 2, 0.1
	case "same":
		speed, limit = 2, 0.1
	}
	wait := time.Duration(speed * (1 + bad) * float64(10*time.Second))
	r := trial.Result{
		Symptom: trial.NoSymptom, Diagnosis: trial.OK,
		Closes: []trial.Close{{Task: "closer-0", Wait: wait, Waited: trial.GracePeriods{Normal: 4, Expedited: 2}, IPIs: 3}},
		Steps:  1000 + uint64(bad*1000), WorkerD: wait / 2,
		Checksum: trial.Checksum(s ^ seed.Hash(at.Subject+at.Scenario.Name)),
	}
	if bad > limit {
		r.Symptom, r.Diagnosis, r.HungTasks = trial.HungTask, trial.Starved, 1
		r.Overdue = 1
		r.Cause = &trial.Cause{RCU: trial.NormalRCU, Mechanism: trial.ReaderQueued, Task: "reader-" + string('0'+rune(s%10)), Group: "reader"}
		r.Closes[0] = trial.Close{Task: "closer-0", Wait: 300 * time.Second, Censored: true}
	}
	if at.Subject == "busted" && s%4 == 0 {
		r.Diagnosis, r.Violations = trial.Unsafe, []trial.Violation{{Oracle: trial.UseAfterFree, Detail: "reader 3 used object 7 after it was freed", Unsafe: true}}
	}
	return r
}

func scenario(name string) workload.Scenario {
	return workload.Scenario{Name: name, About: "about " + name}
}

func testPlan(variations int) *Plan {
	return &Plan{
		Scenarios:  []workload.Scenario{scenario(Calm), scenario(ReportStorm), scenario("heavy")},
		Variations: variations,
		Fixes: []world.Subject{
			{Name: Baseline, Must: world.MustHang},
			{Name: "good"}, {Name: "same"},
			{Name: "busted", Must: world.MustBeUnsafe},
		},
		Seed: 1,
	}
}

// headOf returns the head of a plan in a test world.
func headOf(p *Plan) Head { return p.head(worldtest.Func(nil).Name(), worldtest.Func(nil).Facts()) }

// in runs trials in a test world.
func in(run worldtest.Func) *Local { return &Local{World: run} }

// runToFile runs the plan and returns the bytes of its results file.
func runToFile(t *testing.T, p *Plan, ex Executor, o Options) []byte {
	t.Helper()
	if o.Out == "" {
		o.Out = filepath.Join(t.TempDir(), "results.jsonl")
	}
	if _, err := Run(context.Background(), p, ex, o); err != nil {
		t.Fatal(err)
	}
	return read(t, o.Out)
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, b []byte) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "results.jsonl")
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// same compares results files without printing them.
func same(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if bytes.Equal(got, want) {
		return
	}
	g, w := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range min(len(g), len(w)) {
		if !bytes.Equal(g[i], w[i]) {
			t.Fatalf("%s: line %d differs:\n got %s\nwant %s", what, i+1, g[i], w[i])
		}
	}
	t.Fatalf("%s: %d lines, want %d", what, len(g), len(w))
}
